"""`policy diff` against brute force: over a dense grid of calls, no difference is missed or false.

Policies are drawn from what the renderer makes and from hand-written conditions of every kind that
the cut says it is exact for. Set TENANTCTL_LONG to draw many more.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import product
from typing import Any

from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from tenantctl.cedar.decide import ANOTHER_TOOL, IAM, Decider, ToolCall
from tenantctl.cedar.diff.changes import Part, parts
from tenantctl.cedar.diff.compare import compare
from tenantctl.cedar.diff.known import Known
from tenantctl.cedar.regions.axis import Axis, Form, Region
from tenantctl.cedar.regions.operand import Kind
from tenantctl.cedar.regions.space import ANOTHER_GATEWAY
from tenantctl.domain.tools import TOOLS, Tool

EXAMPLES = 3_000 if "TENANTCTL_LONG" in os.environ else 40

ARN = "arn:aws:bedrock-agentcore:us-east-1:123456789012:gateway/clinic-agent-"
KNOWN = Known(("basic", "premium"), gateways={f"{ARN}basic": "basic", f"{ARN}premium": "premium"})

ONE = Tool(
    "one",
    "",
    {
        "request_hour": {"type": "integer"},
        "request_weekday": {"type": "string"},
        "limit": {"type": "integer"},
        "kind": {"type": "string"},
        "full": {"type": "boolean"},
        "price": {"type": "number"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "of": {"type": "object", "properties": {"part": {"type": "integer"}}},
    },
    ("kind",),
)
TWO = Tool("two", "", ONE.properties)
SOME = {tool.name: tool for tool in (ONE, TWO)}

ALL = (ONE, TWO, ANOTHER_TOOL)

NOTHING: Any = object()

HOURS = (NOTHING, *range(-1, 26))
GRID: Mapping[str, Sequence[Any]] = {
    "tier": (NOTHING, "basic", "premium", "gold", ""),
    "role": (NOTHING, "nurse", "physician", "head nurse", "nurses", "porter", ""),
    "sub": ("u-1", "u-2", "v", "somebody"),
    "request_hour": HOURS,
    "request_weekday": (NOTHING, "mon", "fri", "sat", "sun", "Mon", ""),
    "limit": (NOTHING, -(2**63), -5, 0, 1, 2, 9, 10, 11, 49, 50, 51, 2**63 - 1),
    "kind": (NOTHING, "summary", "full", "fuller", "", "*", "a*b", "ab"),
    "full": (NOTHING, True, False),
    "price": (NOTHING, *map(Decimal, ("-1", "0", "1.4999", "1.5", "1.5001", "2"))),
    "tags": (NOTHING, [], ["a"], ["b"], ["a", "b"], ["c"], ["a", "c"], ["a", "b", "c"]),
    "of": (NOTHING, {}, {"part": 1}, {"part": 2}, {"part": 3}),
}
CLAIMS = {"tier": "custom:tier", "role": "custom:role"}


def tag(name: str) -> st.SearchStrategy[str]:
    claim = CLAIMS[name]
    values = [v for v in GRID[name] if isinstance(v, str) and v]
    has, get = f'principal.hasTag("{claim}")', f'principal.getTag("{claim}")'
    return st.one_of(
        st.just(has),
        st.sampled_from(values).map(lambda v: f'({has} && {get} == "{v}")'),
        st.sampled_from(values).map(lambda v: f'{get} != "{v}"'),
        st.lists(st.sampled_from(values), min_size=1, max_size=3).map(
            lambda vs: f"({has} && [{', '.join(map(quote, vs))}].contains({get}))"
        ),
        st.sampled_from(["n*", "*nurse", "*u*s*", "nurse", "p*r", "*"]).map(
            lambda p: f'{get} like "{p}"'
        ),
    )


def number(name: str, values: Sequence[int], path: str = "") -> st.SearchStrategy[str]:
    has, get = f"context.input has {path or name}", f"context.input.{path or name}"
    return st.one_of(
        st.just(has),
        st.builds(
            lambda op, v: f"({has} && {get} {op} {v})",
            st.sampled_from(["<", "<=", ">", ">=", "==", "!="]),
            st.sampled_from(values),
        ),
        st.builds(
            lambda op, v: f"{v} {op} {get}",
            st.sampled_from(["<", "<=", ">", ">=", "=="]),
            st.sampled_from(values),
        ),
        st.tuples(st.sampled_from(values), st.sampled_from(values)).map(
            lambda r: f"({has} && {get} >= {r[0]} && {get} < {r[1]})"
        ),
        st.lists(st.sampled_from(values), min_size=1, max_size=3).map(
            lambda vs: f"(!({has}) || {vs}.contains({get}))"
        ),
    )


def text(name: str, values: Sequence[str]) -> st.SearchStrategy[str]:
    has, get = f"context.input has {name}", f"context.input.{name}"
    return st.one_of(
        st.just(has),
        st.just(f"!({has})"),
        st.sampled_from(values).map(lambda v: f"({has} && {get} == {quote(v)})"),
        st.sampled_from(values).map(lambda v: f"{get} != {quote(v)}"),
        st.sampled_from(["*", "full*", "*l*", r"a\*b", r"\*", "a*b"]).map(
            lambda p: f'{get} like "{p}"'
        ),
        st.lists(st.sampled_from(values), min_size=1, max_size=3).map(
            lambda vs: f"(!({has}) || [{', '.join(map(quote, vs))}].contains({get}))"
        ),
    )


def quote(value: str) -> str:
    return f'"{value}"'


ATOMS: Mapping[str, st.SearchStrategy[str]] = {
    "tier": tag("tier"),
    "role": tag("role"),
    "sub": st.sampled_from(
        [
            'principal == AgentCore::OAuthUser::"u-1"',
            'principal in [AgentCore::OAuthUser::"u-1", AgentCore::OAuthUser::"v"]',
            'principal.id like "u-*"',
            "principal is AgentCore::IamEntity",
            'principal != AgentCore::IamEntity::"v"',
            'principal is AgentCore::OAuthUser in AgentCore::OAuthUser::"v"',
        ]
    ),
    "request_hour": number("request_hour", [0, 8, 9, 12, 17, 18, 20, 23, 24]),
    "request_weekday": text("request_weekday", ["mon", "fri", "sat"]),
    "limit": number("limit", [0, 1, 10, 50]),
    "kind": text("kind", ["summary", "full", "*"]),
    "full": st.sampled_from(
        ["context.input.full", "context.input has full", "(context.input.full == false)"]
    ),
    "price": st.sampled_from(
        [
            'context.input.price.lessThan(decimal("1.5"))',
            'context.input.price.greaterThanOrEqual(decimal("0"))',
            'decimal("1.5").lessThanOrEqual(context.input.price)',
            '(context.input has price && context.input.price == decimal("1.5"))',
        ]
    ),
    "tags": st.sampled_from(
        [
            'context.input.tags.contains("a")',
            'context.input.tags.containsAll(["a", "b"])',
            'context.input.tags.containsAny(["b"])',
            '["a", "b"].containsAll(context.input.tags)',
            "context.input.tags.isEmpty()",
            '(context.input has tags && context.input.tags == ["a"])',
        ]
    ),
    "of": number("of", [1, 2, 3], "of.part"),
}


def conditions(names: Sequence[str]) -> st.SearchStrategy[str]:
    atom = st.one_of(*(ATOMS[name] for name in names))
    return st.recursive(
        atom,
        lambda inner: st.one_of(
            st.tuples(inner, inner).map(lambda p: f"({p[0]} && {p[1]})"),
            st.tuples(inner, inner).map(lambda p: f"({p[0]} || {p[1]})"),
            inner.map(lambda c: f"!({c})"),
            st.tuples(inner, inner, inner).map(lambda p: f"(if {p[0]} then {p[1]} else {p[2]})"),
        ),
        max_leaves=5,
    )


def statements(names: Sequence[str]) -> st.SearchStrategy[str]:
    return st.builds(
        lambda effect, who, action, where, clauses: (
            f"{effect} ({who}, {action}, {where}) "
            + " ".join(f"{kind} {{ {body} }}" for kind, body in clauses)
            + ";"
        ),
        st.sampled_from(["permit", "permit", "forbid"]),
        st.sampled_from(
            ["principal is AgentCore::OAuthUser"] * 3
            + ["principal", 'principal == AgentCore::OAuthUser::"u-1"']
            + ["principal is AgentCore::IamEntity", 'principal == AgentCore::IamEntity::"u-1"']
        ),
        st.sampled_from(
            [
                'action == AgentCore::Action::"one___one"',
                'action in [AgentCore::Action::"one___one", AgentCore::Action::"two___two"]',
                "action",
            ]
        ),
        st.sampled_from(
            [f'resource == AgentCore::Gateway::"{ARN}basic"', "resource is AgentCore::Gateway"]
        ),
        st.lists(
            st.tuples(st.sampled_from(["when", "when", "unless"]), conditions(names)), max_size=2
        ),
    )


@st.composite
def sets_of_policies(
    draw: st.DrawFn,
) -> tuple[dict[str, str], dict[str, str], tuple[str, ...]]:
    chosen = draw(
        st.lists(st.sampled_from(sorted(GRID)), min_size=1, max_size=3, unique=True).map(sorted)
    )
    pool = draw(st.lists(statements(chosen), min_size=1, max_size=5))
    names = st.sets(st.integers(0, len(pool) - 1))
    old, new = ({f"p{number}": pool[number] for number in sorted(draw(names))} for _ in range(2))
    return old, new, tuple(chosen)


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="TENANTCTL_LONG" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(sets_of_policies())
def test_no_difference_is_missed_and_none_is_false(
    drawn: tuple[dict[str, str], dict[str, str], tuple[str, ...]],
) -> None:
    old, new, names = drawn
    note(f"{old}\n{new}")
    found, beyond = parts(old, new, SOME, KNOWN)
    assert beyond == ()
    assert len(compare(old, new, tools=SOME, known=KNOWN).differences) == len(found)
    calls = list(grid(names))
    before, after = (Decider(side).decide_all(calls) for side in (old, new))
    for call, was, will in zip(calls, before, after, strict=True):
        said = {part.allowed for part in found if holds(part, call)}
        assert said == ({will.allowed} if was.allowed != will.allowed else set()), call


def grid(names: Sequence[str]) -> Iterator[ToolCall]:
    """Every combination of the attributes' values, for each action at each gateway."""
    # What is no declared tool's has no declared inputs, whose values are of a known type.
    tools = ALL if {"tier", "role", "sub"}.issuperset(names) else (ONE, TWO)
    for values in product(*(GRID[name] for name in names)):
        there = {n: v for n, v in zip(names, values, strict=True) if v is not NOTHING}
        claims = {CLAIMS[name]: there.pop(name) for name in CLAIMS if name in there}
        sub = there.pop("sub", "somebody")
        for tool, gateway in product(tools, (f"{ARN}basic", f"{ARN}unheard-of")):
            yield ToolCall(claims, tool.action, gateway, there, sub)
            if not claims:
                yield ToolCall({}, tool.action, gateway, there, sub, IAM)


def holds(part: Part, call: ToolCall) -> bool:
    """Whether the call lies in the box, by what the regions say of themselves."""
    gateway = f"{ARN}unheard-of" if part.cell.gateway == ANOTHER_GATEWAY else part.cell.gateway
    where = (part.cell.caller, part.cell.action, gateway)
    return where == (call.caller, call.action, call.gateway) and all(
        mask >> place(axis, value_of(axis, call)) & 1
        for axis, mask in zip(part.cell.axes, part.box, strict=True)
    )


def value_of(axis: Axis, call: ToolCall) -> object:
    if axis.attribute.kind is Kind.SUBJECT:
        return call.sub
    inside: Any = call.claims if axis.attribute.kind is Kind.CLAIM else call.input
    for step in axis.attribute.path:
        if not isinstance(inside, Mapping) or step not in inside:
            return NOTHING
        inside = inside[step]
    return inside


def place(axis: Axis, value: object) -> int:
    named = {region.value for region in axis.regions if region.form is Form.TEXT}
    members = {m for r in axis.regions if r.form is Form.MEMBERS for m in r.value if m != "other"}
    patterns = {pattern for region in axis.regions for pattern in region.matching}
    (found,) = (
        number
        for number, region in enumerate(axis.regions)
        if within(region, value, named, members, patterns)
    )
    return found


def within(
    region: Region, value: object, named: set[str], members: set[str], patterns: set[str]
) -> bool:
    holds = False
    match region.form, value:
        case Form.ABSENT, _:
            holds = value is NOTHING
        case Form.FLAG, _:
            holds = value is region.value
        case Form.NUMBERS, int() | Decimal() if not isinstance(value, bool):
            low = region.low is None or region.low <= value
            holds = low and (region.high is None or value <= region.high)
        case Form.TEXT, str():
            holds = value == region.value
        case Form.OTHER, str() if value not in named:
            holds = set(region.matching) == {p for p in patterns if matches(p, value)}
        case Form.MEMBERS, list():
            other = {"other"} if set(value) - members else set()
            holds = set(value) & members | other == set(region.value)
        case Form.RECORD, Mapping():
            holds = True
    return holds


def matches(pattern: str, value: str) -> bool:
    pieces = re.split(r"(\\\*|\*)", pattern)
    regex = "".join(".*" if p == "*" else r"\*" if p == r"\*" else re.escape(p) for p in pieces)
    return re.fullmatch(regex, value, re.DOTALL) is not None


def test_the_grid_is_about_declared_inputs() -> None:
    assert set(GRID) - {"tier", "role", "sub"} == set(ONE.properties)
    assert TOOLS.keys().isdisjoint(SOME)
