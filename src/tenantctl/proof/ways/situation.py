"""One situation of a request: what of its context is fixed, what a tag fills, what is open.

Conditions and resources of policies are turned into constraints here, with IAM's rules for keys
that are absent, that have several values, and for variables without a value
(`iam/conditions/condition.py` is the same for concrete requests).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tenantctl.iam.conditions.comparison import Arn, Comparison, Exact, Folded, Like, Truth
from tenantctl.iam.conditions.condition import Condition, Null
from tenantctl.iam.conditions.operators import Quantifier
from tenantctl.iam.pattern import Pattern, Variable
from tenantctl.iam.policy import Resources, Statement
from tenantctl.iam.request import Principal
from tenantctl.proof.automata.shape import Form, Slot, Wild
from tenantctl.proof.ways.constraint import (
    FALSE,
    OPEN,
    TRUE,
    Constraint,
    Cube,
    Match,
    Outcome,
    Track,
    Unlike,
    Value,
    all_of,
    certain,
)


@dataclass(frozen=True, slots=True)
class Situation:
    """Who asks, and what the context holds; all keys are in lower case.

    `known` keys have these values, `slots` the value of a variable of the session, `word` is the
    key that names the owner (`""` where none does), `open` keys may be anything or absent; all
    other keys are absent.

    `resource` is `None` where it is the word itself, or one of many (`several`). With
    `companions` the word is one of several values, the others chosen by the caller.
    """

    caller: Principal
    known: Mapping[str, tuple[str, ...]]
    slots: Mapping[str, str]
    word: str = ""
    open: frozenset[str] = frozenset()
    resource: str | None = None
    several: bool = False
    companions: bool = False
    _context: dict[str, tuple[str, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Stand-ins for what has some value: whether a variable resolves depends on no more.
        stand_ins = dict.fromkeys((*self.slots, *([self.word] if self.word else ())), ("x",))
        object.__setattr__(self, "_context", {**stand_ins, **self.known})

    def applies(self, statement: Statement) -> Cube | None:
        """What must be so for a statement to apply to the request; `None` if it can't."""
        return all_of(self._outcomes(statement))

    def spares(self, statement: Statement) -> tuple[Cube, ...]:
        """The ways in which a Deny doesn't apply: one of these must be so."""
        if statement.principals is not None and not statement.principals.denies(self.caller):
            return (frozenset(),)
        return tuple(o.fails for o in self._outcomes(statement) if o.fails is not None)

    def _outcomes(self, statement: Statement) -> list[Outcome]:
        found = [self.condition(c) for c in statement.conditions]
        if statement.resources is not None:
            found.append(self._resources(statement.resources))
        return found

    def _resources(self, element: Resources) -> Outcome:
        variables = [v for p in element.patterns for v in p.variables]
        if self.resource is not None and not self._undecided(variables):
            return certain(answer=element.cover(self.resource, self._context))
        track = Track.RESOURCE if self.several or self.resource is not None else Track.WORD
        resolvable = self._resolvable(variables)
        matched = self._match(track, element.patterns, (), fold=False)
        return _negated(matched, resolvable=resolvable) if element.negated else matched

    def condition(self, condition: Condition | Null) -> Outcome:
        """What a condition asks of the request."""
        key = condition.key
        if key in self.open:
            return OPEN
        if isinstance(condition, Null):
            return certain(answer=condition.holds(self._context))
        if key == self.word and self.word:
            return self._of_word(condition)
        if key in self.slots:
            return self._of_value(condition, self.slots[key])
        variables = variables_of(condition.comparison)
        undecided = (
            self._undecided(variables)
            if key in self.known
            else condition.negated and self._resolvable(variables) is None
        )
        if undecided:
            return OPEN
        return certain(answer=condition.holds(self._context))

    def _of_word(self, condition: Condition) -> Outcome:
        made = self._compared(condition, Track.WORD)
        if not self.companions:
            return made
        match condition.quantifier:
            case Quantifier.ALL:
                return Outcome(made.holds, frozenset())
            case Quantifier.ANY:
                return Outcome(frozenset(), made.fails)
        return certain(answer=condition.doubt)

    def _of_value(self, condition: Condition, variable: str) -> Outcome:
        if self._undecided(variables_of(condition.comparison)):
            return OPEN
        return self._compared(condition, variable)

    def _compared(self, condition: Condition, subject: Track | str) -> Outcome:
        """One value, present, against the condition's values."""
        comparison = condition.comparison
        texts: Iterable[str] = ()
        if isinstance(comparison, Exact | Folded):
            texts = comparison.texts
        elif not isinstance(comparison, Like):
            return OPEN
        fold = isinstance(comparison, Folded)
        matched = self._match(subject, comparison.patterns, texts, fold=fold)
        if condition.negated:
            return _negated(matched, resolvable=self._resolvable(variables_of(comparison)))
        return matched

    def _match(
        self, subject: Track | str, patterns: Iterable[Pattern], texts: Iterable[str], *, fold: bool
    ) -> Outcome:
        forms: set[Form] = {(text,) if text else () for text in texts}
        exact = True
        for pattern in patterns:
            made = self._form(pattern)
            if made is None:
                continue
            exact = exact and self._is_exact(pattern)
            forms.add(made)
        if not forms:
            return FALSE
        if (Wild.ANY,) in forms:
            return TRUE if exact else OPEN
        constant = exact and not any(isinstance(p, Slot) for form in forms for p in form)
        holds: Constraint
        fails: Cube = frozenset()
        if isinstance(subject, Track):
            holds = Match(subject, frozenset(forms), fold=fold)
            without = frozenset(f for f in forms if not any(isinstance(p, Slot) for p in f))
            if without and exact:
                fails |= {Match(subject, without, admitted=False, fold=fold)}
            if len(without) < len(forms) and exact:
                fails |= {Unlike(subject, frozenset(forms), fold)}
        else:
            holds = Value(subject, frozenset(forms), fold=fold)
            if constant:
                fails = frozenset({Value(subject, frozenset(forms), admitted=False, fold=fold)})
        return Outcome(frozenset({holds}), fails)

    def _form(self, pattern: Pattern) -> Form | None:
        """The pattern with what is known filled in; `None` if a variable has no value."""
        parts: list[str | Wild | Slot] = []
        for number, segment in enumerate(pattern.segments):
            if number:
                parts.append(Wild.ANY)
            for index, piece in enumerate(segment):
                if index:
                    parts.append(Wild.ONE)
                for part in piece:
                    made = part if isinstance(part, str) else self._filled(part)
                    if made is None:
                        return None
                    parts.append(made)
        return _joined(parts)

    def _filled(self, variable: Variable) -> str | Wild | Slot | None:
        if variable.key in self.slots:
            return Slot(self.slots[variable.key])
        if self._is_open(variable):
            return Wild.ANY
        return variable.resolve(self.known)

    def _is_open(self, variable: Variable) -> bool:
        return variable.key in self.open or variable.key == self.word

    def _is_exact(self, pattern: Pattern) -> bool:
        return not any(self._is_open(v) for v in pattern.variables)

    def _undecided(self, variables: Iterable[Variable]) -> bool:
        return any(v.key in self.slots or self._is_open(v) for v in variables)

    def _resolvable(self, variables: Iterable[Variable]) -> bool | None:
        """Whether all variables have values; `None` if that is open."""
        answers = [
            None if v.key in self.open else v.resolve(self._context) is not None for v in variables
        ]
        if False in answers:
            return False
        return None if None in answers else True


def variables_of(comparison: Comparison) -> tuple[Variable, ...]:
    """The variables in the values of a condition."""
    if isinstance(comparison, Exact | Like | Folded | Truth):
        return tuple(v for p in comparison.patterns for v in p.variables)
    if isinstance(comparison, Arn):
        return tuple(v for p in comparison.patterns for f in p.fields for v in f.variables)
    return ()


def _negated(matched: Outcome, *, resolvable: bool | None) -> Outcome:
    """`NotLike` and `NotResource`: no match, and every variable has a value."""
    if resolvable is False:
        return FALSE
    if resolvable is None:
        return Outcome(matched.fails, frozenset())
    return matched.inverted()


def _joined(parts: list[str | Wild | Slot]) -> Form:
    out: list[str | Wild | Slot] = []
    for part in parts:
        if part == "" or (part is Wild.ANY and out and out[-1] is Wild.ANY):
            continue
        if isinstance(part, str) and out and isinstance(out[-1], str):
            out[-1] += part
        else:
            out.append(part)
    return tuple(out)
