"""The ways through the documents: which statements together let a request pass, and when.

Each way is a cube, constraints that must all be so. It follows `iam/evaluate.py`: a Deny wins; an
identity policy, the boundary and the session policy must all allow; a resource policy may stand
in for some of them, and a trust policy must itself allow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from tenantctl.iam.evaluate import Policies
from tenantctl.iam.policy import Kind, Policy
from tenantctl.iam.principal import Reach
from tenantctl.proof.ways.constraint import Constraint, Cube, Unlike
from tenantctl.proof.ways.situation import Situation

_MOST_CUBES = 50_000
_MOST_BRANCHES = 512


class TooManyWaysError(Exception):
    """The statements combine in more ways than can be looked at."""


@dataclass(frozen=True, slots=True)
class Ways:
    """The cubes that let one action pass in one situation."""

    policies: Policies
    situation: Situation
    action: str
    crosses: bool = False

    def cubes(self) -> frozenset[Cube]:
        """Every way, without the Denies' refusals. Raises `TooManyWaysError`."""
        return self.spared(self.bases(), self.denials())

    def bases(self) -> frozenset[Cube]:
        """What the Allows ask, whatever is denied: every way is one of these, or less."""
        return frozenset(self._allowed())

    def denials(self) -> tuple[tuple[Cube, ...], ...]:
        """For each Deny the ways in which it doesn't apply, those with one way first."""
        found = (
            self.situation.spares(statement)
            for policy in self.policies.every
            for statement in policy.speaking_of(self.action)[1]
        )
        return tuple(sorted((ways for ways in found if frozenset() not in ways), key=len))

    def spared(
        self, cubes: frozenset[Cube], denials: tuple[tuple[Cube, ...], ...]
    ) -> frozenset[Cube]:
        """What is left of cubes when nothing denies.

        Where the ways would become too many a Deny is left out: that admits more, never less.
        """
        for ways in denials:
            if len(cubes) * len(ways) <= _MOST_BRANCHES or len(ways) <= 1:
                cubes = _spared(cubes, ways)
        return cubes

    def _allowed(self) -> Iterator[Cube]:
        own = self._allows(self.policies.identity)
        limits = _joined(
            self._allows((self.policies.boundary,)), self._allows((self.policies.session,))
        )
        granted: dict[Reach, set[Cube]] = {reach: set() for reach in Reach}
        resource = self.policies.resource
        if resource is not None and resource.kind is Kind.TRUST and not self._enters():
            resource = None
        for statement in resource.speaking_of(self.action)[0] if resource is not None else ():
            reach = statement.reach(self.situation.caller)
            cube = None if reach is None else self.situation.applies(statement)
            if reach is not None and cube is not None:
                granted[reach].add(cube)
        trust = resource is not None and resource.kind is Kind.TRUST
        if self.crosses or trust:
            anyhow = set().union(*granted.values())
            yield from _joined(_joined(own, limits), anyhow)
        else:
            yield from _joined(own, limits)
        if not self.crosses:
            yield from granted[Reach.DIRECT]
            yield from _joined(limits, granted[Reach.ROLE])

    def _enters(self) -> bool:
        """Whether a trust policy has a say: it speaks of entering the role, and of nothing else."""
        return self.action.lower().startswith("sts:")

    def _allows(self, policies: Iterable[Policy | None]) -> set[Cube]:
        """The cubes of the Allows; a policy that isn't attached limits nothing."""
        found: set[Cube] = set()
        for policy in policies:
            if policy is None:
                return {frozenset()}
            cubes = (self.situation.applies(s) for s in policy.speaking_of(self.action)[0])
            found.update(cube for cube in cubes if cube is not None)
        return found


def joined(some: Iterable[Cube], others: Iterable[Cube]) -> frozenset[Cube]:
    """Every pair of ways together."""
    return frozenset(_joined(some, others))


def _joined(some: Iterable[Cube], others: Iterable[Cube]) -> set[Cube]:
    found: set[Cube] = set()
    rest = tuple(others)
    for one in some:
        for other in rest:
            if not _contradict(one, other):
                found.add(one | other)
            if len(found) > _MOST_CUBES:
                raise TooManyWaysError
    return found


def _spared(cubes: frozenset[Cube], ways: tuple[Cube, ...]) -> frozenset[Cube]:
    """The cubes that a Deny spares; `ways` are those in which it doesn't apply."""
    found: set[Cube] = set()
    for cube in cubes:
        left = [way for way in ways if not _contradict(cube, way)]
        if len(left) > 1 and any(_decidable(way) <= cube for way in left):
            found.add(cube)
        else:
            found |= {cube | way for way in left}
        if len(found) > _MOST_CUBES:
            raise TooManyWaysError
    return frozenset(found)


def _decidable(way: Cube) -> Cube:
    """What is left of a way if nothing more is made of what can't be complemented."""
    return frozenset(constraint for constraint in way if not isinstance(constraint, Unlike))


def _contradict(one: Cube, other: Cube) -> bool:
    """Whether one asks for the opposite of what the other asks for."""
    few, many = sorted((one, other), key=len)
    return any(_opposed(constraint, many) for constraint in few) or any(
        isinstance(constraint, Unlike) and any(map(constraint.rules_out, few))
        for constraint in many
    )


def _opposed(constraint: Constraint, cube: Cube) -> bool:
    if isinstance(constraint, Unlike):
        return any(map(constraint.rules_out, cube))
    return replace(constraint, admitted=not constraint.admitted) in cube
