"""Who attacks whom."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantctl.domain.tenant import Tenant
from tenantctl.probes.pairs import Pair, nearest, pairs

IDS = st.text("abc-019", min_size=1, max_size=6)
TENANTS = st.lists(
    st.builds(Tenant, id=IDS, tier=st.sampled_from(["basic", "premium", "trial"])),
    unique_by=lambda t: t.id,
    max_size=40,
).map(tuple)


def clinics(*ids: str, tier: str = "basic") -> tuple[Tenant, ...]:
    return tuple(Tenant(i, tier) for i in ids)


@pytest.mark.parametrize(
    ("of", "others", "first"),
    [
        ("clinic-1", ["clinic-2", "clinic-10", "clinic-a"], "clinic-10"),
        ("clinic-10", ["clinic-11", "clinic-1", "clinic-00"], "clinic-1"),
        ("clinic", ["clinix", "clinic-and-far-longer"], "clinic-and-far-longer"),
        ("clinic-a", ["clinic-b", "hospital"], "clinic-b"),
    ],
)
def test_a_prefix_of_the_id_is_nearer_than_any_small_edit(
    of: str, others: list[str], first: str
) -> None:
    assert nearest(Tenant(of, "basic"), clinics(*others))[0].id == first


def test_a_prefix_is_found_among_many_that_sort_between() -> None:
    crowd = clinics("clinic", *(f"clinic-{n:03}" for n in range(500)))

    assert nearest(Tenant("clinic-499x", "basic"), crowd)[:2] == clinics("clinic-499", "clinic")


def test_the_nearest_namesake_is_attacked_first() -> None:
    all_of_them = clinics("clinic-1", "clinic-10", "other-1", "other-2")

    assert pairs(all_of_them, all_of_them[:1])[0] == Pair(all_of_them[0], all_of_them[1])


@given(TENANTS)
def test_every_tenant_attacks_one_of_each_tier_and_is_attacked(tenants: tuple[Tenant, ...]) -> None:
    found = pairs(tenants, tenants, all_attacked=True)

    for tenant in tenants:
        others = [t for t in tenants if t != tenant]
        owners = [p.owner for p in found if p.actor == tenant]
        assert {t.tier for t in others} <= {t.tier for t in owners}
        assert tenant not in owners
        assert not others or tenant in [p.owner for p in found]
    assert len(set(map(str, found))) == len(found)


@given(TENANTS, st.integers(0, 40))
def test_the_actors_named_are_the_only_ones(tenants: tuple[Tenant, ...], some: int) -> None:
    actors = tenants[:some]

    assert {p.actor.id for p in pairs(tenants, actors)} <= {t.id for t in actors}
