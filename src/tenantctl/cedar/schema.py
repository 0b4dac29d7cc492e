"""The Cedar schema that AgentCore derives from a gateway's tools, derived from the same tools.

AgentCore generates it from the MCP tool manifest, and names Cedar's open-source generator for the
details of how JSON Schema maps; that generator is used here.
https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/policy-schema-constraints.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from tenantctl.cedar.statement import Statement
from tenantctl.domain.tools import TOOLS, Tool
from tenantctl.errors import PolicyInvalidError

if TYPE_CHECKING:
    from cedarpy import Schema

# What the page above says of principals, resource and actions; the generator adds the tools.
_FRAME = """
namespace AgentCore {
  @mcp_principal("OAuthUser")
  entity OAuthUser = { id: String } tags String;
  @mcp_principal("IamEntity")
  entity IamEntity = { id: String };
  @mcp_resource("Gateway")
  entity Gateway;
  action Mcp;
  @mcp_action("CallTool")
  action CallTool in [Mcp];
}
"""
_ENTITIES = frozenset({"OAuthUser", "IamEntity", "Gateway"})

# "number -> Decimal" and "object -> Record" of the page's table; by itself the generator makes
# entities of both, which no policy could compare.
_CONFIG = {
    "numbersAsDecimal": True,
    "objectsAsRecords": True,
    "flattenNamespaces": True,
    "eraseAnnotations": True,
}


def schema(tools: Iterable[Tool] = tuple(TOOLS.values())) -> dict[str, Any]:
    """The schema as Cedar's JSON: claims are String tags, inputs a record in `context.input`.

    An action belongs to its target's group and to `CallTool`; inputs that the tool doesn't
    require are optional. Raises `PolicyInvalidError` for an input type that policies can't speak
    of.
    """
    tools = tuple(tools)
    made = _generated(tools)
    frame = made["AgentCore"]
    beyond = {*frame["entityTypes"], *made} - _ENTITIES - {"AgentCore"}
    if beyond:
        raise PolicyInvalidError(
            f"a tool input has no Cedar type: it would be `{min(beyond)}`",
            hint="use string, integer, boolean, number, object or array, without `enum`",
        )
    actions = frame["actions"]
    for tool in tools:
        actions.setdefault(tool.target, {"memberOf": [{"id": "CallTool"}]})
        action = actions.pop(_identifier(tool))
        actions[tool.action] = {**action, "memberOf": [{"id": "CallTool"}, {"id": tool.target}]}
    return made


def problems(statement: Statement, tools: Iterable[Tool] | None = None) -> tuple[str, ...]:
    """What in the statement doesn't fit the tools, by Cedar's own validator."""
    import cedarpy

    result = cedarpy.validate_policies(
        statement.text, _of_the_pool() if tools is None else schema(tools)
    )
    found = (str(e.error).strip().partition("\n")[0] for e in result.errors)
    return tuple(dict.fromkeys(text.removeprefix("for policy `policy0`, ") for text in found))


@cache
def _of_the_pool() -> Schema:
    """The schema of the declared tools, read once for however many policies."""
    import cedarpy

    return cedarpy.Schema.from_json_str(json.dumps(schema()))


def _generated(tools: Sequence[Tool]) -> dict[str, Any]:
    from cedar_mcp_schema_generator import generate_schema

    result = generate_schema(
        _FRAME,
        [
            {
                "name": _identifier(tool),
                "description": tool.description,
                "inputSchema": tool.input_schema,
            }
            for tool in tools
        ],
        config=_CONFIG,
    )
    if not result["isOk"]:
        why = str(result["error"]).partition("\n")[0]
        raise PolicyInvalidError(f"the tools have no Cedar schema: {why}")
    made: dict[str, Any] = json.loads(result["schemaJson"])
    return made


def _identifier(tool: Tool) -> str:
    """The action's id where it must be an identifier too: the generator names types after it."""
    return tool.action.replace("-", "_")
