"""Large sets of policies, as a configuration of many tiers yields them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bench.cloud import example_pool
from tenantctl.cedar.rendering.render import Rendered, render
from tenantctl.domain.clock import WEEKDAYS
from tenantctl.domain.names import Names
from tenantctl.domain.pool import Hours, InputRule, Tier, ToolRule
from tenantctl.domain.tools import TOOLS

ACCOUNT = "123456789012"
_ROLES = ("physician", "nurse", "administrator", "billing", "research")


def many(policies: int, *, shift: int = 0) -> tuple[Names, tuple[Rendered, ...]]:
    """That many policies, five to a tier, no two alike; `shift` opens every third tier later.

    Each asks for the tier; most ask for hours, roles or inputs too.
    """
    tiers = {
        name: Tier(name, dict(_rules(number, shift if number % 3 == 0 else 0)))
        for number in range(policies // len(TOOLS))
        for name in [f"tier{number}"]
    }
    names = Names(replace(example_pool(), tiers=tiers), ACCOUNT)
    rendered = render(names)
    if len(rendered) != policies:
        raise AssertionError(f"{len(rendered)} policies where {policies} are to be measured")
    return names, rendered


def _rules(number: int, shift: int) -> Iterator[tuple[str, ToolRule]]:
    for place, (name, tool) in enumerate(TOOLS.items()):
        start = (number + place) % 8 + shift
        hours = Hours(start, start + 9, WEEKDAYS[: 3 + (number + place) % 5])
        roles = _ROLES[: 1 + (number + place) % len(_ROLES)]
        limits = (
            (InputRule("limit", low=1, high=10 + number),) if "limit" in tool.properties else ()
        )
        yield (
            name,
            (ToolRule(hours), ToolRule(hours, roles, limits), ToolRule(None, roles))[number % 3],
        )
