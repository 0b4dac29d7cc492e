"""The agent's tools, declared once: gateway targets, Cedar schema and probes read this.

Input schemas are JSON Schema, as MCP carries them. `server_set` names the inputs that the
gateway's interceptor overwrites, so that a policy may rely on them; everything else is the
caller's word.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

_TEXT: Mapping[str, object] = {"type": "string"}


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
    def input_schema(self) -> dict[str, object]:
        """The MCP `inputSchema`."""
        return {
            "type": "object",
            "properties": {name: dict(schema) for name, schema in self.properties.items()},
            "required": list(self.required),
        }


TOOLS: Mapping[str, Tool] = {
    tool.name: tool
    for tool in (
        Tool(
            "get_patient_records",
            "The clinic's patients, or one of them.",
            {"patient_id": _TEXT},
        ),
        Tool(
            "patient_context",
            "What the agent should know of a patient before it answers.",
            {"patient_id": _TEXT, "request_hour": {"type": "integer"}},
            ("patient_id",),
            frozenset({"request_hour"}),
        ),
        Tool("clinic_config", "The clinic's name, time zone and settings."),
        Tool("current_time", "The time on the clinic's clock."),
        Tool(
            "retrieve_clinic_documents",
            "Passages of the clinic's documents that answer a question.",
            {"query": _TEXT},
            ("query",),
        ),
    )
}
