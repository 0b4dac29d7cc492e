"""What a tier's agent runtime must be: the agent's code, and who may talk to it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tenantctl.domain.names import Names
from tenantctl.pool import agent_code
from tenantctl.pool.agent_package import (
    AGENT_ENTRY_POINT,
    AGENT_HEADERS,
    AGENT_RUNTIME,
    agent_environment,
    agent_package,
)
from tenantctl.pool.gateway_spec import Known, authorizer
from tenantctl.pool.ownership import Tags

KIND = "runtime"


@dataclass(frozen=True, slots=True)
class RuntimeSpec:
    """A tier's runtime; `artifact` is what it runs."""

    names: Names
    tier: str
    artifact: dict[str, Any]

    @property
    def name(self) -> str:
        """The runtime's name."""
        return self.names.runtime(self.tier)

    @property
    def tags(self) -> Tags:
        """The tags that make it the pool's."""
        return self.names.tags

    @property
    def resource(self) -> str:
        """How messages name it."""
        return f"{KIND} `{self.name}`"

    def settings(self, known: Known) -> dict[str, Any]:
        """UpdateAgentRuntime's, without the id. It lets in whom the tier's gateway lets in.

        https://docs.aws.amazon.com/bedrock-agentcore-control/latest/APIReference/API_UpdateAgentRuntime.html
        """
        names = self.names
        return {
            "description": f"Agent for tier {self.tier}",
            "agentRuntimeArtifact": self.artifact,
            "roleArn": names.agent_role_arn,
            "authorizerConfiguration": authorizer(names, self.tier, known),
            "requestHeaderConfiguration": {"requestHeaderAllowlist": list(AGENT_HEADERS)},
            "protocolConfiguration": {"serverProtocol": "HTTP"},
            "environmentVariables": agent_environment(names, known.gateway_url(names, self.tier)),
        }


def specs(names: Names, *, beside: Path | None = None) -> tuple[RuntimeSpec, ...]:
    """A runtime for each tier, so that one's load doesn't slow another."""
    artifact = _artifact(names, beside)
    return tuple(RuntimeSpec(names, tier, artifact) for tier in names.pool.tiers)


def _artifact(names: Names, beside: Path | None) -> dict[str, Any]:
    if names.pool.container is not None:
        return {"containerConfiguration": {"containerUri": names.pool.container}}
    place = {"bucket": names.code_bucket, "prefix": agent_code.key(agent_package(beside=beside))}
    return {
        "codeConfiguration": {
            "code": {"s3": place},
            "runtime": AGENT_RUNTIME,
            "entryPoint": list(AGENT_ENTRY_POINT),
        }
    }
