"""Candidates for a witness: two tenants and the texts of a request, friendly names first.

A candidate fulfils the constraints that were collected; as some were left out, the evaluator has
the last word on each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice, product

from tenantctl.proof.constraint import Cube, Track, Value
from tenantctl.proof.dfa import Dfa
from tenantctl.proof.letters import Alphabet
from tenantctl.proof.parses import Parse
from tenantctl.proof.question import Asker, Target, asks, of_variable, values_in
from tenantctl.proof.shape import Form, Wild
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
_SHORTEST = 4
_MOST_COMBINED = 1_500


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
class Finder:
    """Finds candidates among an asker's values."""

    asker: Asker
    _met: dict[tuple[Cube, Target], tuple[list[Candidate], Iterator[Candidate]]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def candidates(self, cube: Cube, target: Target) -> Iterator[Candidate]:
        """What may be a breach, friendly names first; found once for actions that ask alike."""
        key = (cube, target)
        if key not in self._met:
            self._met[key] = ([], self._search(cube, target))
        known, more = self._met[key]
        yield from known
        for candidate in more:
            known.append(candidate)
            yield candidate

    @property
    def alphabet(self) -> Alphabet:
        """The alphabet of both sides."""
        return self.asker.alphabet

    def _search(self, cube: Cube, target: Target) -> Iterator[Candidate]:
        narrowed = values_in(cube)
        tried: set[tuple[str, str]] = set()
        for tenant, other in (*NAMESAKES, *self._shortest(narrowed), *self._named(cube, target)):
            known = (tenant, other) not in tried
            tried.add((tenant, other))
            if known and self._possible(tenant, other, narrowed):
                yield from self._of_pair({TENANT: tenant}, {TENANT: other}, cube, target)
        if target.owners:
            yield from self._of_parses(cube, target)
            yield from self._of_few(cube, target)

    def _possible(self, tenant: str, other: str, narrowed: tuple[Value, ...]) -> bool:
        return (
            tenant != other
            and self.asker.actor.accepts(TENANT, tenant, narrowed)
            and self.asker.owner.accepts(TENANT, other)
        )

    def _shortest(self, narrowed: tuple[Value, ...]) -> Iterator[tuple[str, str]]:
        """Pairs for formats that admit no friendly name."""
        theirs = [other for _, other in NAMESAKES]
        theirs += [self.alphabet.word(w) for w in self.asker.owner.of(TENANT).words(_SHORTEST)]
        for tenant in self._tenants(narrowed):
            yield from ((tenant, other) for other in theirs)

    def _tenants(self, narrowed: tuple[Value, ...]) -> Iterator[str]:
        """A few tenants that a session may have."""
        names = dict.fromkeys(name for pair in NAMESAKES for name in pair)
        yield from (n for n in names if self.asker.actor.accepts(TENANT, n, narrowed))
        words = self.asker.actor.all(narrowed)[TENANT].words(_SHORTEST)
        yield from (self.alphabet.word(word) for word in words)

    def _named(self, cube: Cube, target: Target) -> Iterator[tuple[str, str]]:
        """Pairs whose first tenant is spelled out by the resource itself."""
        values = self.asker.actor.all(values_in(cube))
        if any(dfa.empty for dfa in values.values()) or not asks(cube, Track.RESOURCE):
            return
        places = self.asker.owner.places
        product = self.asker.product(cube, Track.RESOURCE, target.resources, places, values)
        for parse in product.parses(self.alphabet, _WORDS):
            for name, value in parse.actor:
                if name == TENANT:
                    yield from ((value, other) for _, other in NAMESAKES)

    def _of_pair(
        self, values: Mapping[str, str], owner: Mapping[str, str], cube: Cube, target: Target
    ) -> Iterator[Candidate]:
        """Candidates for two given tenants."""
        narrowed = values_in(cube)
        friendly = dict(values)
        user = next((u for u in USERS if self.asker.actor.accepts(USER, u, narrowed)), None)
        if user is not None:
            friendly[USER] = user
        mine = self.asker.actor.all(narrowed) | self.asker.actor.words(friendly)
        theirs = self._owner_user(owner)
        if not target.owners:
            chosen = self._completed(friendly, narrowed)
            if chosen is not None:
                for resource in self._resources(cube, target, self.asker.actor.words(chosen)):
                    yield Candidate(chosen, None, theirs, None, None, resource)
            return
        single = self.asker.owner.all(()) | self.asker.owner.words(theirs)
        for tier, form in target.owners:
            product = self.asker.product(
                cube, Track.WORD, (form,), single, mine, prefix=target.prefix
            )
            for parse in product.parses(self.alphabet, _WORDS):
                found = _one_each(parse.actor)
                chosen = None if found is None else self._completed({**found, **friendly}, narrowed)
                if chosen is None:
                    continue
                for resource in self._resources(cube, target, self.asker.actor.words(chosen)):
                    yield Candidate(chosen, tier, theirs, parse.word, parse.whole, resource)

    def _of_parses(self, cube: Cube, target: Target) -> Iterator[Candidate]:
        """Candidates from the words on which the two readings come apart."""
        narrowed = values_in(cube)
        values = self.asker.actor.all(narrowed)
        for tier, form in target.owners:
            product = self.asker.product(
                cube, Track.WORD, (form,), self.asker.owner.all(()), values, prefix=target.prefix
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
            free = next((n for n in self._tenants(values_in(cube)) if n != owner[TENANT]), None)
            if free is None:
                return
            actor |= {TENANT: free}
        chosen = self._completed(actor, values_in(cube))
        if chosen is None:
            return
        for resource in self._resources(cube, target, self.asker.actor.words(chosen)):
            yield Candidate(chosen, tier, owner, parse.word, parse.whole, resource)

    def _completed(
        self, values: Mapping[str, str], narrowed: tuple[Value, ...]
    ) -> dict[str, str] | None:
        """A value for every variable; `None` where one has none."""
        made = dict(values)
        for name in self.asker.actor.formats:
            if name in made:
                continue
            mine = tuple(v for v in narrowed if v.variable == name)
            texts = (*USERS, *(n for pair in NAMESAKES for n in pair))
            friendly = next((u for u in texts if self.asker.actor.accepts(name, u, mine)), None)
            if friendly is None:
                words = self.asker.actor.of(name, mine).words(1)
                friendly = next((self.alphabet.word(w) for w in words), None)
            if friendly is None:
                return None
            made[name] = friendly
        return made

    def _owner_user(self, owner: Mapping[str, str]) -> dict[str, str]:
        user = next((u for u in reversed(USERS[:2]) if self.asker.owner.accepts(USER, u)), None)
        return {**owner, USER: user} if user is not None and USER not in owner else dict(owner)

    def _resources(
        self, cube: Cube, target: Target, values: dict[str, Dfa]
    ) -> Iterator[str | None]:
        if not target.resources or not asks(cube, Track.RESOURCE):
            yield next((_some(form) for form in target.resources), None)
            return
        places = self.asker.owner.places
        for form in target.resources:  # those that come first are the friendlier ones
            product = self.asker.product(cube, Track.RESOURCE, (form,), places, values)
            for parse in product.parses(self.alphabet, _WORDS):
                yield parse.word

    def _of_few(self, cube: Cube, target: Target) -> Iterator[Candidate]:
        """Candidates in which each variable has one short value, wherever it occurs."""
        narrowed = values_in(cube)
        mine = [self._short(self.asker.actor, name, narrowed) for name in (TENANT, USER)]
        theirs = [self._short(self.asker.owner, name, ()) for name in (TENANT, USER)]
        for t, s, u, r in islice(product(*mine, *theirs), _MOST_COMBINED):
            chosen = None if t == u else self._completed({TENANT: t, USER: s}, narrowed)
            if chosen is None:
                continue
            named = {TENANT: u, USER: r}
            actor, owner = self.asker.actor.words(chosen), self.asker.owner.words(named)
            for tier, form in target.owners:
                found = self.asker.product(
                    cube, Track.WORD, (form,), owner, actor, prefix=target.prefix
                )
                for parse in found.parses(self.alphabet, 1):
                    for resource in self._resources(cube, target, actor):
                        yield Candidate(chosen, tier, named, parse.word, parse.whole, resource)

    def _short(self, side: Values, name: str, narrowed: tuple[Value, ...]) -> list[str]:
        words = side.of(name, of_variable(name, narrowed)).words(_SHORTEST + 2)
        return [self.alphabet.word(word) for word in words]


def _some(form: Form) -> str:
    """A text of a form without slots."""
    return "".join(
        part if isinstance(part, str) else "any" if part is Wild.ONE else "" for part in form
    )


def _one_each(found: tuple[tuple[str, str], ...]) -> dict[str, str] | None:
    """Each variable's one value; `None` where two occurrences differ."""
    made: dict[str, str] = {}
    for name, value in found:
        if made.setdefault(name, value) != value:
            return None
    return made
