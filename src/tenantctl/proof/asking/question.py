"""One question: can a session, in this way, touch what is another's? No, or with which words.

The answer "no" is a proof. Candidates are not yet witnesses: what could not be decided was left
out of the constraints, so each is put before the evaluator.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import product as combinations_of

from tenantctl.proof.asking.values import TENANT, USER, Values
from tenantctl.proof.automata.dfa import Dfa, both
from tenantctl.proof.automata.letters import Alphabet
from tenantctl.proof.automata.parses import Product
from tenantctl.proof.automata.shape import Avoided, Form, Shape, Slot
from tenantctl.proof.ways.constraint import Cube, Match, Track, Unlike, Value, ordered

_FEW = 32
_COMBINED = 1_500


@dataclass(frozen=True, slots=True)
class Target:
    """What belongs to the owner.

    `owners` are the forms of its words, with the owner's tier; none of them means that the
    request takes in everybody's.
    `resources` are the forms of the resource where it is one of many, or names no owner.
    """

    owners: tuple[tuple[str, Form], ...] = ()
    resources: tuple[Form, ...] = ()
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class Asker:
    """Answers questions for one session's and one owner's values; answers are kept."""

    actor: Values
    owner: Values
    _proved: dict[object, bool] = field(default_factory=dict, repr=False, compare=False)

    @property
    def alphabet(self) -> Alphabet:
        """The alphabet of both sides."""
        return self.actor.alphabet

    def separated(self, cube: Cube, target: Target) -> bool:
        """Whether it is proved that nothing of another tenant is touched.

        Raises `TooLargeError` and `UnsupportedError`.
        """
        key = (cube, target)
        if key not in self._proved:
            self._proved[key] = (
                self._separated(cube, target, loose=True)
                or self._separated(cube, target, loose=False)
                or self._one_by_one(cube, target)
            )
        return self._proved[key]

    def _separated(self, cube: Cube, target: Target, *, loose: bool) -> bool:
        values = self.actor.all(values_in(cube), loose=loose)
        if any(dfa.empty for dfa in values.values()):
            return True
        if asks(cube, Track.RESOURCE):
            track = self.product(cube, Track.RESOURCE, target.resources, self.owner.places, values)
            if track.separated():
                return True
        if not target.owners:
            return False
        forms = tuple(form for _, form in target.owners)
        owner = self.owner.all((), loose=loose)
        product = self.product(cube, Track.WORD, forms, owner, values, prefix=target.prefix)
        return product.separated()

    def _one_by_one(self, cube: Cube, target: Target) -> bool:
        """The same for few values: each by itself, so that all occurrences of one agree."""
        if not target.owners:
            return False
        combined = self._few(cube, target)
        if combined is None:
            return False
        values, owner = self.actor.all(values_in(cube)), self.owner.all(())
        forms = tuple(form for _, form in target.owners)
        for mine, theirs in combined:
            others = owner | self.owner.words(theirs)
            if TENANT not in theirs:
                same = self.owner.words({TENANT: mine[TENANT]})[TENANT]
                others[TENANT] = both(owner[TENANT], same, without=True)
            all_ = values | self.actor.words(mine)
            product = self.product(cube, Track.WORD, forms, others, all_, prefix=target.prefix)
            if not product.apart().separated():
                return False
        return True

    def _few(
        self, cube: Cube, target: Target
    ) -> list[tuple[dict[str, str], dict[str, str]]] | None:
        """Every choice of the session's tenant, and of what else is few; `None` for too many."""
        narrowed = values_in(cube)
        used = {p.name for _, form in target.owners for p in form if isinstance(p, Slot)}
        sides: list[tuple[bool, str, tuple[str, ...]]] = []
        total = 1
        for mine, name in ((True, TENANT), (False, TENANT), (True, USER), (False, USER)):
            side, asked = (self.actor, narrowed) if mine else (self.owner, ())
            values = side.of(name, of_variable(name, asked))
            listed = None if not mine and name not in used else values.listed(_FEW)
            if name == TENANT and listed is not None and not self._literal(listed):
                # A representative stands for several tenants, which would count as one.
                listed = None
            if listed is not None and total * max(len(listed), 1) <= _COMBINED:
                total *= max(len(listed), 1)
                sides.append((mine, name, tuple(self.alphabet.word(w) for w in listed)))
            elif mine and name == TENANT:
                return None
        made: list[tuple[dict[str, str], dict[str, str]]] = []
        for chosen in combinations_of(*(words for _, _, words in sides)):
            actor: dict[str, str] = {}
            owner: dict[str, str] = {}
            for (mine, name, _), value in zip(sides, chosen, strict=True):
                (actor if mine else owner)[name] = value
            if actor[TENANT] != owner.get(TENANT):
                made.append((actor, owner))
        return made

    def _literal(self, words: Iterable[tuple[int, ...]]) -> bool:
        return all(self.alphabet.signs[n] in self.alphabet.literals for w in words for n in w)

    def product(  # noqa: PLR0913 - both sides of a product
        self,
        cube: Cube,
        track: Track,
        forms: tuple[Form, ...],
        owner: dict[str, Dfa],
        values: dict[str, Dfa],
        *,
        prefix: bool = False,
    ) -> Product:
        """The owner's forms beside all that a way asks of a track."""
        sides: list[Shape | Avoided] = []
        avoided: dict[bool, set[Form]] = {}
        unlike = [c for c in cube if isinstance(c, Unlike) and c.track is track]
        for match in ordered(cube):
            if not isinstance(match, Match) or match.track is not track:
                continue
            names = {p.name for form in match.forms for p in form if isinstance(p, Slot)}
            if match.fold and not all(self.actor.foldable(name) for name in names):
                continue
            if match.admitted:
                kept = match.forms.difference(
                    *(c.forms for c in unlike if c.fold or not match.fold)
                )
                meeting = kept if match.fold else _meeting(kept, forms, prefix=prefix)
                sides.append(Shape(meeting, values, self.alphabet, fold=match.fold))
            else:
                avoided.setdefault(match.fold, set()).update(match.forms)
        for fold, several in avoided.items():
            sides.append(Avoided(Shape(several, values, self.alphabet, fold=fold)))
        return Product(
            Shape(forms, owner, self.alphabet),
            sides,
            same=TENANT if track is Track.WORD else None,
            prefix=prefix,
        )


def _meeting(
    admitted: Iterable[Form], owners: tuple[Form, ...], *, prefix: bool
) -> tuple[Form, ...]:
    """The forms of which some word may be an owner's, by their literal ends alone.

    Most are of other resources, tiers or models: no automaton is needed to see that.
    """
    return tuple(
        form
        for form in admitted
        if any(
            _agree(_head(form), _head(owner))
            and (prefix or _agree(_tail(form)[::-1], _tail(owner)[::-1]))
            for owner in owners
        )
    )


def _head(form: Form) -> str:
    return form[0] if form and isinstance(form[0], str) else ""


def _tail(form: Form) -> str:
    return form[-1] if form and isinstance(form[-1], str) else ""


def _agree(one: str, other: str) -> bool:
    """Whether two texts are the same as far as both go."""
    return one.startswith(other) or other.startswith(one)


def asks(cube: Cube, track: Track) -> bool:
    """Whether a way asks anything of a track."""
    return any(isinstance(c, Match) and c.track is track for c in cube)


def values_in(cube: Cube) -> tuple[Value, ...]:
    """What a way asks of the session's variables."""
    return tuple(c for c in cube if isinstance(c, Value))


def of_variable(name: str, narrowed: tuple[Value, ...]) -> tuple[Value, ...]:
    """What is asked of one variable."""
    return tuple(v for v in narrowed if v.variable == name)
