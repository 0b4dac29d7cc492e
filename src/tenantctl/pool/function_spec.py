"""The Lambda functions that the pool needs: the interceptor, and one for each tool of a tier."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tenantctl.domain.names import Names
from tenantctl.domain.tools import TOOLS
from tenantctl.pool import function_package
from tenantctl.pool.function_environment import interceptor_environment, tool_environment
from tenantctl.pool.function_package import Package
from tenantctl.pool.ownership import Tags

KIND = "function"

_INTERCEPTOR_SECONDS = 10
"""Every call waits for it, and it reads one item."""
_TOOL_SECONDS = 30
_MEGABYTES = 256


@dataclass(frozen=True, slots=True)
class FunctionSpec:
    """What a function must be; `settings` are UpdateFunctionConfiguration's, without the name."""

    name: str
    package: Package = field(repr=False)
    settings: Mapping[str, Any]
    tags: Tags

    @property
    def resource(self) -> str:
        """How messages name it."""
        return f"{KIND} `{self.name}`"


def specs(names: Names, *, beside: Path | None = None) -> tuple[FunctionSpec, ...]:
    """The interceptor first. A tool that no tier may call has no function.

    Tools run as the agent role: the only one that the vending role trusts.
    """
    interceptor = FunctionSpec(
        names.interceptor,
        function_package.interceptor_package(beside=beside),
        _settings(
            "Tells tools who calls, by the verified token, and policies what time it is",
            names.role_arn(names.interceptor),
            function_package.INTERCEPTOR_HANDLER,
            _INTERCEPTOR_SECONDS,
            interceptor_environment(names),
        ),
        names.tags,
    )
    tools = names.pool.tools
    if not tools:
        return (interceptor,)
    package = function_package.tools_package(beside=beside)
    environment = tool_environment(names)
    return (
        interceptor,
        *(
            FunctionSpec(
                names.function(tool),
                package,
                _settings(
                    tool.description,
                    names.agent_role_arn,
                    function_package.tool_handler(tool),
                    _TOOL_SECONDS,
                    environment,
                ),
                names.tags,
            )
            for tool in tools
        ),
    )


def unused(names: Names) -> tuple[str, ...]:
    """The names of functions for tools that no tier may call."""
    used = names.pool.tools
    return tuple(names.function(tool) for tool in TOOLS.values() if tool not in used)


def possible(names: Names) -> tuple[str, ...]:
    """The names of all functions that the pool may have, whatever its tiers may call."""
    return (names.interceptor, *(names.function(tool) for tool in TOOLS.values()))


def _settings(
    description: str, role: str, handler: str, seconds: int, environment: Mapping[str, str]
) -> dict[str, Any]:
    return {
        "Description": description,
        "Role": role,
        "Runtime": function_package.RUNTIME,
        "Handler": handler,
        "Timeout": seconds,
        "MemorySize": _MEGABYTES,
        "Environment": {"Variables": dict(environment)},
    }
