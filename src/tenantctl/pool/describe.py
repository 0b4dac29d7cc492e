"""A plan in words, and as JSON values; pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping

from tenantctl.pool.plan import Plan
from tenantctl.pool.step import Change, Field, Part, Step

_SIGNS = {Change.CREATE: "+", Change.UPDATE: "~", Change.DELETE: "-"}
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
    form = {change: f"{change}d" if done else f"to {change}" for change in Change}
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


def rows(planned: Plan) -> Iterator[tuple[str, str, str, str]]:
    """Kind, name, health and id of each part."""
    for part in planned.parts:
        yield part.kind, part.name, _health(part), part.id or "-"


def parts_json(planned: Plan) -> list[dict[str, object]]:
    """The parts as JSON values."""
    return [
        {
            "kind": part.kind,
            "name": part.name,
            "id": part.id,
            "health": str(part.health),
            "problems": list(part.problems),
            "changes": steps_json(part.steps),
        }
        for part in planned.parts
    ]


def _health(part: Part) -> str:
    if part.problems:
        return f"{part.health}: {'; '.join(part.problems)}"
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
