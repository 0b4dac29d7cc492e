from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tenantctl.domain.names import Names
from tenantctl.domain.pool import (
    Bucket,
    Data,
    Identity,
    Memory,
    Pool,
    Roles,
    Table,
    Target,
    Tier,
)
from tenantctl.domain.template import Template, Variable
from tenantctl.errors import UsageError
from tenantctl.pool.layout_check import check_layout

Named = Callable[..., Names]

GOOD_PREFIXES = ("{tier}-tier/{tenant}/", "{tenant}/", "docs/{tenant}/{user}/", "{tier}-{tenant}/")
# Each leaks; domain facts 4 and 5 tell how.
BAD_PREFIXES = ("{tenant}", "{tier}-tier/{tenant}", "{tenant}-{user}/", "{tier}/", "{tenant}x")
GOOD_VALUES = (
    "{tenant}",
    "T#{tenant}",
    "{tier}/{tenant}/{user}",
    "{tenant}|{user}",
    "{tier}-{tenant}",
)
BAD_VALUES = ("{tier}-{tenant}-{user}", "{tenant}{user}", "{tenant}:{user}", "{tier}", "all")


def with_bucket(prefix: str) -> Data:
    return Data(buckets=(Bucket("documents", Template.parse(prefix)),))


def with_table(value: str) -> Data:
    return Data(tables=(Table("records", "pk", Template.parse(value)),))


@pytest.mark.parametrize(
    "data", [*map(with_bucket, GOOD_PREFIXES), *map(with_table, GOOD_VALUES)], ids=str
)
def test_a_layout_with_certain_ends_is_accepted(named: Named, data: Data) -> None:
    check_layout(named(data=data).pool)


@pytest.mark.parametrize(
    "data", [*map(with_bucket, BAD_PREFIXES), *map(with_table, BAD_VALUES)], ids=str
)
def test_a_layout_in_which_tenants_could_meet_is_refused(named: Named, data: Data) -> None:
    with pytest.raises(UsageError) as caught:
        check_layout(named(data=data).pool)
    assert caught.value.hint


def test_memories_are_checked_like_keys_and_prefixes(named: Named) -> None:
    good, bad = Template.parse("{tenant}/{user}"), Template.parse("{tenant}-{user}")
    path = Template.parse("{tenant}/")
    check_layout(named(data=Data(memories=(Memory("m", good, path),))).pool)
    with pytest.raises(UsageError, match="the actor of memory `m`"):
        check_layout(named(data=Data(memories=(Memory("m", bad, path),))).pool)
    with pytest.raises(UsageError, match="the namespace of memory `m`"):
        check_layout(named(data=Data(memories=(Memory("m", good, bad),))).pool)


PARTS = st.lists(
    st.one_of(st.sampled_from(list(Variable)), st.text("a-/#", min_size=1, max_size=2)),
    min_size=1,
    max_size=5,
).map(lambda parts: Template(tuple(parts)))
VALUE = st.text("a-", min_size=1, max_size=3)
IDENTITY = st.tuples(st.sampled_from(("basic", "premium")), VALUE, VALUE)


@settings(max_examples=500)
@given(template=PARTS, one=IDENTITY, other=IDENTITY)
def test_no_accepted_layout_lets_two_tenants_meet(
    template: Template, one: tuple[str, str, str], other: tuple[str, str, str]
) -> None:
    assume(one[1] != other[1])
    mine, theirs = (
        template.fill(tier=tier, tenant=tenant, user=user) for tier, tenant, user in (one, other)
    )
    tiers = {name: Tier(name, {}) for name in ("basic", "premium")}
    roles = Roles("agent", "tvm")
    pool = Pool("p", Target.LOCAL, "us-east-1", None, Identity(), roles, Data(), tiers)
    if _accepted(pool, Data(tables=(Table("t", "pk", template),))):
        assert mine != theirs
    if _accepted(pool, Data(buckets=(Bucket("b", template),))):
        for a, b in itertools.permutations((mine, theirs)):
            assert not a.startswith(b)


def _accepted(pool: Pool, data: Data) -> bool:
    try:
        check_layout(replace(pool, data=data))
    except UsageError:
        return False
    return True
