"""One attribute's values, cut into regions in which no condition tells two of them apart."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import chain, combinations
from typing import Any

from tenantctl.cedar.regions.likes import witnesses
from tenantctl.cedar.regions.mentions import DECIMALS, Asks, Beyond, Mention
from tenantctl.cedar.regions.operand import SUBJECT, Attribute, Kind, Pattern

MAX_ELEMENTS = 6
"""Members of a set that are told apart: each doubles the regions."""

_LONG = (-(2**63), 2**63 - 1)
_SHARED = "same"
_SUBJECT = "00000000-0000-4000-8000-000000000000"


class Form(StrEnum):
    """What a region's values are."""

    ABSENT = "absent"
    NUMBERS = "numbers"  # from `low` to `high`, both inclusive
    TEXT = "text"  # exactly this string
    OTHER = "other"  # any string that isn't named
    FLAG = "flag"
    MEMBERS = "members"  # a set
    RECORD = "record"  # there, whatever it holds


@dataclass(frozen=True, slots=True)
class Region:
    """Values that no condition tells apart, and one of them.

    `low` and `high` are the ends of numbers, None for as far as numbers go; `matching` are the
    patterns that an unnamed string matches, as they are written.
    """

    form: Form
    value: Any = None
    low: int | Decimal | None = None
    high: int | Decimal | None = None
    matching: tuple[str, ...] = ()


ABSENT = Region(Form.ABSENT)


@dataclass(frozen=True, slots=True)
class Axis:
    """An attribute with all its regions, in order; every value lies in exactly one."""

    attribute: Attribute
    regions: tuple[Region, ...]


def axis(
    attribute: Attribute, asked: Sequence[Mention], declared: Mapping[str, Any] | None
) -> tuple[Axis, tuple[Beyond, ...]]:
    """The attribute's regions, and what they aren't exact for.

    `declared` is the input's JSON Schema. Values are of the declared type and of those that the
    conditions ask for; without either they are strings.
    """
    wanted: dict[Asks, list[Any]] = {}
    for mention in asked:
        wanted.setdefault(mention.asks, []).append(mention.value)
    kind = _declared_kind(attribute, declared)
    if Asks.COMPARED in wanted:
        shared = {"integer": (Asks.CUT, (0, 1)), "string": (Asks.TEXT, (_SHARED,))}
        asks, values = shared.get(kind or "string", (Asks.PRESENCE, ()))
        wanted.setdefault(asks, []).extend(values)
    beyond: list[Beyond] = []
    regions = list(_regions(attribute, kind, wanted, beyond))
    if attribute != SUBJECT:
        regions.insert(0, ABSENT)
    return Axis(attribute, tuple(regions)), tuple(beyond)


def _regions(
    attribute: Attribute,
    kind: str | None,
    wanted: Mapping[Asks, Sequence[Any]],
    beyond: list[Beyond],
) -> Iterator[Region]:
    asked = set(wanted)
    some = False
    if kind == "integer" or Asks.CUT in asked:
        some = True
        yield from _numbers(wanted.get(Asks.CUT, ()), 1)
    if kind == "number" or Asks.DECIMAL_CUT in asked:
        some = True
        yield from _numbers(wanted.get(Asks.DECIMAL_CUT, ()), DECIMALS)
    if kind == "boolean" or Asks.FLAG in asked:
        some = True
        yield from (Region(Form.FLAG, value=False), Region(Form.FLAG, value=True))
    if kind == "array" or Asks.MEMBER in asked:
        some = True
        yield from _sets(attribute, wanted.get(Asks.MEMBER, ()), beyond)
    if kind == "object":
        some = True
        yield Region(Form.RECORD, {})
    if kind == "string" or {Asks.TEXT, Asks.LIKE} & asked or not some:
        yield from _texts(
            attribute, set(wanted.get(Asks.TEXT, ())), set(wanted.get(Asks.LIKE, ())), beyond
        )


def _declared_kind(attribute: Attribute, declared: Mapping[str, Any] | None) -> str | None:
    if attribute.kind is not Kind.INPUT:
        return "string"
    return None if declared is None else declared.get("type")


def _numbers(cuts: Collection[int], scale: int) -> Iterator[Region]:
    """The stretches between cuts; a cut is the first number of the stretch after it."""
    lowest, highest = _LONG
    starts = [lowest, *sorted({cut for cut in cuts if lowest < cut <= highest})]
    for start, after in zip(starts, [*starts[1:], None], strict=True):
        end = highest if after is None else after - 1
        low = None if start == lowest else _number(start, scale)
        high = None if after is None else _number(end, scale)
        yield Region(Form.NUMBERS, _number(_inside(start, end), scale), low, high)


def _inside(start: int, end: int) -> int:
    """A number between, as small as possible: the one nearest to nought."""
    return min(max(start, 0), end)


def _number(value: int, scale: int) -> int | Decimal:
    return value if scale == 1 else Decimal(value) / scale


def _texts(
    attribute: Attribute, texts: set[str], likes: set[Pattern], beyond: list[Beyond]
) -> Iterator[Region]:
    yield from (Region(Form.TEXT, text) for text in sorted(texts))
    patterns = sorted(likes, key=written)
    named = sorted(texts)
    found = witnesses((*patterns, *map(tuple, named))) if patterns else None
    if patterns and found is None:
        beyond.append(Beyond(f"the patterns on `{called(attribute)}` taken together"))
        found = _each_alone(patterns, texts)
    if found is None:
        yield Region(Form.OTHER, _unlike(attribute, texts))
        return
    for accepted, text in sorted(found.items()):
        if not any(accepted[len(patterns) :]):
            matched = (written(p) for p, held in zip(patterns, accepted, strict=False) if held)
            yield Region(Form.OTHER, text, matching=tuple(matched))


def _each_alone(patterns: Sequence[Pattern], texts: set[str]) -> dict[tuple[bool, ...], str]:
    """Without a search: a string for each pattern, and one for none of them."""
    none = _fresh({"other"}, texts)
    found = {tuple(False for _ in patterns): none}
    for place, pattern in enumerate(patterns):
        text = "".join(letter for letter in pattern if letter is not None)
        if text not in texts:
            found[tuple(place == other for other in range(len(patterns)))] = text
    return found


def _unlike(attribute: Attribute, texts: set[str]) -> str:
    return _fresh({_SUBJECT} if attribute == SUBJECT else {"other"}, texts)


def _fresh(wished: Iterable[str], taken: Collection[str]) -> str:
    (text,) = wished
    while text in taken:
        text += "-"
    return text


def _sets(attribute: Attribute, members: Iterable[Any], beyond: list[Beyond]) -> Iterator[Region]:
    """Every subset of the named members, without and with another member."""
    # Python takes 1 for true, Cedar doesn't.
    named = [m for _, m in sorted({(repr(m), m) for m in members if m is not None})]
    if len(named) > MAX_ELEMENTS:
        beyond.append(Beyond(f"more than {MAX_ELEMENTS} members of `{called(attribute)}`"))
        named = named[:MAX_ELEMENTS]
    another: int | str = "other"
    if named and all(isinstance(member, int) for member in named):
        another = max(named) + 1
    while another in named:
        another = f"{another}-"
    every = chain.from_iterable(combinations(named, size) for size in range(len(named) + 1))
    for subset in every:
        yield Region(Form.MEMBERS, subset)
        yield Region(Form.MEMBERS, (*subset, another), matching=("other",))


def called(attribute: Attribute) -> str:
    """The attribute as people say it: a claim without `custom:`, an input's path with dots."""
    if attribute.kind is Kind.SUBJECT:
        return "user"
    return ".".join(attribute.path).removeprefix("custom:")


def written(pattern: Pattern) -> str:
    """The pattern as a policy writes it, without quotes."""
    return "".join("*" if part is None else r"\*" if part == "*" else part for part in pattern)
