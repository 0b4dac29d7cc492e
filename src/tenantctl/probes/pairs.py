"""Who attacks whom: nearest namesakes first, then one neighbour in every tier.

`clinic-1` and `clinic-10` are where a forgotten slash shows, so ids that are a prefix of one
another come first, then small edit distances. Distances are taken only within a window of the
sorted ids, so that a pool of thousands of tenants is paired within seconds.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tenantctl.domain.tenant import Tenant

NAMESAKES = 2
"""How many nearest namesakes every tenant attacks."""

_WINDOW = 12
"""How many neighbours on each side of the sorted ids are measured."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One tenant that tries to reach another's data."""

    actor: Tenant
    owner: Tenant


def pairs(
    tenants: Sequence[Tenant], actors: Sequence[Tenant], *, all_attacked: bool = False
) -> tuple[Pair, ...]:
    """The pairs to try, nearest namesakes of each actor first.

    Every actor attacks its namesakes, one other of its own tier and one of every other tier,
    where `tenants` has such. With `all_attacked`, every tenant is some actor's victim too.
    """
    found = [Pair(actor, owner) for actor in actors for owner in _owners(actor, tenants)]
    if all_attacked:
        attacked = {pair.owner.id for pair in found}
        for tenant in tenants:
            if tenant.id not in attacked:
                found += [Pair(near, tenant) for near in nearest(tenant, actors)[:1]]
    return tuple(found)


def nearest(tenant: Tenant, others: Iterable[Tenant]) -> tuple[Tenant, ...]:
    """Those of `others` near to `tenant` in the sorted ids, most easily mistaken first."""
    around = sorted((t for t in others if t.id != tenant.id), key=lambda t: t.id)
    at = bisect_left(around, tenant.id, key=lambda t: t.id)
    window = around[max(0, at - _WINDOW) : at + _WINDOW]
    seen = {t.id for t in window}
    # A prefix of the id may sort far before it: `clinic` … `clinic-a`, …, `clinic-z`.
    window += [t for t in around if t.id not in seen and tenant.id.startswith(t.id)]
    return tuple(sorted(window, key=lambda t: (*_distance(tenant.id, t.id), t.id)))


def _owners(actor: Tenant, tenants: Sequence[Tenant]) -> list[Tenant]:
    near = nearest(actor, tenants)
    chosen = list(near[:NAMESAKES])
    for tier in sorted({t.tier for t in tenants}, key=lambda name: (name != actor.tier, name)):
        if not any(t.tier == tier for t in chosen):
            of_tier = [t for t in tenants if t.tier == tier and t.id != actor.id]
            chosen += nearest(actor, of_tier)[:1]
    return chosen


def _distance(one: str, other: str) -> tuple[bool, int]:
    """Ids of which one starts with the other sort first; then by edit distance."""
    return not (one.startswith(other) or other.startswith(one)), _edits(one, other)


def _edits(one: str, other: str) -> int:
    """Levenshtein distance: insertions, deletions and replacements."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        previous, row[0] = row[0], i
        for j, b in enumerate(other, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (a != b))
    return row[-1]
