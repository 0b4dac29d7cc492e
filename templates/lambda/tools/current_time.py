"""`current_time`: the time on the clinic's clock."""

from __future__ import annotations

from shared import clinic_clock
from shared.clinic_clock import ClockError
from tools.call import Call, Result, tool
from tools.failure import ToolError


@tool("current_time")
def handle(call: Call) -> Result:
    """`{"time": ISO 8601 with offset, "timezone", "weekday": "mon", …}`."""
    name = call.profile.get("timezone")
    try:
        local = clinic_clock.now().astimezone(clinic_clock.zone(name))
    except ClockError as error:
        raise ToolError("Unavailable", str(error)) from error
    weekday = clinic_clock.WEEKDAYS[local.weekday()]
    return {"time": local.isoformat(timespec="seconds"), "timezone": name, "weekday": weekday}
