"""`clinic_config`: the clinic's name, time zone and settings."""

from __future__ import annotations

from tools.call import Call, Result, tool


@tool("clinic_config")
def handle(call: Call) -> Result:
    """`{"clinic_id", "tier", "name", "timezone", "settings"}`, as the registry has them.

    The interceptor passes them on: the tool itself has no access to the registry, where all
    clinics are. `settings` is null where they are too long to be passed on.
    """
    profile = {name: call.profile.get(name) for name in ("name", "timezone", "settings")}
    return {"clinic_id": call.caller.clinic, "tier": call.caller.tier, **profile}
