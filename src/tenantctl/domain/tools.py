"""The agent's tools, declared once: gateway targets, Cedar schema and probes read this.

Input schemas are JSON Schema, as MCP carries them. `server_set` names the inputs that the
gateway's interceptor overwrites, so that a policy may rely on them; everything else is the
caller's word.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tenantctl.domain.clock import HOUR_INPUT, WEEKDAY_INPUT

_TEXT: Mapping[str, object] = {"type": "string"}
_INTEGER: Mapping[str, object] = {"type": "integer"}

_CLOCK: Mapping[str, Mapping[str, object]] = {HOUR_INPUT: _INTEGER, WEEKDAY_INPUT: _TEXT}
"""Declared by every tool, so that any of them may have hours; never required, because callers
leave them out."""


@dataclass(frozen=True, slots=True)
class Tool:
    """One MCP tool behind the gateway target of the same name."""

    name: str
    description: str
    properties: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    server_set: frozenset[str] = frozenset()

    @property
    def target(self) -> str:
        """The gateway target's name; AgentCore allows letters, digits and single hyphens."""
        return self.name.replace("_", "-")

    @property
    def action(self) -> str:
        """The Cedar action's id: target and tool joined by three underscores."""
        return f"{self.target}___{self.name}"

    @property
    def caller_inputs(self) -> tuple[str, ...]:
        """The inputs that are the caller's to give, in the order of their declaration."""
        return tuple(name for name in self.properties if name not in self.server_set)

    @property
    def input_schema(self) -> dict[str, object]:
        """The MCP `inputSchema`."""
        return {
            "type": "object",
            "properties": {name: dict(schema) for name, schema in self.properties.items()},
            "required": list(self.required),
        }


def _tool(
    name: str,
    description: str,
    inputs: Mapping[str, Mapping[str, object]] | None = None,
    required: tuple[str, ...] = (),
) -> Tool:
    """A tool of the gateway, which knows the clinic's clock besides what the caller gives."""
    return Tool(name, description, {**(inputs or {}), **_CLOCK}, required, frozenset(_CLOCK))


TOOLS: Mapping[str, Tool] = {
    tool.name: tool
    for tool in (
        _tool(
            "get_patient_records",
            "The clinic's patients, or one of them.",
            {"patient_id": _TEXT, "limit": _INTEGER},
        ),
        _tool(
            "patient_context",
            "What the agent should know of a patient before it answers.",
            {"patient_id": _TEXT},
            ("patient_id",),
        ),
        _tool("clinic_config", "The clinic's name, time zone and settings."),
        _tool("current_time", "The time on the clinic's clock."),
        _tool(
            "retrieve_clinic_documents",
            "Passages of the clinic's documents that answer a question.",
            {"query": _TEXT, "limit": _INTEGER},
            ("query",),
        ),
    )
}
