"""The time on the clinic's own clock, which policies rely on."""

from __future__ import annotations

import os
from datetime import UTC, datetime, tzinfo
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

HOUR_INPUT = "request_hour"
WEEKDAY_INPUT = "request_weekday"
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class ClockError(ValueError):
    """The time can't be told."""


def now() -> datetime:
    """The present moment in UTC.

    `TENANTCTL_CLOCK` sets another, for functions that the embedded cloud runs: it counts only
    where AWS's address is this machine's own, and is an error elsewhere.
    """
    given = os.environ.get("TENANTCTL_CLOCK")
    if given is None:
        return datetime.now(UTC)
    if urlsplit(os.environ.get("AWS_ENDPOINT_URL", "")).hostname not in _LOOPBACK:
        raise ClockError("only the embedded cloud's clock can be set")
    try:
        moment = datetime.fromisoformat(given)
    except ValueError as error:
        raise ClockError("the clock is set to no time") from error
    if moment.tzinfo is None:
        raise ClockError("the clock is set to a time without an offset")
    return moment.astimezone(UTC)


def zone(name: object) -> tzinfo:
    """A time zone by its IANA name; raises `ClockError`.

    Lambda's newer runtimes may have no time zones of their own; boto3 brings dateutil's along.
    """
    if not isinstance(name, str) or not name:
        raise ClockError("the clinic has no time zone")
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        from dateutil.zoneinfo import get_zonefile_instance

        found: tzinfo | None = get_zonefile_instance().get(name)  # type: ignore[no-untyped-call]
    if found is None:
        raise ClockError("the clinic's time zone isn't known")
    return found


def inputs(local: datetime) -> dict[str, object]:
    """What policies read of a moment that is in the clinic's time zone already."""
    return {HOUR_INPUT: local.hour, WEEKDAY_INPUT: WEEKDAYS[local.weekday()]}
