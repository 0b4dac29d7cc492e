"""Regions, their representatives, and strings for patterns."""

from __future__ import annotations

from fnmatch import fnmatchcase
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenantctl.cedar.decide import Decider
from tenantctl.cedar.regions.boxes import Box, apart, cover, intersection, merged, same, without
from tenantctl.cedar.regions.likes import MAX_STATES, witnesses
from tenantctl.cedar.regions.space import ANOTHER_GATEWAY, Space, cut
from tenantctl.cedar.statement import parse

ARN = "arn:aws:bedrock-agentcore:us-east-1:123456789012:gateway/clinic-agent-basic"
CONTEXT = 'AgentCore::Action::"patient-context___patient_context"'


def space(*conditions: str, head: str = "") -> Space:
    here = f'resource == AgentCore::Gateway::"{ARN}"'
    scope = head or f"principal is AgentCore::OAuthUser, action == {CONTEXT}, {here}"
    texts = {f"p{n}": f"permit ({scope}) when {{ {c} }};" for n, c in enumerate(conditions)}
    return cut({name: parse(text, name) for name, text in texts.items()})


def values(condition: str, name: str) -> list[Any]:
    """What an input is in the calls, `...` where it is absent."""
    return [call.input.get(name, ...) for call in space(condition).calls()]


@pytest.mark.parametrize(
    ("condition", "name", "cut_into"),
    [
        ("context.input has patient_id", "patient_id", [..., "other"]),
        ("context.input.limit > 5", "limit", [..., 0, 6]),
        ("context.input.limit >= 5", "limit", [..., 0, 5]),
        ("5 > context.input.limit", "limit", [..., 0, 5]),
        ("context.input.limit == 5", "limit", [..., 0, 5, 6]),
        ("context.input.limit <= -5", "limit", [..., -5, 0]),
        ("[5, 6].contains(context.input.limit)", "limit", [..., 0, 5, 6, 7]),
        ("context.input.limit < 9223372036854775807", "limit", [..., 0, 2**63 - 1]),
        ("context.input.limit >= -9223372036854775808", "limit", [..., 0]),
        ('context.input.patient_id == "p"', "patient_id", [..., "p", "other"]),
        ('context.input.patient_id == "other"', "patient_id", [..., "other", "other-"]),
        ('context.input.patient_id like "a*"', "patient_id", [..., "", "a"]),
        ("context.input.request_hour >= 8", "request_hour", [..., -1, 0, 8, 24]),
        ("context.input.urgent", "urgent", [..., False, True]),
        (
            'context.input.tags.contains("a")',
            "tags",
            [..., [], ["other"], ["a"], ["a", "other"]],
        ),
        ("context.input.of has part", "of", [..., ..., {}, {"part": "other"}]),
    ],
)
def test_an_input_is_cut_at_every_constant(condition: str, name: str, cut_into: list[Any]) -> None:
    assert values(condition, name) == cut_into


def test_a_cell_for_each_action_and_gateway_that_a_policy_can_match() -> None:
    one = space("true")
    assert [(cell.action, cell.gateway) for cell in one.cells] == [
        ("patient-context___patient_context", ARN)
    ]
    group = space("true", head='principal, action in AgentCore::Action::"CallTool", resource')
    assert {cell.gateway for cell in group.cells} == {ANOTHER_GATEWAY}
    assert len(group.cells) == 5
    unknown = space("true", head='principal, action == AgentCore::Action::"x___y", resource')
    assert [cell.tool for cell in unknown.cells] == [None]


def test_one_call_of_each_region_tells_all() -> None:
    """Each condition here is true in some region, and false in some."""
    conditions = (
        "context.input.request_hour >= 8 && context.input.request_hour < 18",
        'principal.getTag("custom:role") like "n*e" && principal.getTag("custom:role") != "nurse"',
        'if context.input has patient_id then context.input.patient_id == "p" else false',
    )
    for condition in conditions:
        found = space(condition)
        text = f"permit (principal, action, resource) when {{ {condition} }};"
        verdicts = Decider({"p": text}).decide_all(list(found.calls()))
        assert {verdict.allowed for verdict in verdicts} == {True, False}
        assert found.beyond == ()


def test_too_many_regions_are_said_and_fewer_are_tried() -> None:
    sets = (f'context.input.s{n}.containsAll(["a", "b", "c", "d", "e"])' for n in range(4))
    found = space(" && ".join(sets))
    assert found.size > 10_000_000
    assert "more than 200000" in found.beyond[0]
    assert sum(1 for _ in found.cells[0].calls(limit=2_000)) == 2_000


LETTERS = "ab"
patterns = st.lists(
    st.text(alphabet=LETTERS + "*", max_size=4).map(
        lambda text: tuple(None if c == "*" else c for c in text)
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=60, deadline=None)
@given(patterns)
def test_there_is_a_string_for_every_way_to_match(likes: list[tuple[str | None, ...]]) -> None:
    """Every string up to six letters matches in a way that has been found, and none is made up."""
    written = ["".join("*" if part is None else part for part in like) for like in likes]
    found = witnesses(likes)
    assert found is not None
    for accepted, text in found.items():
        assert accepted == tuple(fnmatchcase(text, pattern) for pattern in written)
    for length in range(6):
        for letters in product("abz", repeat=length):
            text = "".join(letters)
            assert tuple(fnmatchcase(text, pattern) for pattern in written) in found


def test_a_search_that_never_ends_is_given_up() -> None:
    like = tuple(None if n % 2 == 0 else c for n, c in enumerate("*a*b*a*b*a*b*a*b*"))
    many = [tuple(c if c != "a" else x for c in like) for x in "abcdefgh"]
    assert witnesses(many) is None
    assert MAX_STATES < 100_000


boxes = st.lists(st.tuples(*(st.integers(1, 7) for _ in range(3))), max_size=5)


def points(some: list[Box]) -> set[tuple[int, ...]]:
    return {
        point
        for box in some
        for point in product(range(3), repeat=3)
        if all(mask >> place & 1 for mask, place in zip(box, point, strict=True))
    }


@settings(max_examples=80, deadline=None)
@given(boxes, boxes)
def test_boxes_are_sets_of_points(some: list[Box], others: list[Box]) -> None:
    assert points(intersection(some, others)) == points(some) & points(others)
    assert points(without(some, others)) == points(some) - points(others)
    assert same(some, others) == (points(some) == points(others))
    for remade in (apart(some), merged(some), cover(some, (7, 7, 7))):
        assert points(remade) == points(some)
    covered = cover(some, (7, 7, 7))
    assert all(points(covered) != points([b for b in covered if b != box]) for box in covered)
