"""The clinics' clock of the embedded cloud, where it is set: it stands still at one moment.

It is the time that the gateways' interceptor and the tools tell, by which hours are judged. Tokens,
signatures and sessions go by this machine's clock, as their makers do.
"""

from __future__ import annotations

from datetime import UTC, datetime

from tenantctl.errors import UsageError


def moment(text: str) -> str:
    """A moment as functions are told it: ISO 8601 with an offset; without one it is UTC.

    Raises `UsageError`.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            f"`{text}` is no moment",
            hint="write it like 2026-01-05T20:00 or 2026-01-05T20:00-05:00",
        ) from error
    if found.tzinfo is None:
        found = found.replace(tzinfo=UTC)
    return found.isoformat()
