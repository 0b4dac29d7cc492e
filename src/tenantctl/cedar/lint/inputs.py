"""Audits of conditions that need no evaluation: names, types and guards, by the tools' schema."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tenantctl.cedar import rules
from tenantctl.cedar.decide import IAM
from tenantctl.cedar.lint.audit import Audit
from tenantctl.cedar.lint.rule import (
    CEDAR_OPERATORS,
    CEDAR_VALIDATION,
    CONDITIONS,
    SCHEMA,
    SCOPE_PAIRS,
    Hit,
    Rule,
    Severity,
)
from tenantctl.cedar.lint.subject import Frame, Policy
from tenantctl.cedar.regions.operand import Kind
from tenantctl.cedar.statement import nodes

_UNGUARDED = "unable to guarantee safety of access"
_NAMED = re.compile(r'`"?(?:input\.)?([^`"]+)"?`')


def _entities(policy: Policy, _: Frame) -> Iterator[Hit]:
    for message in rules.of_entities(policy.statement):
        yield Hit(policy.line(*(name.rpartition("::")[2] for name in _names(message))), message)


def _context(policy: Policy, _: Frame) -> Iterator[Hit]:
    for message in rules.of_context(policy.statement):
        yield Hit(policy.outline.word("context") or policy.outline.conditions, message)


def _tags(policy: Policy, _: Frame) -> Iterator[Hit]:
    asked = any({"hasTag", "getTag"} & set(node) for node in _nodes(policy))
    if asked and (policy.statement.principal.entity_type == IAM or _is_iam(policy)):
        yield Hit(policy.line("hasTag", "getTag"), "IAM callers have no tags")
        return
    for message in policy.problems:
        if _on_iam(message):
            yield Hit(
                policy.line(*_names(message)),
                "IAM callers have no tags, and an open `principal` takes them in",
            )
            return


def _guards(policy: Policy, _: Frame) -> Iterator[Hit]:
    for message in policy.problems:
        if _UNGUARDED in message and not _on_iam(message):
            yield Hit(policy.line(*_names(message)), message)


def _unknown(policy: Policy, frame: Frame) -> Iterator[Hit]:
    if any(rules.of_context(policy.statement)):
        return
    told: set[str] = set()
    for message in policy.problems:
        if _is_unknown(message):
            told.update(_names(message))
            yield Hit(policy.line(*_names(message)), message)
    # The validator takes `has` of an undeclared input for false, and what follows as never asked.
    tools = policy.tools(frame)
    declared = {name for tool in tools for name in tool.properties}
    for name in dict.fromkeys(one.attribute.path[0] for one in policy.mentioned(Kind.INPUT)):
        if tools and name not in declared | told:
            who = ", ".join(tool.name for tool in tools)
            yield Hit(policy.line(name), f"`{name}` is no input of {who}")


def _types(policy: Policy, frame: Frame) -> Iterator[Hit]:
    """Whatever else Cedar's validator says, but for what the head's audits say better."""
    if any(rules.refusals(policy.statement)):
        return
    strangers = {entity.id for entity in policy.statement.action.entities}
    strangers -= {*frame.actions, *frame.groups}
    if strangers:
        return
    for message in policy.problems:
        if _UNGUARDED not in message and not _is_unknown(message):
            yield Hit(policy.outline.conditions, message)


def _grouped(policy: Policy, frame: Frame) -> Iterator[Hit]:
    scope = policy.statement.action
    groups = sorted({entity.id for entity in scope.entities} & frame.groups)
    inputs = policy.mentioned(Kind.INPUT)
    if inputs and (scope.bare or groups):
        name = inputs[0].attribute.path[0]
        about = "every tool" if scope.bare else f"the group `{groups[0]}`"
        yield Hit(policy.line(name), f"the action is {about}, and a condition reads `{name}`")


def _is_unknown(message: str) -> bool:
    return message.startswith("attribute ") and "not found" in message


def _on_iam(message: str) -> bool:
    return f"`{IAM}`" in message and "tag" in message


def _is_iam(policy: Policy) -> bool:
    return any(entity.type == IAM for entity in policy.statement.principal.entities)


def _nodes(policy: Policy) -> Iterator[dict[str, object]]:
    for condition in policy.statement.conditions:
        yield from nodes(condition.body)


def _names(message: str) -> tuple[str, ...]:
    """What the validator's message is about: its first quoted name."""
    found = _NAMED.search(message)
    return () if found is None else (found.group(1).rpartition(".")[2],)


AUDITS: Final = (
    Audit(
        Rule(
            "unknown-entity-type",
            Severity.ERROR,
            "a condition names an entity type outside AgentCore's schema",
            "use claims: `principal.hasTag(…) && principal.getTag(…) == …`",
            SCHEMA,
        ),
        _entities,
    ),
    Audit(
        Rule(
            "only-input",
            Severity.ERROR,
            "a condition reads of the context what isn't the tool's input",
            "read `context.input.NAME`; nothing else is passed on",
            SCHEMA,
        ),
        _context,
    ),
    Audit(
        Rule(
            "tags-on-iam",
            Severity.ERROR,
            "claims are asked of IAM callers, who have none",
            "`principal is AgentCore::OAuthUser`; for IAM callers, match `principal.id`",
            SCHEMA,
        ),
        _tags,
    ),
    Audit(
        Rule(
            "missing-guard",
            Severity.ERROR,
            "a claim or an optional input is read without asking whether it is there",
            "`principal.hasTag(…) &&` before a claim, `context.input has … &&` before an input",
            CEDAR_OPERATORS,
        ),
        _guards,
    ),
    Audit(
        Rule(
            "unknown-input",
            Severity.ERROR,
            "a condition reads an input or attribute that isn't declared",
            "read a declared input; claims are tags, not attributes",
            CONDITIONS,
        ),
        _unknown,
    ),
    Audit(
        Rule(
            "schema-mismatch",
            Severity.ERROR,
            "the statement doesn't fit the tools' schema",
            "compare values of the types that the tools declare",
            CEDAR_VALIDATION,
        ),
        _types,
    ),
    Audit(
        Rule(
            "grouped-input",
            Severity.WARNING,
            "an input is read in a policy about a group of actions, or all",
            "name the tools: a tool added without that input breaks the policy",
            SCOPE_PAIRS,
        ),
        _grouped,
    ),
)
