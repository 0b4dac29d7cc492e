"""The REQUEST interceptor: who calls is what the verified token says, and the time is ours.

Without it the gateway would pass on the client's own `X-Clinic-ID`, and a policy about hours would
believe the caller's `request_hour`. It sees each request after the authorizer and before the
policy engine, with its headers (`passRequestHeaders`).
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping

from interceptor.answers import RefusedError, forward, refusal
from interceptor.registry import Clinic, clinic
from interceptor.tool_call import checked, with_clock
from interceptor.verified_token import caller
from shared import clinic_clock, headers
from shared.clinic_clock import ClockError
from shared.identity import Caller, Identity

_log = logging.getLogger(__name__)


def handle(event: object, context: object) -> dict[str, object]:  # noqa: ARG001 - Lambda's signature
    """Answer the gateway: the request with our headers and clock, or its end."""
    request = _request(event)
    body = request.get("body")
    try:
        return _answer(request.get("headers"), body)
    except RefusedError as error:
        return refusal(error, body)
    except Exception as error:  # noqa: BLE001 - how the gateway takes a failing interceptor isn't promised: what isn't understood is refused
        _log.error("refused for %s", type(error).__name__)
        return refusal(RefusedError(500, "the request can't be checked"), body)


def _request(event: object) -> Mapping[str, object]:
    mcp = event.get("mcp") if isinstance(event, Mapping) else None
    request = mcp.get("gatewayRequest") if isinstance(mcp, Mapping) else None
    return request if isinstance(request, Mapping) else {}


def _answer(sent: object, body: object) -> dict[str, object]:
    who = caller(sent, Identity.of(os.environ))
    message = checked(body)
    where = clinic(who)
    try:
        clock = clinic_clock.inputs(
            clinic_clock.now().astimezone(clinic_clock.zone(where.timezone))
        )
    except ClockError as error:
        raise RefusedError(503, str(error)) from error
    clocked = json.loads(os.environ["TENANTCTL_CLOCKED_TOOLS"])
    return forward(_headers(who, where), with_clock(message, clocked, clock))


def _headers(who: Caller, where: Clinic) -> dict[str, str]:
    """Nothing of the client's headers goes on, least of all its token."""
    return {
        headers.TIER: headers.encoded(who.tier),
        headers.CLINIC: headers.encoded(who.clinic),
        headers.PREFIX: headers.encoded(who.fill(os.environ["TENANTCTL_PREFIX"])),
        headers.USER: headers.encoded(who.user),
        headers.PROFILE: _profile(where),
    }


def _profile(where: Clinic) -> str:
    """The clinic's profile; settings that are too long for a header are left out, which it says."""
    profile = {"name": where.name, "timezone": where.timezone, "settings": where.attributes}
    packed = headers.packed(profile)
    if len(packed) > headers.MAX_BYTES:
        packed = headers.packed({**profile, "settings": None})
    if len(packed) > headers.MAX_BYTES:
        raise RefusedError(503, "the registry's entry of the clinic is too long")
    return packed
