"""The demo's tool calls: two users sign in at eight in the evening, and one is too late."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tenantctl.cli import console

if TYPE_CHECKING:
    from tenantctl.aws.session import Aws
    from tenantctl.domain.names import Names
    from tenantctl.probes.gateway.endpoints import Endpoint

CLOCK = "2026-01-05T20:00+01:00"
"""Two hours after Basic's `patient_context` ends."""

_CALLS = (("clinic-1", "L-001"), ("hospital-harbour", "H-001"))
_SHOWN = 90


def call_tools(names: Names, aws: Aws) -> None:
    """Token, gateway, tool, answer: for a user of each tier, with the client that attacks too."""
    from tenantctl.aws import registry
    from tenantctl.domain.tools import TOOLS
    from tenantctl.probes.gateway.client import bearer
    from tenantctl.probes.gateway.endpoints import endpoints
    from tenantctl.vending.issue import issue, with_new_password

    gateways = endpoints(aws, names)
    for clinic, patient in _CALLS:
        tenant = registry.tenant(aws, names, clinic)
        user, gateway = tenant.users[0], gateways[tenant.tier]
        token = issue(aws, names, tenant.id, user.email, with_new_password).token
        console.emit_text(f"  {user.name} of {tenant.id} signs in; gateway {gateway.id}")
        for tool, given in (("clinic_config", {}), ("patient_context", {"patient_id": patient})):
            message = gateway.message(TOOLS[tool], given)
            said = _said(gateway, message, bearer(token))
            console.emit_text(f"    {' '.join([tool, *given.values()]):22} {said}")


def _said(gateway: Endpoint, message: Mapping[str, object], token: tuple[str, str]) -> str:
    from tenantctl.probes.gateway.client import json_of

    answered: Any = json_of(gateway.send(message, [token]))
    if "error" in answered:
        refused = answered["error"]
        why = refused.get("data") or {}
        ids = [*why.get("policies", ()), *why.get("unmet", ())]
        return f"refused ({refused['code']}) by {', '.join(ids) or refused['message']}"
    text: str = answered["result"]["content"][0]["text"]
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
