"""Audits of whose word a policy takes, and of whom it speaks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tenantctl.cedar.decide import USER
from tenantctl.cedar.lint.audit import Audit
from tenantctl.cedar.lint.rule import (
    CONDITIONS,
    INTERCEPTORS,
    LIMITS,
    UNDERSTANDING,
    Hit,
    Rule,
    Severity,
)
from tenantctl.cedar.lint.subject import Frame, Policy
from tenantctl.cedar.regions.mentions import Asks, Mention
from tenantctl.cedar.regions.operand import Kind
from tenantctl.cedar.statement import Effect
from tenantctl.domain.clock import HOUR_INPUT, WEEKDAY_INPUT, WEEKDAYS

_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
_TELLING = frozenset(
    {
        "admin",
        "caller",
        "claim",
        "clinic",
        "clock",
        "date",
        "day",
        "email",
        "group",
        "groups",
        "hour",
        "hours",
        "identity",
        "now",
        "organization",
        "owner",
        "principal",
        "role",
        "roles",
        "scope",
        "scopes",
        "sub",
        "subject",
        "tenant",
        "tier",
        "time",
        "timestamp",
        "timezone",
        "today",
        "user",
        "username",
        "weekday",
    }
)
"""Words in an input's name that make it look like identity or time."""

_LATEST = 24
_COMPARED = {Asks.TEXT, Asks.LIKE, Asks.MEMBER}


def _caller(policy: Policy, frame: Frame) -> Iterator[Hit]:
    if policy.statement.effect is not Effect.PERMIT:
        return
    tools = policy.tools(frame)
    names = dict.fromkeys(one.attribute.path[0] for one in policy.mentioned(Kind.INPUT))
    for name in names:
        overwritten = tools and all(name in tool.server_set for tool in tools)
        if not overwritten and _TELLING & {word.lower() for word in _WORD.findall(name)}:
            yield Hit(policy.line(name), f"the caller sets `{name}`, and nobody overwrites it")


def _one_tenant(policy: Policy, frame: Frame) -> Iterator[Hit]:
    claim = frame.tenant_claim
    for one in policy.mentioned(Kind.CLAIM, claim):
        if one.asks in _COMPARED and one.value is not None:
            yield Hit(policy.line(claim), f"the policy speaks of tenant {_shown(one)}")
            break
    users = [e.id for e in policy.statement.principal.entities if e.type == USER]
    if users:
        yield Hit(policy.outline.head[0], f"the policy speaks of user `{users[0]}`")
        return
    for one in (*policy.mentioned(Kind.SUBJECT), *policy.mentioned(Kind.CLAIM, "sub")):
        if one.asks in _COMPARED and one.value is not None and _of_users(policy):
            yield Hit(policy.line(str(one.value)), f"the policy speaks of user {_shown(one)}")
            return


def _unknown_tier(policy: Policy, frame: Frame) -> Iterator[Hit]:
    for one in policy.mentioned(Kind.CLAIM, frame.tier_claim):
        if one.asks is Asks.TEXT and one.value not in frame.gateways:
            yield Hit(policy.line(str(one.value)), f"`{one.value}` is no tier")


def _hours(policy: Policy, _: Frame) -> Iterator[Hit]:
    for one in policy.mentioned(Kind.INPUT, HOUR_INPUT):
        if one.asks is Asks.CUT and not 0 <= one.value <= _LATEST:
            yield Hit(
                policy.line(str(abs(one.value)), str(abs(one.value - 1))),
                f"`{HOUR_INPUT}` is compared with what no clock shows: it goes from 0 to 23",
            )
            return


def _weekdays(policy: Policy, _: Frame) -> Iterator[Hit]:
    for one in policy.mentioned(Kind.INPUT, WEEKDAY_INPUT):
        if one.asks is Asks.TEXT and one.value not in WEEKDAYS:
            yield Hit(policy.line(one.value), f"`{one.value}` is no weekday")


def _of_users(policy: Policy) -> bool:
    scope = policy.statement.principal
    return scope.bare or scope.entity_type == USER


def _shown(one: Mention) -> str:
    if one.asks is Asks.LIKE:
        return f"`{''.join('*' if letter is None else letter for letter in one.value)}`"
    return f"`{one.value}`"


AUDITS: Final = (
    Audit(
        Rule(
            "caller-controlled",
            Severity.WARNING,
            "a permit takes the caller's word for who it is, or for the time",
            "ask a claim of the token, or an input that the gateway's interceptor overwrites",
            INTERCEPTORS,
        ),
        _caller,
    ),
    Audit(
        Rule(
            "names-one-tenant",
            Severity.WARNING,
            "a policy speaks of one tenant or one user",
            "speak of tiers and roles: an engine holds 1,000 policies and takes 5 writes a second",
            LIMITS,
        ),
        _one_tenant,
    ),
    Audit(
        Rule(
            "unknown-tier",
            Severity.WARNING,
            "the tier claim is compared with what is no tier of the configuration",
            "name one of `tiers` in tenantctl.yaml",
            UNDERSTANDING,
        ),
        _unknown_tier,
    ),
    Audit(
        Rule(
            "hours-out-of-range",
            Severity.WARNING,
            "an hour is compared with what no clock shows",
            "use hours from 0 to 24; the last one is excluded: `< 24`",
            CONDITIONS,
        ),
        _hours,
    ),
    Audit(
        Rule(
            "unknown-weekday",
            Severity.WARNING,
            "a weekday is compared with what the interceptor never sets",
            f"use {', '.join(WEEKDAYS)}",
            CONDITIONS,
        ),
        _weekdays,
    ),
)
