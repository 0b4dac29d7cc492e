"""One question: can a session, in this way, touch what is another's? No, or with which words.

The answer "no" is a proof. Candidates are not yet witnesses: what could not be decided was left
out of the constraints, so each is put before the evaluator.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tenantctl.proof.constraint import Cube, Match, Track, Value
from tenantctl.proof.dfa import Dfa
from tenantctl.proof.letters import Alphabet
from tenantctl.proof.parses import Parse, Product
from tenantctl.proof.shape import Avoided, Form, Shape, Slot, Wild
from tenantctl.proof.values import TENANT, USER, Values

NAMESAKES = (
    ("clinic-1", "clinic-10"),
    ("clinic-10", "clinic-1"),
    ("clinic-a", "clinic-b"),
    ("clinic", "clinic-a"),
    ("clinic-a", "clinic"),
    ("clinic", "clinic/a"),
    ("Clinic-A", "clinic-a"),
    ("clinic1", "clinic10"),
    ("101", "102"),
)
"""Pairs of tenants that are tried first: witnesses are read by people."""

USERS = (
    "11111111-1111-4111-8111-111111111111",
    "22222222-2222-4222-8222-222222222222",
    "dr.smith",
    "u1",
)

_WORDS = 4
_PARSES = 60


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
class Candidate:
    """Two tenants, and the open texts of a request of the first."""

    values: Mapping[str, str]
    tier: str | None
    owner: Mapping[str, str]
    word: str | None
    whole: str | None
    resource: str | None


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
            self._proved[key] = self._separated(cube, target, loose=True) or self._separated(
                cube, target, loose=False
            )
        return self._proved[key]

    def candidates(self, cube: Cube, target: Target) -> Iterator[Candidate]:
        """What may be a breach, with friendly names first."""
        narrowed = _values(cube)
        tried: set[tuple[str, str]] = set()
        for tenant, other in (*NAMESAKES, *self._shortest(narrowed), *self._named(cube, target)):
            known = (tenant, other) not in tried
            tried.add((tenant, other))
            if known and self._possible(tenant, other, narrowed):
                yield from self._of_pair({TENANT: tenant}, {TENANT: other}, cube, target)
        if target.owners:
            yield from self._of_parses(cube, target)

    def _separated(self, cube: Cube, target: Target, *, loose: bool) -> bool:
        values = self.actor.all(_values(cube), loose=loose)
        if any(dfa.empty for dfa in values.values()):
            return True
        if _asks(cube, Track.RESOURCE):
            track = self._product(cube, Track.RESOURCE, target.resources, {}, values)
            if track.separated():
                return True
        if not target.owners:
            return False
        forms = tuple(form for _, form in target.owners)
        owner = self.owner.all((), loose=loose)
        product = self._product(cube, Track.WORD, forms, owner, values, target.prefix)
        return product.separated()

    def _product(  # noqa: PLR0913, PLR0917 - both sides of a product
        self,
        cube: Cube,
        track: Track,
        forms: tuple[Form, ...],
        owner: dict[str, Dfa],
        values: dict[str, Dfa],
        prefix: bool = False,
    ) -> Product:
        sides: list[Shape | Avoided] = []
        for match in cube:
            if not isinstance(match, Match) or match.track is not track:
                continue
            names = {p.name for form in match.forms for p in form if isinstance(p, Slot)}
            if match.fold and not all(self.actor.foldable(name) for name in names):
                continue
            shape = Shape(match.forms, values, self.alphabet, fold=match.fold)
            sides.append(shape if match.admitted else Avoided(shape))
        return Product(
            Shape(forms, owner, self.alphabet),
            sides,
            same=TENANT if track is Track.WORD else None,
            prefix=prefix,
        )

    def _possible(self, tenant: str, other: str, narrowed: tuple[Value, ...]) -> bool:
        return (
            tenant != other
            and self.actor.accepts(TENANT, tenant, narrowed)
            and self.owner.accepts(TENANT, other)
        )

    def _shortest(self, narrowed: tuple[Value, ...]) -> Iterator[tuple[str, str]]:
        """Pairs for formats that admit no friendly name."""
        mine = self.actor.all(narrowed)[TENANT].words(4)
        theirs = [other for _, other in NAMESAKES]
        theirs += [self.alphabet.word(w) for w in self.owner.all(())[TENANT].words(4)]
        for word in mine:
            yield from ((self.alphabet.word(word), other) for other in theirs)

    def _named(self, cube: Cube, target: Target) -> Iterator[tuple[str, str]]:
        """Pairs whose first tenant is spelled out by the resource itself."""
        values = self.actor.all(_values(cube))
        if any(dfa.empty for dfa in values.values()) or not _asks(cube, Track.RESOURCE):
            return
        product = self._product(cube, Track.RESOURCE, target.resources, {}, values)
        for parse in product.parses(self.alphabet, _WORDS):
            for name, value in parse.actor:
                if name == TENANT:
                    yield from ((value, other) for _, other in NAMESAKES)

    def _of_pair(
        self, values: Mapping[str, str], owner: Mapping[str, str], cube: Cube, target: Target
    ) -> Iterator[Candidate]:
        """Candidates for two given tenants."""
        narrowed = _values(cube)
        friendly = dict(values)
        user = next((u for u in USERS if self.actor.accepts(USER, u, narrowed)), None)
        if user is not None:
            friendly[USER] = user
        mine = self.actor.all(narrowed) | self.actor.words(friendly)
        theirs = self._owner_user(owner)
        if not target.owners:
            chosen = self._completed(friendly, narrowed)
            if chosen is not None:
                for resource in self._resources(cube, target, self.actor.words(chosen)):
                    yield Candidate(chosen, None, theirs, None, None, resource)
            return
        single = self.owner.all(()) | self.owner.words(theirs)
        for tier, form in target.owners:
            product = self._product(cube, Track.WORD, (form,), single, mine, target.prefix)
            for parse in product.parses(self.alphabet, _WORDS):
                found = _one_each(parse.actor)
                chosen = None if found is None else self._completed({**found, **friendly}, narrowed)
                if chosen is None:
                    continue
                for resource in self._resources(cube, target, self.actor.words(chosen)):
                    yield Candidate(chosen, tier, theirs, parse.word, parse.whole, resource)

    def _of_parses(self, cube: Cube, target: Target) -> Iterator[Candidate]:
        """Candidates from the words on which the two readings come apart."""
        narrowed = _values(cube)
        values = self.actor.all(narrowed)
        for tier, form in target.owners:
            product = self._product(
                cube, Track.WORD, (form,), self.owner.all(()), values, target.prefix
            )
            for parse in product.parses(self.alphabet, _PARSES):
                yield from self._of_parse(parse, tier, cube, target)

    def _of_parse(self, parse: Parse, tier: str, cube: Cube, target: Target) -> Iterator[Candidate]:
        actor, owner = _one_each(parse.actor), _one_each(parse.owner)
        if actor is None or owner is None or actor.get(TENANT) == owner.get(TENANT):
            return
        if TENANT not in owner:  # the prefix ends before it
            return
        if TENANT not in actor:
            names = (n for pair in NAMESAKES for n in pair if n != owner[TENANT])
            free = next((n for n in names if self.actor.accepts(TENANT, n, _values(cube))), None)
            if free is None:
                return
            actor |= {TENANT: free}
        chosen = self._completed(actor, _values(cube))
        if chosen is None:
            return
        for resource in self._resources(cube, target, self.actor.words(chosen)):
            yield Candidate(chosen, tier, owner, parse.word, parse.whole, resource)

    def _completed(
        self, values: Mapping[str, str], narrowed: tuple[Value, ...]
    ) -> dict[str, str] | None:
        """A value for every variable; `None` where one has none."""
        made = dict(values)
        for name in self.actor.formats:
            if name in made:
                continue
            mine = tuple(v for v in narrowed if v.variable == name)
            texts = (*USERS, *(n for pair in NAMESAKES for n in pair))
            friendly = next((u for u in texts if self.actor.accepts(name, u, mine)), None)
            if friendly is None:
                words = self.actor.of(name, mine).words(1)
                friendly = next((self.alphabet.word(w) for w in words), None)
            if friendly is None:
                return None
            made[name] = friendly
        return made

    def _owner_user(self, owner: Mapping[str, str]) -> dict[str, str]:
        user = next((u for u in reversed(USERS[:2]) if self.owner.accepts(USER, u)), None)
        return {**owner, USER: user} if user is not None and USER not in owner else dict(owner)

    def _resources(
        self, cube: Cube, target: Target, values: dict[str, Dfa]
    ) -> Iterator[str | None]:
        if not target.resources or not _asks(cube, Track.RESOURCE):
            yield next((_some(form) for form in target.resources), None)
            return
        product = self._product(cube, Track.RESOURCE, target.resources, {}, values)
        for parse in product.parses(self.alphabet, _WORDS):
            yield parse.word


def _some(form: Form) -> str:
    """A text of a form without slots."""
    return "".join(
        part if isinstance(part, str) else "any" if part is Wild.ONE else "" for part in form
    )


def _asks(cube: Cube, track: Track) -> bool:
    return any(isinstance(c, Match) and c.track is track for c in cube)


def _values(cube: Cube) -> tuple[Value, ...]:
    return tuple(c for c in cube if isinstance(c, Value))


def _one_each(found: tuple[tuple[str, str], ...]) -> dict[str, str] | None:
    """Each variable's one value; `None` where two occurrences differ."""
    made: dict[str, str] = {}
    for name, value in found:
        if made.setdefault(name, value) != value:
            return None
    return made
