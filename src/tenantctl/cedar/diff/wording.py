"""Regions of an axis in a few words: `hours 18-20`, `role nurse`, `without request_hour`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal

from tenantctl.cedar.regions.axis import Axis, Form, Region, called
from tenantctl.cedar.regions.operand import Kind
from tenantctl.cedar.statement import literal
from tenantctl.domain.clock import HOUR_INPUT, WEEKDAY_INPUT, WEEKDAYS

HOURS = 24
"""A clock shows 0 to 23."""

_IN_A_ROW = 3

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]*")


def phrase(axis: Axis, numbers: Sequence[int]) -> str | None:
    """What the regions `numbers` have in common; None when that is anything at all."""
    chosen = [axis.regions[number] for number in sorted(numbers)]
    if len(chosen) == len(axis.regions):
        return None
    name = called(axis.attribute)
    absent = any(region.form is Form.ABSENT for region in chosen)
    there = [region for region in chosen if region.form is not Form.ABSENT]
    every = [region for region in axis.regions if region.form is not Form.ABSENT]
    parts = []
    if len(there) == len(every):
        parts.append(f"with {name}")
    elif there:
        left = [region for region in every if region not in there]
        parts.extend(_positive(axis, name, there, left))
    if absent:
        parts.append(f"without {name}")
    return " or ".join(parts)


def quoted(value: object) -> str:
    """A value as it stands in a phrase: plain words bare, everything else as Cedar writes it."""
    if isinstance(value, str):
        return value if _PLAIN.fullmatch(value) else literal(value)
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def _positive(
    axis: Axis, name: str, there: Sequence[Region], left: Sequence[Region]
) -> Iterator[str]:
    numbers = [region for region in there if region.form is Form.NUMBERS]
    if numbers:
        yield from _numbers(axis, name, numbers)
    flags = [quoted(region.value) for region in there if region.form is Form.FLAG]
    if flags:
        yield f"{name} {' or '.join(flags)}"
    yield from (f"{name} {_set(region)}" for region in there if region.form is Form.MEMBERS)
    texts = [region for region in there if region.form in {Form.TEXT, Form.OTHER}]
    if texts:
        yield _texts(axis, name, texts, [one for one in left if one.form is Form.TEXT])


def _texts(axis: Axis, name: str, texts: Sequence[Region], left: Sequence[Region]) -> str:
    others = [region for region in texts if region.form is Form.OTHER]
    all_others = [region for region in axis.regions if region.form is Form.OTHER]
    named = [region.value for region in texts if region.form is Form.TEXT]
    days = axis.attribute.kind is Kind.INPUT and name == WEEKDAY_INPUT
    if not others:
        return f"on {_days(named)}" if days else f"{name} {_listed(named)}"
    if len(others) == len(all_others):
        excluded = [region.value for region in left]
        if days and excluded:
            return f"not on {_days(excluded)}"
        return f"{name} other than {_listed(excluded)}" if excluded else f"any {name}"
    return f"{name} {' or '.join([*map(quoted, named), *(_unnamed(axis, r) for r in others)])}"


def _listed(values: Sequence[str]) -> str:
    return ", ".join(map(quoted, values))


def _days(values: Sequence[str]) -> str:
    """Days of the week in its order, three and more in a row as from when to when."""
    week = [day for day in WEEKDAYS if day in values]
    first, last = (WEEKDAYS.index(week[end]) for end in (0, -1)) if week else (0, 0)
    if len(week) >= _IN_A_ROW and last - first == len(week) - 1:
        week = [f"{week[0]}-{week[-1]}"]
    return ", ".join([*week, *(quoted(value) for value in values if value not in WEEKDAYS)])


def _unnamed(axis: Axis, region: Region) -> str:
    every = sorted({p for other in axis.regions for p in other.matching})
    like = [f"like {literal(p)}" for p in every if p in region.matching]
    unlike = [f"not like {literal(p)}" for p in every if p not in region.matching]
    return " and ".join(like + unlike)


def _set(region: Region) -> str:
    members = [quoted(member) for member in region.value]
    if region.matching:
        members[-1] = "another"
    return f"of {', '.join(members)}" if members else "empty"


def _numbers(axis: Axis, name: str, regions: Sequence[Region]) -> Iterator[str]:
    """Whole numbers from an end to another; what lies on both sides of some, as outside of them."""
    clock = axis.attribute.kind is Kind.INPUT and axis.attribute.path == (HOUR_INPUT,)
    every = [region for region in axis.regions if region.form is Form.NUMBERS]
    hole = [region for region in every if region not in regions]
    if regions[0].low is None and regions[-1].high is None and hole:
        inside = [said for run in _runs(every, hole) for said in _run(name, run, clock=clock)]
        yield f"{'outside' if clock else 'not'} {' or '.join(inside)}"
        return
    for run in _runs(every, regions):
        yield from _run(name, run, clock=clock)


def _runs(every: Sequence[Region], chosen: Sequence[Region]) -> Iterator[list[Region]]:
    """The chosen ones, neighbours together."""
    run: list[Region] = []
    for region in every:
        if region in chosen:
            run.append(region)
        elif run:
            yield run
            run = []
    if run:
        yield run


def _run(name: str, run: Sequence[Region], *, clock: bool) -> Iterator[str]:
    low, high = run[0].low, run[-1].high
    if clock:
        yield from _hours(run)
    elif low is None and high is None:
        yield f"any {name}"
    else:
        yield f"{name} {_stretch(low, high)}"


def _hours(run: Sequence[Region]) -> Iterator[str]:
    """From when until when; the hours that no clock shows apart."""
    inside = [r for r in run if r.low is not None and r.high is not None and _shown(r.low, r.high)]
    if inside:
        until = max(int(region.high or 0) for region in inside) + 1
        yield f"hours {inside[0].low}-{until}"
    for low, high in ((r.low, r.high) for r in run if r not in inside):
        yield f"{HOUR_INPUT} {_stretch(low, high)}"


def _shown(low: int | Decimal, high: int | Decimal) -> bool:
    return low >= 0 and high < HOURS


def _stretch(low: int | Decimal | None, high: int | Decimal | None) -> str:
    if low is None or high is None:
        return f"up to {high}" if low is None else f"from {low}"
    return str(low) if low == high else f"{low} to {high}"
