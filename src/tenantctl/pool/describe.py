"""A plan in words, and as JSON values; pure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from tenantctl.pool.plan import Plan
from tenantctl.pool.step import Change, Field, Health, Part, Step

_SIGNS = {Change.ADOPT: "!", Change.CREATE: "+", Change.UPDATE: "~", Change.DELETE: "-"}
_DONE = {
    Change.ADOPT: "adopted",
    Change.CREATE: "created",
    Change.UPDATE: "updated",
    Change.DELETE: "deleted",
}
_WIDTH = 160
"""Values are cut here; JSON output has them whole."""


def lines(steps: Iterable[Step], *, fields: bool = True) -> Iterator[str]:
    """Each step with its reason, below it what changes: `+` comes, `-` goes, `~` becomes."""
    for step in steps:
        yield f"{_SIGNS[step.change]} {step.change} {step.resource}: {step.why}"
        for field in step.fields if fields else ():
            yield f"    {_field(field)}"


def summary(steps: tuple[Step, ...], *, done: bool = False) -> str:
    """How many steps of which kind; `done` when they were run."""
    if not steps:
        return "nothing to do"
    counts = [(sum(step.change is change for step in steps), change) for change in Change]
    form = _DONE if done else {change: f"to {change}" for change in Change}
    return ", ".join(f"{count} {form[change]}" for count, change in counts if count)


def steps_json(steps: Iterable[Step]) -> list[dict[str, object]]:
    """The steps as JSON values."""
    return [
        {
            "change": str(step.change),
            "resource": step.resource,
            "why": step.why,
            "fields": [
                {"name": field.name, "old": field.old, "new": field.new} for field in step.fields
            ],
        }
        for step in steps
    ]


def left_alone(parts: Iterable[Part]) -> Iterator[str]:
    """What isn't deleted, each with the reason: it isn't the pool's."""
    for part in parts:
        if part.claim is not None:
            yield f"  leave {part.resource}: {part.claim.why}"


def left_json(parts: Iterable[Part]) -> list[dict[str, str]]:
    """The same as JSON values."""
    return [{"resource": p.resource, "why": p.claim.why} for p in parts if p.claim is not None]


def rows(planned: Plan, pool: str) -> Iterator[tuple[str, str, str, str]]:
    """Kind, name, health and id of the pool and of each part; the names are drawn as a tree."""
    yield "pool", pool, _sum(planned), "-"
    yield from _branches(planned.parts, "")


def parts_json(parts: Iterable[Part]) -> list[dict[str, object]]:
    """Parts as JSON values, each with its own."""
    return [
        {
            "kind": part.kind,
            "name": part.name,
            "id": part.id,
            "health": str(part.health),
            "problems": list(part.reasons),
            "changes": steps_json(part.steps),
            "parts": parts_json(part.parts),
        }
        for part in parts
    ]


def _branches(
    parts: tuple[Part, ...], margin: str, above: str = ""
) -> Iterator[tuple[str, str, str, str]]:
    for part in parts:
        last = part is parts[-1]
        drawn = f"{margin}{'└─' if last else '├─'} {part.name.removeprefix(above)}"
        yield part.kind, drawn, _health(part), part.id or "-"
        yield from _branches(part.parts, f"{margin}{'   ' if last else '│  '}", f"{part.name}/")


def _sum(planned: Plan) -> str:
    counts = Counter(part.health for top in planned.parts for part in top.everything)
    wrong = [f"{counts[health]} {health}" for health in Health if health is not Health.OK]
    return ", ".join(text for text in wrong if not text.startswith("0 ")) or str(Health.OK)


def _health(part: Part) -> str:
    if part.reasons:
        return f"{part.health}: {'; '.join(part.reasons)}"
    if part.id is None or not part.steps:
        return str(part.health)
    return f"{part.health}: {', '.join(f.name for step in part.steps for f in step.fields)}"


def _field(field: Field) -> str:
    if field.old is None:
        return f"+ {field.name}: {_value(field.new)}"
    if field.new is None:
        return f"- {field.name}: {_value(field.old)}"
    if isinstance(field.old, list) and isinstance(field.new, list):
        came = [value for value in field.new if value not in field.old]
        went = [value for value in field.old if value not in field.new]
        if came or went:
            said = [
                f"{sign} {_value(values)}" for sign, values in (("+", came), ("-", went)) if values
            ]
            return f"~ {field.name}: {' '.join(said)}"
    return f"~ {field.name}: {_value(field.old)} -> {_value(field.new)}"


def _value(value: object) -> str:
    if isinstance(value, Mapping) and isinstance(value.get("Statement"), Mapping):
        return f"statements {', '.join(value['Statement'])}"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…"
