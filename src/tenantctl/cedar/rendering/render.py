"""Policies from the configuration: a permit for each tool that a tier may call, and kill switches.

What a tier isn't given, nobody renders: AgentCore denies by default. A permit holds all conditions
of its rule; a kill switch is a forbid beside it, because a forbid wins over every permit.
https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/policy-understanding-cedar.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tenantctl.cedar.check import check
from tenantctl.cedar.rendering.template import fill
from tenantctl.cedar.statement import MAX_LENGTH, Statement, parse
from tenantctl.domain import files
from tenantctl.domain.layout import ROLE_CLAIM
from tenantctl.domain.names import Names
from tenantctl.domain.policies import PolicyKey
from tenantctl.domain.pool import Tier, ToolRule
from tenantctl.domain.tools import TOOLS
from tenantctl.errors import ConfigError, Place, PolicyInvalidError

_PERMIT = "cedar/permit.cedar.j2"
_SWITCH = "cedar/disabled.cedar.j2"

_RETIRED = {
    "cedar/always.cedar.j2": "4039f3c975bef073b501d1c29d48f2b0974f62ea37b9961db583035bb57010b5",
    "cedar/hours.cedar.j2": "4f6c9a484d6f8c7862433738f00b6b576a51a04351a616ff8374f6d153da613e",
}
"""Templates of earlier versions, with the digests that they were shipped with."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """One policy: whose it is, the file's text with its comments, and the statement in it."""

    key: PolicyKey
    text: str
    statement: Statement


def render(names: Names, *, beside: Path | None = None) -> tuple[Rendered, ...]:
    """Every tier's policies, sorted; `beside` is the directory of tenantctl.yaml.

    Each is checked against the tools' schema. Raises `PolicyInvalidError`, `ConfigError` for an
    own template that isn't read any more, `NotFoundError` for a missing one.
    """
    _refuse_retired(beside)
    done = (one for tier in names.pool.tiers.values() for one in _tier(names, tier, beside=beside))
    return tuple(sorted(done, key=lambda one: one.key))


def render_rule(
    names: Names, key: PolicyKey, rule: ToolRule, *, beside: Path | None = None
) -> Rendered:
    """The permit of one rule; see `render`."""
    tool = TOOLS.get(key.tool)
    if tool is None:
        raise ConfigError(f"unknown tool `{key.tool}`", hint=f"use one of {', '.join(TOOLS)}")
    values: dict[str, object] = {
        "tool": tool.name,
        "action": tool.action,
        "hours": rule.hours,
        "roles": rule.roles,
        "role_claim": ROLE_CLAIM,
        "inputs": rule.inputs,
    }
    return _rendered(names, key, _PERMIT, values, beside=beside)


def render_switch(
    names: Names, tier: str, tool: str | None = None, *, beside: Path | None = None
) -> Rendered:
    """The forbid of a tool's kill switch, or without one of the whole tier's; see `render`."""
    values: dict[str, object] = {
        "tool": tool,
        "action": None if tool is None else TOOLS[tool].action,
        "actions": tuple(each.action for each in TOOLS.values()),
    }
    return _rendered(names, PolicyKey.switch(tier, tool), _SWITCH, values, beside=beside)


def _tier(names: Names, tier: Tier, *, beside: Path | None) -> Iterator[Rendered]:
    if tier.disabled:
        yield render_switch(names, tier.name, beside=beside)
    for tool, rule in tier.tools.items():
        yield render_rule(names, PolicyKey(tier.name, tool), rule, beside=beside)
        if rule.disabled:
            yield render_switch(names, tier.name, tool, beside=beside)


def _rendered(
    names: Names,
    key: PolicyKey,
    template: str,
    values: Mapping[str, object],
    *,
    beside: Path | None,
) -> Rendered:
    gateway = names.gateway_arn(key.tier)
    common = {
        "id": key.annotation,
        "tier": key.tier,
        "claim": names.pool.identity.tier.claim,
        "gateway": gateway,
    }
    text = fill(files.template(template, beside=beside), {**common, **values}, source=template)
    statement = parse(text, key.path)
    if len(statement.text) > MAX_LENGTH:
        raise PolicyInvalidError(
            f"its rules make a statement of {len(statement.text):,} characters, and AgentCore "
            f"takes {MAX_LENGTH:,}",
            place=Place(key.path),
            hint="shorten `roles` and `one_of` in the configuration",
        )
    check(key, statement, gateway)
    return Rendered(key, text, statement)


def _refuse_retired(beside: Path | None) -> None:
    """Refuse to ignore what somebody wrote into a template that isn't read any more."""
    for name, shipped in _RETIRED.items():
        text = None if beside is None else files.own_template(name, beside=beside)
        if text is not None and hashlib.sha256(text.encode()).hexdigest() != shipped:
            raise ConfigError(
                f"template `templates/{name}` isn't read any more, and was changed",
                hint=f"carry the change over to templates/{_PERMIT}, and delete it",
            )
