"""Audits of a statement's head: principal, action and resource."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Final

from tenantctl.cedar import rules
from tenantctl.cedar.lint.audit import Audit
from tenantctl.cedar.lint.rule import SCHEMA, SCOPE, SCOPE_PAIRS, Hit, Rule, Severity
from tenantctl.cedar.lint.subject import Frame, Policy

_JOIN = "___"
_HALF_JOIN = "__"


def _principal(policy: Policy, _: Frame) -> Iterator[Hit]:
    for message in rules.of_principal(policy.statement.principal):
        yield Hit(policy.outline.head[0], message)


def _action(policy: Policy, frame: Frame) -> Iterator[Hit]:
    line = policy.outline.head[1]
    for message in rules.of_action(policy.statement.action):
        yield Hit(line, message)
    for name in _unknown(policy, frame):
        if _mended(name) is None:
            near = get_close_matches(name, (*frame.actions, *frame.groups), n=1)
            meant = f": did you mean `{near[0]}`?" if near else ""
            yield Hit(line, f"no tool of the gateway is `{name}`{meant}")


def _underscores(policy: Policy, frame: Frame) -> Iterator[Hit]:
    for name in _unknown(policy, frame):
        mended = _mended(name)
        if mended is not None:
            yield Hit(policy.outline.head[1], f"`{name}` has two underscores: `{mended}`")


def _unknown(policy: Policy, frame: Frame) -> Iterator[str]:
    for entity in policy.statement.action.entities:
        if entity.type == rules.ACTION and entity.id not in {*frame.actions, *frame.groups}:
            yield entity.id


def _mended(name: str) -> str | None:
    """The name with three underscores, if two join its target and tool."""
    target, half, tool = name.partition(_HALF_JOIN)
    if not half or not target or not tool or tool.startswith("_"):
        return None
    return f"{target}{_JOIN}{tool}"


def _bare_resource(policy: Policy, _: Frame) -> Iterator[Hit]:
    if policy.statement.resource.bare:
        for message in rules.of_resource(policy.statement):
            yield Hit(policy.outline.head[2], message)


def _wrong_resource(policy: Policy, _: Frame) -> Iterator[Hit]:
    if not policy.statement.resource.bare:
        for message in rules.of_resource(policy.statement):
            yield Hit(policy.outline.head[2], message)


def _wrong_gateway(policy: Policy, frame: Frame) -> Iterator[Hit]:
    key, named = policy.source.key, policy.statement.gateway
    if key is None or any(rules.of_resource(policy.statement)):
        return
    expected = frame.gateways.get(key.tier)
    if expected is not None and named != expected:
        about = "every gateway" if named is None else f"`{named}`"
        yield Hit(
            policy.outline.head[2],
            f"the policy is about {about}, not about the tier's gateway `{expected}`",
        )


AUDITS: Final = (
    Audit(
        Rule(
            "unknown-principal",
            Severity.ERROR,
            "the principal is of a type, or in a group, that AgentCore doesn't have",
            "`principal is AgentCore::OAuthUser`, and a claim in the conditions",
            SCHEMA,
        ),
        _principal,
    ),
    Audit(
        Rule(
            "unknown-action",
            Severity.ERROR,
            "the action is none of the gateway's tools",
            'AgentCore::Action::"TARGET___TOOL", as `policy render` writes it',
            SCOPE,
        ),
        _action,
    ),
    Audit(
        Rule(
            "two-underscores",
            Severity.ERROR,
            "target and tool are joined by two underscores",
            "join them by three: TARGET___TOOL",
            SCHEMA,
        ),
        _underscores,
    ),
    Audit(
        Rule(
            "bare-resource",
            Severity.ERROR,
            "the resource is left open",
            'name the tier\'s gateway: `resource == AgentCore::Gateway::"arn:…"`',
            SCOPE_PAIRS,
        ),
        _bare_resource,
    ),
    Audit(
        Rule(
            "wrong-resource",
            Severity.ERROR,
            "the resource is no gateway, or not named although the action is",
            'name the tier\'s gateway: `resource == AgentCore::Gateway::"arn:…"`',
            SCOPE_PAIRS,
        ),
        _wrong_resource,
    ),
    Audit(
        Rule(
            "wrong-gateway",
            Severity.ERROR,
            "a tier's policy is about another gateway than the tier's",
            "run `tenantctl policy render`, or copy the ARN of a rendered file",
            SCOPE,
        ),
        _wrong_gateway,
    ),
)
