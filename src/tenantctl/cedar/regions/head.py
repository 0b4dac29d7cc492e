"""Which calls a statement's head is about: callers, actions and gateways."""

from __future__ import annotations

from collections.abc import Iterator

from tenantctl.cedar.rules import GATEWAY
from tenantctl.cedar.statement import Statement, nodes
from tenantctl.domain.tools import Tool


def applies(policy: Statement, action: str, gateway: str, tool: Tool | None) -> bool:
    """Whether the head lets the statement match calls of the action at the gateway.

    `tool` is the action's, None for an action of no declared tool, which is in no group.
    """
    within = {action} if tool is None else {action, tool.target, "CallTool", "Mcp"}
    if policy.action.op != "in":
        within = {action}
    acts = policy.action.bare or any(entity.id in within for entity in policy.action.entities)
    return acts and _at(policy, gateway)


def takes(policy: Statement, caller: str) -> bool:
    """Whether the head lets the statement match callers of a type; no caller is in a group."""
    scope = policy.principal
    types = {entity.type for entity in scope.entities} | {scope.entity_type or caller}
    return caller in types


def named(policy: Statement, entity_type: str) -> Iterator[str]:
    """The gateways or actions that the statement names, in its head or its conditions."""
    for scope in (policy.action, policy.resource):
        yield from (entity.id for entity in scope.entities if entity.type == entity_type)
    for condition in policy.conditions:
        for node in nodes(condition.body):
            entity = node.get("__entity")
            if isinstance(entity, dict) and entity.get("type") == entity_type:
                yield entity["id"]


def _at(policy: Statement, gateway: str) -> bool:
    scope = policy.resource
    types = {entity.type for entity in scope.entities} | {scope.entity_type or GATEWAY}
    return types == {GATEWAY} and (
        not scope.entities or gateway in {entity.id for entity in scope.entities}
    )
