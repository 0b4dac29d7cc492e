"""What stands beside an operator in a condition: an attribute of the call, or a constant."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from tenantctl.cedar.statement import Tree

Pattern = tuple[str | None, ...]
"""A `like` pattern: characters, and None for the wildcard."""


# Python reads more (`NaN`, `1e9999999`). Cedar reads less, and fails on the rest, on every call.
# https://docs.cedarpolicy.com/policies/syntax-datatypes.html#datatype-decimal
_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?")


class Kind(StrEnum):
    """Where an attribute stands in a call."""

    SUBJECT = "subject"  # the token's `sub`, as `principal` or `principal.id`
    CLAIM = "claim"
    INPUT = "input"


@dataclass(frozen=True, slots=True, order=True)
class Attribute:
    """One thing that conditions read; `path` is a claim's name, or an input's with its parts."""

    kind: Kind
    path: tuple[str, ...] = ()


SUBJECT = Attribute(Kind.SUBJECT)


def attribute_of(tree: Tree) -> Attribute | None:
    """The attribute that an expression reads; None for any other expression."""
    if "getTag" in tree:
        of, name = tree["getTag"]["left"], literal_of(tree["getTag"]["right"])
        if of == {"Var": "principal"} and isinstance(name, str):
            return Attribute(Kind.CLAIM, (name,))
        return None
    if tree in ({"Var": "principal"}, {".": {"left": {"Var": "principal"}, "attr": "id"}}):
        return SUBJECT
    path = input_path(tree)
    return Attribute(Kind.INPUT, path) if path else None


def input_path(tree: Tree) -> tuple[str, ...] | None:
    """The parts below `context.input`; none of them for itself, None for anything else."""
    parts: list[str] = []
    while "." in tree:
        if tree == {".": {"left": {"Var": "context"}, "attr": "input"}}:
            return tuple(reversed(parts))
        parts.append(tree["."]["attr"])
        tree = tree["."]["left"]
    return None


def literal_of(tree: Tree) -> str | int | bool | Decimal | frozenset[Any] | None:
    """A constant's value, an entity's id; None for what isn't one of the kinds that are cut."""
    if "Value" in tree:
        value = tree["Value"]
        if isinstance(value, dict):
            entity = value.get("__entity")
            return None if entity is None else str(entity["id"])
        return value if isinstance(value, str | int) else None
    if "Set" in tree:
        found = [literal_of(element) for element in tree["Set"]]
        return None if None in found else frozenset(found)
    if "decimal" in tree:
        text = tree["decimal"][0].get("Value")
        return Decimal(text) if isinstance(text, str) and _DECIMAL.fullmatch(text) else None
    return None


def is_constant(tree: Tree) -> bool:
    """Whether the expression is one that `literal_of` reads."""
    return literal_of(tree) is not None


def pattern_of(parts: Iterable[Any]) -> Pattern:
    """The pattern of a `like`, from its parts in policy JSON."""
    out: list[str | None] = []
    for part in parts:
        if part == "Wildcard":
            out.append(None)
        else:
            out.extend(part["Literal"])
    return tuple(out)
