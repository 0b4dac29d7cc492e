"""A comparison for people and for programs: the same for `policy diff` and `policy push`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from tenantctl.cedar.diff.compare import Comparison, Difference
from tenantctl.cedar.diff.wording import quoted

Tenants = Mapping[str, Sequence[str]]
"""Tenants' ids by tier."""

HEAD = ("CALLERS", "TOOL", "CALLS", "CHANGE", "TENANTS", "EXAMPLE")

_NAMED = 3
"""Tenants that a table names."""


def line(one: Difference) -> str:
    """`basic · patient_context · hours 18-20 · newly allowed`."""
    return " · ".join((one.callers, one.tool, _calls(one), change(one)))


def change(one: Difference) -> str:
    """What becomes of the calls."""
    return "newly allowed" if one.allowed else "newly refused"


def rows(found: Comparison, tenants: Tenants | None) -> list[tuple[str, ...]]:
    """A row for each difference, under `HEAD`; without `tenants` they aren't known."""
    return [
        (one.callers, one.tool, _calls(one), change(one), _tenants(one, tenants), _example(one))
        for one in found.differences
    ]


def document(found: Comparison, tenants: Tenants | None = None) -> dict[str, Any]:
    """The comparison as one JSON value; `tenants` of a difference is null where not known."""
    return {
        "same": found.same,
        "differences": [_document(one, tenants) for one in found.differences],
        "not_exact": list(found.beyond),
    }


def touched(one: Difference, tenants: Tenants) -> tuple[str, ...]:
    """The ids of the tenants whose callers a difference is about, sorted."""
    return tuple(sorted(tenant for tier in one.tiers for tenant in tenants.get(tier, ())))


def _document(one: Difference, tenants: Tenants | None) -> dict[str, Any]:
    call = one.example
    return {
        "newly": "allowed" if one.allowed else "refused",
        "callers": one.callers,
        "tier": one.tier,
        "tool": one.tool,
        "where": list(one.where),
        "tenants": None if tenants is None else list(touched(one, tenants)),
        "example": {
            "sub": call.sub,
            "claims": dict(call.claims),
            "action": call.action,
            "gateway": call.gateway,
            "input": _json(call.input),
        },
        "decided_by": list(one.deciding),
        "decided_by_before": list(one.before),
    }


def _calls(one: Difference) -> str:
    return "; ".join(one.where) or "any input"


def _tenants(one: Difference, tenants: Tenants | None) -> str:
    if tenants is None:
        return "?"
    ids = touched(one, tenants)
    more = ", …" if len(ids) > _NAMED else ""
    return f"{len(ids)}: {', '.join(ids[:_NAMED])}{more}" if ids else "none"


def _example(one: Difference) -> str:
    """What the caller says: claims, then the input."""
    return " ".join((*_pairs(one.example.claims.items()), *_pairs(one.example.input.items())))


def _pairs(items: Iterable[tuple[str, Any]]) -> Iterable[str]:
    return (f"{name}={_short(value)}" for name, value in items)


def _short(value: Any) -> str:  # noqa: ANN401 - JSON
    if isinstance(value, list):
        return f"[{','.join(quoted(part) for part in value)}]"
    if isinstance(value, dict):
        return f"{{{' '.join(_pairs(value.items()))}}}"
    return quoted(value)


def _json(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, Mapping):
        return {name: _json(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_json(part) for part in value]
    return float(value) if isinstance(value, Decimal) else value
