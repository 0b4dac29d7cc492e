"""What a condition asks of a call: every attribute that it reads, and the constants beside it.

Two calls that agree on all of these agree on the condition. Where that isn't so (two attributes
compared with each other, arithmetic, addresses and dates) the condition is `Beyond`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from tenantctl.cedar.regions.operand import (
    Attribute,
    Kind,
    attribute_of,
    input_path,
    is_constant,
    literal_of,
    pattern_of,
)
from tenantctl.cedar.statement import Tree, nodes

DECIMALS = 10_000
"""A Cedar decimal has four places: https://docs.cedarpolicy.com/policies/syntax-datatypes.html"""


class Asks(StrEnum):
    """What is asked of an attribute."""

    PRESENCE = "presence"
    TEXT = "text"  # equality with a string
    LIKE = "like"  # with a Pattern
    CUT = "cut"  # whole numbers from this one on, against those before
    DECIMAL_CUT = "decimal cut"  # the same in ten-thousandths
    FLAG = "flag"
    MEMBER = "member"  # whether a set holds this; None asks for emptiness alone
    COMPARED = "compared"  # with something that isn't constant


@dataclass(frozen=True, slots=True)
class Mention:
    """One question about one attribute."""

    attribute: Attribute
    asks: Asks
    value: Any = None


@dataclass(frozen=True, slots=True)
class Beyond:
    """Something that no finite set of constants decides, in words."""

    what: str


def mentions(tree: Tree) -> Iterator[Mention | Beyond]:
    """What the condition asks; `tree` is an expression of Cedar's policy JSON."""
    ((name, body),) = tree.items()
    if name in {"&&", "||", "!", "if-then-else"}:
        for part in body.values():
            yield from mentions(part)
    elif name in _READERS:
        yield from _READERS[name](name, body)
    elif (attribute := attribute_of(tree)) is not None:
        yield Mention(attribute, Asks.FLAG)
    elif name != "Value":
        yield from _beyond(tree, _NAMES.get(name, f"`{name}`"))


def _equality(_: str, body: Tree) -> Iterator[Mention | Beyond]:
    left, right = body["left"], body["right"]
    if _is_question(left) or _is_question(right):
        yield from mentions(left)
        yield from mentions(right)
        return
    yield from _against(left, right, body)


def _order(name: str, body: Tree) -> Iterator[Mention | Beyond]:
    left, right = body["left"], body["right"]
    if is_constant(left):
        left, right, name = right, left, _MIRRORED[name]
    attribute, limit = attribute_of(left), literal_of(right)
    if is_constant(left) and is_constant(right):
        return
    if attribute is None or not isinstance(limit, int) or isinstance(limit, bool):
        yield from _beyond(body, _comparison(left, right))
    else:
        yield Mention(attribute, Asks.CUT, limit + (name in {"<=", ">"}))


def _decimal_order(name: str, body: Tree) -> Iterator[Mention | Beyond]:
    left, right = body
    if is_constant(left):
        left, right, name = right, left, _MIRRORED[name]
    attribute, limit = attribute_of(left), literal_of(right)
    if is_constant(left) and is_constant(right):
        return
    if attribute is None or not isinstance(limit, Decimal):
        yield from _beyond(body, _comparison(left, right))
    else:
        after = name in {"lessThanOrEqual", "greaterThan"}
        yield Mention(attribute, Asks.DECIMAL_CUT, int(limit * DECIMALS) + after)


def _like(_: str, body: Tree) -> Iterator[Mention | Beyond]:
    attribute = attribute_of(body["left"])
    if attribute is not None:
        yield Mention(attribute, Asks.LIKE, pattern_of(body["pattern"]))
    elif not is_constant(body["left"]):
        yield from _beyond(body, "a pattern on something computed")


def _has(_: str, body: Tree) -> Iterator[Mention | Beyond]:
    base = body["left"]
    if base in ({"Var": "context"}, {"Var": "principal"}):
        return  # `input` and `id` are always there
    path = input_path(base)
    if path is None:
        yield from _beyond(body, "`has` on something computed")
    else:
        yield Mention(Attribute(Kind.INPUT, (*path, body["attr"])), Asks.PRESENCE)


def _has_tag(_: str, body: Tree) -> Iterator[Mention | Beyond]:
    attribute = attribute_of({"getTag": body})
    if attribute is None:
        yield from _beyond(body, "a claim whose name is computed")
    else:
        yield Mention(attribute, Asks.PRESENCE)


def _contains(_: str, body: Tree) -> Iterator[Mention | Beyond]:
    left, right = body["left"], body["right"]
    if "Set" in left:
        for element in left["Set"]:
            yield from _against(right, element, body)
    else:
        yield from _members(left, [right], body)


def _contains_several(_: str, body: Tree) -> Iterator[Mention | Beyond]:
    left, right = body["left"], body["right"]
    if "Set" in left:
        left, right = right, left
    if "Set" in right:
        yield from _members(left, right["Set"], body)
    else:
        yield from _beyond(body, _comparison(left, right))


def _is_empty(_: str, body: Tree) -> Iterator[Mention | Beyond]:
    yield from _members(body["arg"], [], body)


def _is_or_in(_: str, body: Tree) -> Iterator[Mention | Beyond]:
    left, within = body["left"], body.get("in", body.get("right"))
    if left == {"Var": "principal"}:
        for entity in _listed(within):
            yield from _against(left, entity, body)
    elif left not in _SETTLED or any(not is_constant(place) for place in _listed(within)):
        yield from _beyond(body, "a place in a hierarchy")


_READERS = {
    "==": _equality,
    "!=": _equality,
    **dict.fromkeys(("<", "<=", ">", ">="), _order),
    **dict.fromkeys(
        ("lessThan", "lessThanOrEqual", "greaterThan", "greaterThanOrEqual"), _decimal_order
    ),
    "like": _like,
    "has": _has,
    "hasTag": _has_tag,
    "contains": _contains,
    "containsAll": _contains_several,
    "containsAny": _contains_several,
    "isEmpty": _is_empty,
    "is": _is_or_in,
    "in": _is_or_in,
}

_SETTLED = ({"Var": "action"}, {"Var": "resource"})
"""Each is settled before conditions are asked."""

_MIRRORED = {
    "<": ">",
    "<=": ">=",
    ">": "<",
    ">=": "<=",
    "lessThan": "greaterThan",
    "greaterThan": "lessThan",
    "lessThanOrEqual": "greaterThanOrEqual",
    "greaterThanOrEqual": "lessThanOrEqual",
}

_VARYING = frozenset({"Var", "+", "-", "*", "neg"})

_NAMES = {
    **dict.fromkeys(("+", "-", "*", "neg"), "arithmetic"),
    **dict.fromkeys(("isInRange", "isIpv4", "isIpv6", "isLoopback", "isMulticast"), "an address"),
}


def _against(left: Tree, right: Tree, whole: Tree) -> Iterator[Mention | Beyond]:
    """Equality with a constant, which `right` is unless `left` is."""
    if is_constant(left):
        left, right = right, left
    if is_constant(left):
        return
    if left in _SETTLED:
        left, right = right, left
    if right in _SETTLED and (is_constant(left) or left in _SETTLED):
        return
    attribute, value = attribute_of(left), literal_of(right)
    if attribute is None or value is None:
        yield from _beyond(whole, _comparison(left, right))
    elif isinstance(value, bool):
        yield Mention(attribute, Asks.FLAG)
    elif isinstance(value, int):
        yield Mention(attribute, Asks.CUT, value)
        yield Mention(attribute, Asks.CUT, value + 1)
    elif isinstance(value, Decimal):
        yield Mention(attribute, Asks.DECIMAL_CUT, int(value * DECIMALS))
        yield Mention(attribute, Asks.DECIMAL_CUT, int(value * DECIMALS) + 1)
    elif isinstance(value, str):
        yield Mention(attribute, Asks.TEXT, value)
    else:
        yield from _members(left, right["Set"], whole)


def _members(left: Tree, elements: Iterable[Tree], whole: Tree) -> Iterator[Mention | Beyond]:
    attribute, values = attribute_of(left), [literal_of(element) for element in elements]
    if is_constant(left) and None not in values:
        return
    if attribute is None or not all(isinstance(value, str | int) for value in values):
        yield from _beyond(whole, "a set of what isn't constant")
        return
    yield Mention(attribute, Asks.MEMBER)
    for value in values:
        yield Mention(attribute, Asks.MEMBER, value)


def _beyond(tree: Tree, what: str) -> Iterator[Mention | Beyond]:
    """What isn't exact; its attributes still vary, some with a value in common.

    What reads nothing of the call is the same on every call, and Cedar's to compute; but arithmetic
    may fail, which the validator doesn't say.
    """
    if not any(_VARYING & set(node) for node in nodes(tree)):
        return
    yield Beyond(what)
    todo = [tree]
    while todo:
        node = todo.pop()
        attribute = attribute_of(node) if isinstance(node, dict) and len(node) == 1 else None
        if attribute is not None:
            yield Mention(attribute, Asks.COMPARED)
        elif isinstance(node, dict):
            todo.extend(node.values())
        elif isinstance(node, list):
            todo.extend(node)


def _is_question(tree: Tree) -> bool:
    (name,) = tree
    return name in _READERS or name in {"&&", "||", "!"}


def _listed(tree: Tree | None) -> list[Tree]:
    if tree is None:
        return []
    return list(tree["Set"]) if "Set" in tree else [tree]


def _comparison(left: Tree, right: Tree) -> str:
    first, second = (_called(side) for side in (left, right))
    return f"{first} compared with {second}"


def _called(tree: Tree) -> str:
    attribute = attribute_of(tree)
    if attribute is not None:
        return f"`{'.'.join(attribute.path) or 'sub'}`"
    (name,) = tree
    return "a constant" if is_constant(tree) else _NAMES.get(name, "something computed")
