"""A token to look at: header, claims and times, never the token or its signature."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from tenantctl.domain.layout import ROLE_CLAIM
from tenantctl.domain.pool import Identity
from tenantctl.vending.token_checks import Examined, span
from tenantctl.vending.token_text import Decoded

TIMES: Mapping[str, str] = {
    "iat": "issued",
    "auth_time": "signed in",
    "nbf": "valid from",
    "exp": "expires",
}
"""Claims that are seconds since the epoch, and what they are called."""

Row = tuple[str, str]


def summary(decoded: Decoded, identity: Identity, *, now: float) -> Iterator[Row]:
    """Whom the token names and how long it lives, in local time."""
    named = {
        "tenant": identity.tenant.claim,
        "tier": identity.tier.claim,
        "user": identity.user.claim,
        "email": "email",
        "role": ROLE_CLAIM,
        "use": "token_use",
        "issuer": "iss",
    }
    for what, claim in named.items():
        yield what, _text(decoded.claims[claim]) if claim in decoded.claims else "-"
    for claim, what in TIMES.items():
        if claim in decoded.claims:
            yield what, _time(decoded.claims[claim], now)


def header_rows(decoded: Decoded) -> Iterator[Row]:
    """The header, as it stands."""
    yield from ((name, _text(value)) for name, value in decoded.header.items())


def claim_rows(decoded: Decoded) -> Iterator[Row]:
    """The claims, as they stand."""
    yield from ((name, _text(value)) for name, value in decoded.claims.items())


def document(decoded: Decoded, identity: Identity, *, now: float) -> dict[str, Any]:
    """The same for programs; times in local time with their offset, null where there is none."""
    claims = decoded.claims
    end = _moment(claims.get("exp"))
    return {
        "tenant": claims.get(identity.tenant.claim),
        "tier": claims.get(identity.tier.claim),
        "user": claims.get(identity.user.claim),
        "times": {
            what.replace(" ", "_"): None if (at := _moment(claims.get(claim))) is None else _iso(at)
            for claim, what in TIMES.items()
        },
        "seconds_left": None if end is None else int(end.timestamp() - now),
        "header": dict(decoded.header),
        "claims": dict(claims),
    }


def check_rows(found: Examined) -> Iterator[tuple[str, str, str]]:
    """Every check with its outcome, and why where it didn't pass."""
    yield from ((c.name, c.outcome.value, c.reason) for c in found.checks)


def checked(found: Examined, identity: Identity, *, now: float) -> dict[str, Any]:
    """The same for programs, with what the token says where it can be read."""
    said = {} if found.decoded is None else document(found.decoded, identity, now=now)
    checks = [{"check": name, "result": got, "reason": why} for name, got, why in check_rows(found)]
    return {"verified": found.believed, "checks": checks, **said}


def _time(value: object, now: float) -> str:
    at = _moment(value)
    if at is None:
        return f"{_text(value)} (no time)"
    left = at.timestamp() - now
    return f"{_iso(at)} ({f'in {span(left)}' if left > 0 else f'{span(-left)} ago'})"


def _moment(value: object) -> datetime | None:
    """A claim's time; None for what no calendar has."""
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    try:
        return datetime.fromtimestamp(value, UTC).astimezone()
    except (ValueError, OverflowError, OSError):
        return None


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
