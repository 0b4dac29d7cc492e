"""The tools by whose answers the parties are told apart."""

from __future__ import annotations

from tenantctl.domain.names import Names
from tenantctl.domain.pool import ToolRule
from tenantctl.domain.tools import TOOLS, Tool
from tenantctl.probes.gateway.endpoints import Endpoint

_RECORDS = ("get_patient_records", "patient_context")
_DOCUMENTS = "retrieve_clinic_documents"
_SETTINGS = "clinic_config"


def readers(names: Names, endpoint: Endpoint) -> tuple[Tool, ...]:
    """A gateway's tools that answer everybody of its tier, at any time, with what is its tenant's.

    Those that a policy binds to hours or inputs are used only where there are no others: a refusal
    by policy shows nothing of the tool.
    """
    tier = names.pool.tiers[endpoint.tier]
    if tier.disabled:
        return ()
    open_to_all = [
        (tool, rule)
        for tool in _telling(names, endpoint)
        if (rule := tier.tools.get(tool.name)) is not None and not rule.disabled and not rule.roles
    ]
    always = tuple(tool for tool, rule in open_to_all if not _bound(rule))
    return always or tuple(tool for tool, _ in open_to_all)


def bound(names: Names, endpoint: Endpoint) -> tuple[Tool, ...]:
    """The tools that are left out for their hours or inputs."""
    used, tier = readers(names, endpoint), names.pool.tiers[endpoint.tier]
    return tuple(
        tool
        for tool in _telling(names, endpoint)
        if tool not in used and (rule := tier.tools.get(tool.name)) is not None and _bound(rule)
    )


def _bound(rule: ToolRule) -> bool:
    return rule.hours is not None or bool(rule.inputs)


def _telling(names: Names, endpoint: Endpoint) -> tuple[Tool, ...]:
    data = names.pool.data
    told = [*_RECORDS[:1]] if data.tables else []
    # What a knowledge base finds is what was ingested, and canaries aren't.
    told += [_DOCUMENTS] if data.buckets and not data.searched(data.buckets[0]) else []
    told += [_SETTINGS]
    told += [*_RECORDS[1:]] if data.tables else []
    return tuple(TOOLS[name] for name in told if TOOLS[name] in endpoint.tools)
