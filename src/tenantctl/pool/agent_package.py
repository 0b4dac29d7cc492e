"""The agent's code as the zip that AgentCore Runtime runs, and what it is told of its pool.

https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/runtime-get-started-code-deploy-python.html
"""

from __future__ import annotations

import json
from pathlib import Path

from tenantctl.domain.files import templates
from tenantctl.domain.names import Names
from tenantctl.domain.tools import TOOLS
from tenantctl.pool.function_package import Package, packaged

AGENT_RUNTIME = "PYTHON_3_13"
"""As `CodeConfiguration.runtime` has it."""

AGENT_ENTRY_POINT = ("main.py",)
"""As `CodeConfiguration.entryPoint` has it: a path in the zip."""

AGENT_HEADERS = ("Authorization",)
"""The runtime's `requestHeaderAllowlist`: the agent calls the gateway with its caller's token."""

_FOLDER = "agent"


def agent_package(*, beside: Path | None = None) -> Package:
    """The agent's zip, the same bytes from the same files.

    Files in `beside`'s templates win over the package's.
    """
    found = templates(_FOLDER, beside=beside)
    return packaged(
        {
            path.removeprefix(f"{_FOLDER}/"): text
            for path, text in found.items()
            if path.endswith(".py")
        }
    )


def agent_environment(names: Names, gateway_url: str) -> dict[str, str]:
    """The runtime's `environmentVariables`; `gateway_url` is the MCP address of its tier's gateway.

    They hold no secret.
    """
    return {
        "TENANTCTL_GATEWAY_URL": gateway_url,
        "TENANTCTL_USER_CLAIM": names.pool.identity.user.claim,
        "TENANTCTL_TOOLS": json.dumps(
            {tool.name: tool.action for tool in TOOLS.values()}, separators=(",", ":")
        ),
    }
