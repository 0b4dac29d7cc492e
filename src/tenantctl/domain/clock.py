"""The clinic's own clock, as policies read it: two inputs that the gateway's interceptor sets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

HOUR_INPUT = "request_hour"
"""The whole hour, 0 to 23."""

WEEKDAY_INPUT = "request_weekday"
"""One of `WEEKDAYS`."""

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""In the order of `datetime.weekday()`."""


@dataclass(frozen=True, slots=True)
class ClinicTime:
    """An hour of a weekday."""

    hour: int
    weekday: str

    @property
    def inputs(self) -> dict[str, object]:
        """What the interceptor puts into a tool's input, over whatever the caller sent."""
        return {HOUR_INPUT: self.hour, WEEKDAY_INPUT: self.weekday}


def clinic_time(local: datetime) -> ClinicTime:
    """The clinic's time at `local`, a moment already in the clinic's time zone."""
    return ClinicTime(local.hour, WEEKDAYS[local.weekday()])
