"""What AgentCore refuses in a statement, whatever its tools: the schema's frame.

https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/policy-schema-constraints.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tenantctl.cedar.statement import Scope, Statement, Tree, nodes

PRINCIPALS = frozenset({"AgentCore::OAuthUser", "AgentCore::IamEntity"})
ACTION = "AgentCore::Action"
GATEWAY = "AgentCore::Gateway"

_CONTEXT: Tree = {"Var": "context"}

_GATEWAY_ARN = re.compile(
    r"arn:aws[a-z-]*:bedrock-agentcore:[a-z0-9-]+:[0-9]{12}:gateway/[A-Za-z0-9-]+"
)


def refusals(statement: Statement) -> tuple[str, ...]:
    """Why AgentCore would not take the statement; empty when it would."""
    return (
        *of_principal(statement.principal),
        *of_action(statement.action),
        *of_resource(statement),
        *of_entities(statement),
        *of_context(statement),
    )


def of_principal(scope: Scope) -> Iterator[str]:
    """What is wrong with a statement's principal."""
    types = {e.type for e in scope.entities} | ({scope.entity_type} if scope.entity_type else set())
    for name in sorted(types - PRINCIPALS):
        yield f"unknown principal type `{name}`: use {' or '.join(sorted(PRINCIPALS))}"
    if scope.op == "in" or (scope.op == "is" and scope.entities):
        yield "principals have no groups: use `is`, `==` or a tag"


def of_action(scope: Scope) -> Iterator[str]:
    """What is wrong with a statement's action, whatever tools there are."""
    if scope.op == "is" or any(e.type != ACTION for e in scope.entities):
        yield f'an action is {ACTION}::"Target___tool"'


def of_resource(statement: Statement) -> Iterator[str]:
    """What is wrong with a statement's resource."""
    scope = statement.resource
    if scope.bare:
        yield f'a bare `resource` is refused: use `resource == {GATEWAY}::"arn"`'
    elif scope.op == "is":
        if scope.entity_type != GATEWAY or scope.entities:
            yield f"the resource must be {GATEWAY}"
        elif not statement.action.bare:
            yield "a statement about particular actions must name the gateway's arn with `==`"
    elif statement.gateway is None:
        yield f'the resource must be `== {GATEWAY}::"arn"`'
    elif _GATEWAY_ARN.fullmatch(statement.gateway) is None:
        yield f"`{statement.gateway}` is no gateway arn"


def of_entities(statement: Statement) -> Iterator[str]:
    """Entity types in the conditions that the schema doesn't know."""
    found = _nodes(statement)
    named = {name for node in found for name in _entity_types(node)}
    for name in sorted(named - {*PRINCIPALS, ACTION, GATEWAY}):
        yield f"unknown entity type `{name}`"


def of_context(statement: Statement) -> Iterator[str]:
    """Whether the conditions read anything of the context but the tool's input."""
    found = _nodes(statement)
    # `context` itself may only stand before `.input` and `has input`.
    if found.count(_CONTEXT) > sum(_reads_input(node) for node in found):
        yield "only `context.input` exists"


def _nodes(statement: Statement) -> list[Tree]:
    return [node for condition in statement.conditions for node in nodes(condition.body)]


def _entity_types(node: Tree) -> Iterator[str]:
    entity = node.get("__entity")
    if isinstance(entity, dict) and "type" in entity:
        yield entity["type"]
    test = node.get("is")
    if isinstance(test, dict) and "entity_type" in test:
        yield test["entity_type"]


def _reads_input(node: Tree) -> bool:
    return any(node.get(name) == {"left": _CONTEXT, "attr": "input"} for name in (".", "has"))
