"""Policies from the configuration: one statement for each tool that a tier may call.

What a tier isn't given, nobody renders: AgentCore denies by default.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tenantctl.cedar.check import check
from tenantctl.cedar.statement import Statement, escaped, literal, parse
from tenantctl.domain import files
from tenantctl.domain.names import Names
from tenantctl.domain.policies import PolicyKey
from tenantctl.domain.pool import ToolRule
from tenantctl.domain.tools import TOOLS, Tool
from tenantctl.errors import ConfigError, PolicyInvalidError

if TYPE_CHECKING:
    from jinja2 import Environment

HOUR_INPUT = "request_hour"
"""The input that rules about hours read; the gateway's interceptor must be who sets it."""

_WIDTH = 100


@dataclass(frozen=True, slots=True)
class Rendered:
    """One policy: whose it is, the file's text with its comments, and the statement in it."""

    key: PolicyKey
    text: str
    statement: Statement


def render(names: Names, *, beside: Path | None = None) -> tuple[Rendered, ...]:
    """Every tier's policies, sorted; `beside` is the directory of tenantctl.yaml.

    Each is checked against the tools' schema. Raises `PolicyInvalidError`, `ConfigError` for a
    rule that can't be enforced, `NotFoundError` for a missing template.
    """
    done = (
        render_rule(names, PolicyKey(tier.name, tool), rule, beside=beside)
        for tier in names.pool.tiers.values()
        for tool, rule in tier.tools.items()
    )
    return tuple(sorted(done, key=lambda one: one.key))


def render_rule(
    names: Names, key: PolicyKey, rule: ToolRule, *, beside: Path | None = None
) -> Rendered:
    """The policy of one rule; see `render`."""
    tool = TOOLS.get(key.tool)
    if tool is None:
        raise ConfigError(f"unknown tool `{key.tool}`", hint=f"use one of {', '.join(TOOLS)}")
    values: dict[str, object] = {
        "id": key.annotation,
        "tier": key.tier,
        "tool": tool.name,
        "claim": names.pool.identity.tier.claim,
        "action": tool.action,
        "gateway": names.gateway_arn(key.tier),
    }
    name = "cedar/always.cedar.j2"
    if rule.hours is not None:
        _must_know_hour(tool)
        name = "cedar/hours.cedar.j2"
        values |= {"start": rule.hours.start, "until": rule.hours.end}
    text = fill(files.template(name, beside=beside), values, source=name)
    statement = parse(text, key.path)
    check(key, statement, names.gateway_arn(key.tier))
    return Rendered(key, text, statement)


def fill(template: str, values: Mapping[str, object], *, source: str) -> str:
    """The template with its values, formatted as Cedar; `source` names the template in errors.

    Nothing is escaped by itself: a template writes values with the filters `cedar_string`,
    `cedar_long`, `cedar_comment` and `hour`. Raises `PolicyInvalidError`.
    """
    import cedarpy
    import jinja2

    try:
        text = _environment().from_string(template).render(values)
    except jinja2.TemplateSyntaxError as error:
        raise PolicyInvalidError(f"{source}:{error.lineno}: {error.message}") from error
    except (jinja2.TemplateError, TypeError, ArithmeticError) as error:
        raise PolicyInvalidError(f"{source}: {error}") from error
    parse(text, source)
    return cedarpy.format_policies(text, line_width=_WIDTH).rstrip() + "\n"


@cache
def _environment() -> Environment:
    import jinja2
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    environment.filters.clear()
    environment.filters.update(
        cedar_string=_string, cedar_comment=_comment, cedar_long=_long, hour=_hour
    )
    # What is written without a filter is a number or a mistake, never text.
    environment.finalize = _filtered
    return environment


class _Safe(str):
    """Cedar text that a filter made."""

    __slots__ = ()


def _filtered(value: object) -> object:
    if isinstance(value, _Safe):
        return value
    raise PolicyInvalidError(
        f"a template writes `{value}` without a filter",
        hint="write it as {{ value|cedar_string }}, or as cedar_long or cedar_comment",
    )


def _string(value: object) -> _Safe:
    return _Safe(literal(_text(value)))


def _comment(value: object) -> _Safe:
    return _Safe(escaped(_text(value)))


def _long(value: object) -> _Safe:
    return _Safe(_number(value))


def _hour(value: object) -> _Safe:
    return _Safe(f"{_number(value):02d}:00")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"`{value}` is no text")  # an undefined value names itself here
    return value


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"`{value}` is no whole number")
    return value


def _must_know_hour(tool: Tool) -> None:
    if HOUR_INPUT not in tool.server_set:
        able = [other.name for other in TOOLS.values() if HOUR_INPUT in other.server_set]
        raise ConfigError(
            f"hours can't be enforced on `{tool.name}`: the gateway doesn't set its "
            f"`{HOUR_INPUT}` input",
            hint=f"tools that know the hour: {', '.join(able)}",
        )
