"""The Cedar schema that AgentCore derives from a gateway's tools, derived from the same tools.

https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/policy-schema-constraints.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tenantctl.cedar.statement import Statement
from tenantctl.domain.tools import TOOLS, Tool
from tenantctl.errors import PolicyInvalidError

_TYPES = {
    "string": {"type": "EntityOrCommon", "name": "String"},
    "integer": {"type": "EntityOrCommon", "name": "Long"},
    "boolean": {"type": "EntityOrCommon", "name": "Bool"},
    "number": {"type": "EntityOrCommon", "name": "decimal"},
}


def schema(tools: Iterable[Tool] = tuple(TOOLS.values())) -> dict[str, Any]:
    """The schema as Cedar's JSON: claims are String tags, inputs a record in `context.input`.

    An action belongs to its target's group and to `CallTool`; inputs that the tool doesn't
    require are optional. Raises `PolicyInvalidError` for an input type that Cedar has no like of.
    """
    actions: dict[str, Any] = {"Mcp": {}, "CallTool": {"memberOf": [{"id": "Mcp"}]}}
    for tool in tools:
        actions.setdefault(tool.target, {"memberOf": [{"id": "CallTool"}]})
        actions[tool.action] = {
            "memberOf": [{"id": "CallTool"}, {"id": tool.target}],
            "appliesTo": {
                "principalTypes": ["OAuthUser", "IamEntity"],
                "resourceTypes": ["Gateway"],
                "context": _record({"input": _cedar_type(tool.input_schema)}, required=("input",)),
            },
        }
    text = _TYPES["string"]
    identified = _record({"id": text}, required=("id",))
    return {
        "AgentCore": {
            "entityTypes": {
                "OAuthUser": {"shape": identified, "tags": text},
                "IamEntity": {"shape": identified},
                "Gateway": {},
            },
            "actions": actions,
        }
    }


def problems(
    statement: Statement, tools: Iterable[Tool] = tuple(TOOLS.values())
) -> tuple[str, ...]:
    """What in the statement doesn't fit the tools, by Cedar's own validator."""
    import cedarpy

    result = cedarpy.validate_policies(statement.text, schema(tools))
    found = (str(e.error).strip().partition("\n")[0] for e in result.errors)
    return tuple(dict.fromkeys(text.removeprefix("for policy `policy0`, ") for text in found))


def _cedar_type(json_schema: Mapping[str, Any]) -> dict[str, Any]:
    kind = json_schema.get("type")
    if kind == "object":
        return _record(
            {name: _cedar_type(part) for name, part in json_schema.get("properties", {}).items()},
            required=json_schema.get("required", ()),
        )
    if kind == "array":
        return {"type": "Set", "element": _cedar_type(json_schema.get("items", {}))}
    if kind not in _TYPES:
        raise PolicyInvalidError(
            f"a tool input of type `{kind}` has no Cedar type",
            hint=f"use one of {', '.join((*_TYPES, 'object', 'array'))}",
        )
    return _TYPES[kind]


def _record(attributes: Mapping[str, Any], *, required: Iterable[str]) -> dict[str, Any]:
    needed = frozenset(required)
    return {
        "type": "Record",
        "attributes": {
            name: {**kind, "required": name in needed} for name, kind in attributes.items()
        },
    }
