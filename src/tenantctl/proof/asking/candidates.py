"""Candidates for a witness: two tenants and the texts of a request, friendly names first.

A candidate fulfils the constraints that were collected; as some were left out, the evaluator has
the last word on each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice, product
from types import MappingProxyType

from tenantctl.proof.asking.question import Asker, Target, asks, of_variable, values_in
from tenantctl.proof.asking.values import TENANT, USER, Values
from tenantctl.proof.automata.dfa import Dfa
from tenantctl.proof.automata.letters import Alphabet
from tenantctl.proof.automata.parses import Parse
from tenantctl.proof.automata.shape import Form, Slot, Wild
from tenantctl.proof.friendly import NAMESAKES, SHORTEST, USERS, completed, filled, tenants
from tenantctl.proof.ways.constraint import Cube, Match, Track, Value

_NOTHING: Mapping[str, str] = MappingProxyType({})
_WORDS = 4
_PARSES = 60
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
            for tenant in dict.fromkeys(self._spelled(cube, target)):
                yield from self._of_parses(cube, target, {TENANT: tenant})
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
        theirs += [self.alphabet.word(w) for w in self.asker.owner.of(TENANT).words(SHORTEST)]
        for tenant in tenants(self.asker, narrowed):
            yield from ((tenant, other) for other in theirs)

    def _named(self, cube: Cube, target: Target) -> Iterator[tuple[str, str]]:
        """Pairs whose first tenant is spelled out by the resource itself."""
        for tenant in self._spelled(cube, target):
            yield from ((tenant, other) for _, other in NAMESAKES)

    def _spelled(self, cube: Cube, target: Target) -> Iterator[str]:
        """Tenants that the resource's name spells out, where a policy's text has the tag in it."""
        values = self.asker.actor.all(values_in(cube))
        if any(dfa.empty for dfa in values.values()) or not asks(cube, Track.RESOURCE):
            return
        places = self.asker.owner.places
        product = self.asker.product(cube, Track.RESOURCE, target.resources, places, values)
        for parse in product.parses(self.alphabet, _WORDS):
            yield from (value for name, value in parse.actor if name == TENANT)

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
            chosen = completed(self.asker, friendly, narrowed)
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
                chosen = (
                    None
                    if found is None
                    else completed(self.asker, {**found, **friendly}, narrowed)
                )
                if chosen is None:
                    continue
                for resource in self._resources(cube, target, self.asker.actor.words(chosen)):
                    yield Candidate(chosen, tier, theirs, parse.word, parse.whole, resource)

    def _of_parses(
        self, cube: Cube, target: Target, known: Mapping[str, str] = _NOTHING
    ) -> Iterator[Candidate]:
        """Candidates from the words on which the two readings come apart."""
        narrowed = values_in(cube)
        values = self.asker.actor.all(narrowed) | self.asker.actor.words(known)
        for tier, form in target.owners:
            product = self.asker.product(
                cube, Track.WORD, (form,), self.asker.owner.all(()), values, prefix=target.prefix
            )
            for parse in product.parses(self.alphabet, _PARSES):
                yield from self._of_parse(parse, tier, cube, target, known)

    def _of_parse(
        self, parse: Parse, tier: str, cube: Cube, target: Target, known: Mapping[str, str]
    ) -> Iterator[Candidate]:
        actor, owner = _one_each((*known.items(), *parse.actor)), _one_each(parse.owner)
        if actor is None or owner is None or actor.get(TENANT) == owner.get(TENANT):
            return
        if TENANT not in owner:  # the prefix ends before it
            return
        for chosen in filled(self.asker, actor, owner[TENANT], values_in(cube)):
            for resource in self._resources(cube, target, self.asker.actor.words(chosen)):
                yield Candidate(chosen, tier, owner, parse.word, parse.whole, resource)

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
        ours = {slot for c in cube if isinstance(c, Match) for f in c.forms for slot in _slots(f)}
        used = {slot for _, form in target.owners for slot in _slots(form)}
        mine = [
            self._short(self.asker.actor, name, narrowed, few=name not in ours)
            for name in (TENANT, USER)
        ]
        theirs = [
            self._short(self.asker.owner, name, (), few=name not in used) for name in (TENANT, USER)
        ]
        for t, s, u, r in islice(product(*mine, *theirs), _MOST_COMBINED):
            chosen = None if t == u else completed(self.asker, {TENANT: t, USER: s}, narrowed)
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

    def _short(
        self, side: Values, name: str, narrowed: tuple[Value, ...], *, few: bool
    ) -> list[str]:
        """Its shortest values; where no text holds it (`few`), any two of them."""
        most = 2 if few else SHORTEST + 2
        words = side.of(name, of_variable(name, narrowed)).words(most)
        return [self.alphabet.word(word) for word in words]


def _slots(form: Form) -> Iterator[str]:
    return (part.name for part in form if isinstance(part, Slot))


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
