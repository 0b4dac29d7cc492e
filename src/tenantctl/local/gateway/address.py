"""Where a gateway is while the embedded cloud is being served."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PATH = re.compile(
    r"/gateways/(?P<gateway>[A-Za-z0-9-]+)/(?P<rest>mcp|\.well-known/oauth-protected-resource)/?"
)
_ON_AWS = re.compile(
    r"https://(?P<gateway>[a-z0-9-]+)\.gateway\.bedrock-agentcore\.[a-z0-9-]+\.amazonaws\.com(\.cn)?/mcp"
)
_RESOURCE_OF = re.compile(
    r"/\.well-known/oauth-protected-resource/gateways/(?P<gateway>[A-Za-z0-9-]+)/mcp"
)


@dataclass(frozen=True, slots=True)
class Place:
    """What a path means: a gateway's MCP endpoint, or the metadata that leads to its issuer."""

    gateway: str
    is_metadata: bool


def url_of(endpoint: str, gateway_id: str) -> str:
    """A gateway's MCP endpoint; on AWS `https://ID.gateway.bedrock-agentcore.REGION…/mcp`."""
    return f"{endpoint}/gateways/{gateway_id}/mcp"


def as_served(endpoint: str, address: str) -> str:
    """What an address leads to in the embedded cloud: a gateway's on AWS is served here."""
    found = _ON_AWS.fullmatch(address)
    return address if found is None else url_of(endpoint, found["gateway"])


def metadata_url_of(endpoint: str, gateway_id: str) -> str:
    """Where RFC 9728's metadata of a gateway is, which says whose tokens it takes."""
    return f"{endpoint}/gateways/{gateway_id}/.well-known/oauth-protected-resource"


def place_of(path: str) -> Place | None:
    """What a path on the embedded cloud's port means; `None` where it is no gateway's.

    Clients that make the metadata's address themselves put the path behind it (RFC 9728, 3.1).
    """
    found = _PATH.fullmatch(path)
    if found is not None:
        return Place(found["gateway"], is_metadata=found["rest"] != "mcp")
    found = _RESOURCE_OF.fullmatch(path)
    return None if found is None else Place(found["gateway"], is_metadata=True)
