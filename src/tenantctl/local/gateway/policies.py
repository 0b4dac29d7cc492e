"""What the gateway's policy engine says of a tool call, in AgentCore's words.

https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/use-gateway-with-policy.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from tenantctl.cedar.decide import Decider, ToolCall
from tenantctl.cedar.statement import Effect, parse

_DENIED = "Tool Execution Denied: Tool call not allowed due to policy enforcement"


@dataclass(frozen=True, slots=True)
class Denied:
    """A refused call. `policies` are the ids of the forbids that refused it.

    Where none did, `unmet` are the ids of the permits for the same tool whose conditions the call
    doesn't meet.
    """

    policies: tuple[str, ...]
    unmet: tuple[str, ...]

    @property
    def message(self) -> str:
        """AgentCore's text; the ids of unmet permits are the embedded cloud's addition."""
        if self.policies:
            return f"{_DENIED} [Policy evaluation denied due to {', '.join(self.policies)}]"
        unmet = f" Not met: {', '.join(self.unmet)}." if self.unmet else ""
        return f"{_DENIED} [No policy applies to the request (denied by default).{unmet}]"


@dataclass(frozen=True, slots=True)
class Enforced:
    """The policies that an engine enforces, read once; made by `enforced`."""

    decider: Decider
    permits: tuple[tuple[str, str, str], ...] = field(repr=False)
    """Gateway, action and policy id of each permit that names them."""

    def denial(self, call: ToolCall) -> Denied | None:
        """Why the call is refused; `None` where it is allowed.

        A policy that can't be evaluated on the call refuses it: left out, as Cedar does, a forbid
        would forbid nothing.
        """
        verdict = self.decider.decide(call)
        if verdict.allowed and not verdict.errors:
            return None
        about = (call.gateway, call.action)
        unmet = tuple(name for gateway, action, name in self.permits if (gateway, action) == about)
        return Denied(() if verdict.allowed else verdict.deciding, unmet)

    def shows(self, call: ToolCall) -> bool:
        """Whether a tool is listed: some input might be allowed."""
        return self.decider.may_allow(call)


def enforced(policies: Mapping[str, str]) -> Enforced:
    """Policies by id, ready to decide; raises `PolicyInvalidError`."""
    return _enforced(tuple(sorted(policies.items())))


@lru_cache(maxsize=32)
def _enforced(policies: tuple[tuple[str, str], ...]) -> Enforced:
    permits = []
    for name, text in policies:
        statement = parse(text, name)
        if statement.effect is Effect.PERMIT and statement.gateway is not None:
            permits += [(statement.gateway, one.id, name) for one in statement.action.entities]
    return Enforced(Decider(dict(policies)), tuple(permits))


def tags_of(claims: Mapping[str, Any]) -> dict[str, str]:
    """A token's claims as Cedar tags, which are all text: what isn't text is written as JSON.

    https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/policy-schema-constraints.html
    """
    return {
        name: value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
        for name, value in claims.items()
    }
