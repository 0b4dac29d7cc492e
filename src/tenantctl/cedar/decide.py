"""Whether policies let a tool call through, and which of them say so: Cedar's own engine decides.

A call is what the gateway makes of one: the token's subject and claims, the tool's action, the
gateway's ARN, and the tool's input.
https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/policy-authorization-flow.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tenantctl.cedar.statement import Tree, literal, tree_of
from tenantctl.domain.tools import TOOLS, Tool
from tenantctl.errors import PolicyInvalidError

if TYPE_CHECKING:
    from cedarpy import Entities, PolicySet

USER = "AgentCore::OAuthUser"
IAM = "AgentCore::IamEntity"
ANOTHER_TOOL = Tool("any other tool", "")
"""Stands for every tool that a gateway may have besides the declared ones."""

_ACTION = "AgentCore::Action"
_GATEWAY = "AgentCore::Gateway"
_PLAIN = frozenset({str, int, bool})
_REMEMBERED = 4_096
"""Principals whose parsed entities are kept, for cases that come in any order."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One tool call as the policy engine sees it.

    `claims` are the token's, all text; `action` is the Cedar action's id (`Target___tool`);
    `gateway` is an ARN; `input` is the tool's, with JSON's types, and `Decimal` for fractions.
    `caller` is the type of who calls: `USER`, or `IAM` without claims, whose `sub` is an ARN.
    """

    claims: Mapping[str, str]
    action: str
    gateway: str
    input: Mapping[str, Any] = field(default_factory=dict)
    sub: str = "00000000-0000-4000-8000-000000000000"
    caller: str = USER


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the policies say of a call.

    `deciding` are the ids of the permits that allowed it or the forbids that refused it, sorted:
    none means refused by default. `errors` are of policies that couldn't be evaluated and were
    left out, as Cedar does.
    """

    allowed: bool
    deciding: tuple[str, ...]
    errors: tuple[str, ...] = ()


class Decider:
    """A set of policies, read once, that answers for one call or many."""

    __slots__ = ("_entities", "_groups", "_policies")

    def __init__(self, policies: Mapping[str, str]) -> None:
        """`policies` are statements by the id that verdicts call them.

        Raises `PolicyInvalidError` for text that isn't one statement.
        """
        self._read({name: tree_of(text, name) for name, text in policies.items()})

    @classmethod
    def of_trees(cls, trees: Mapping[str, Tree]) -> Decider:
        """The same from statements in Cedar's policy JSON."""
        decider = cls.__new__(cls)
        decider._read(trees)  # noqa: SLF001 - its own
        return decider

    def _read(self, trees: Mapping[str, Tree]) -> None:
        import cedarpy

        whole = json.dumps({"staticPolicies": trees, "templates": {}, "templateLinks": []})
        try:
            self._policies: PolicySet = cedarpy.PolicySet.from_json_str(whole)
        except ValueError as error:
            raise PolicyInvalidError(f"not Cedar policies: {error}") from error
        self._entities: dict[tuple[str, ...], Entities] = {}
        # Only `in` asks for an action's groups, and every decision pays for entities.
        self._groups = tuple(_actions()) if '"in"' in whole else ()

    def decide(self, call: ToolCall) -> Verdict:
        """The verdict on one call."""
        return self.decide_all((call,))[0]

    def decide_all(self, calls: Sequence[ToolCall]) -> tuple[Verdict, ...]:
        """The verdicts on many calls, in their order."""
        import cedarpy

        by_principal: dict[tuple[str, ...], list[int]] = {}
        for number, call in enumerate(calls):
            by_principal.setdefault(_who(call), []).append(number)
        verdicts: list[Verdict | None] = [None] * len(calls)
        for who, numbers in by_principal.items():
            answers = cedarpy.is_authorized_batch(
                [_request(calls[number]) for number in numbers],
                self._policies,
                self._principal(who, calls[numbers[0]]),
            )
            for number, answer in zip(numbers, answers, strict=True):
                said = answer.diagnostics
                verdicts[number] = Verdict(
                    answer.allowed, tuple(sorted(said.reasons)), tuple(map(str, said.errors))
                )
        return tuple(verdict for verdict in verdicts if verdict is not None)

    def may_allow(self, call: ToolCall) -> bool:
        """Whether there may be an input with which the call would be allowed; its own is ignored.

        Cedar evaluates what doesn't depend on the input; what is left over may turn out either
        way. It is for showing what somebody may try, never for deciding a call.
        """
        import cedarpy

        answer = cedarpy.is_authorized_partial(
            {
                "principal": f"{call.caller}::{literal(call.sub)}",
                "action": f"{_ACTION}::{literal(call.action)}",
                "resource": f"{_GATEWAY}::{literal(call.gateway)}",
            },
            self._policies,
            self._principal(_who(call), call),
        )
        # A request that can't be read has no residuals either.
        undecided = answer.decision is cedarpy.Decision.NoDecision and bool(answer.residuals)
        return answer.allowed or undecided

    def _principal(self, who: tuple[str, ...], call: ToolCall) -> Entities:
        import cedarpy

        known = self._entities.get(who)
        if known is None:
            if len(self._entities) >= _REMEMBERED:
                self._entities.clear()
            known = cedarpy.Entities.from_json_str(json.dumps([_user(call), *self._groups]))
            self._entities[who] = known
        return known


def _who(call: ToolCall) -> tuple[str, ...]:
    return (
        call.caller,
        call.sub,
        *(part for claim in sorted(call.claims.items()) for part in claim),
    )


def _user(call: ToolCall) -> dict[str, Any]:
    return {
        "uid": {"type": call.caller, "id": call.sub},
        "attrs": {"id": call.sub},
        "parents": [],
        "tags": dict(call.claims),
    }


def _actions() -> Iterable[dict[str, Any]]:
    """The tools' actions in their groups, for policies about a group."""
    tools = (*TOOLS.values(), ANOTHER_TOOL)
    for tool in tools:
        groups = ("CallTool", tool.target)
        yield {
            "uid": {"type": _ACTION, "id": tool.action},
            "attrs": {},
            "parents": [{"type": _ACTION, "id": group} for group in groups],
        }
    for group in ("CallTool", *dict.fromkeys(tool.target for tool in tools)):
        parent = "Mcp" if group == "CallTool" else "CallTool"
        yield {
            "uid": {"type": _ACTION, "id": group},
            "attrs": {},
            "parents": [{"type": _ACTION, "id": parent}],
        }


def _request(call: ToolCall) -> dict[str, Any]:
    plain = all(type(value) in _PLAIN for value in call.input.values())
    given = dict(call.input) if plain else _value(call.input)
    return {
        "principal": {"type": call.caller, "id": call.sub},
        "action": {"type": _ACTION, "id": call.action},
        "resource": {"type": _GATEWAY, "id": call.gateway},
        "context": json.dumps({"input": given}),
    }


def _value(value: Any) -> Any:  # noqa: ANN401 - JSON
    """JSON as Cedar reads it; fractions are its `decimal`."""
    if isinstance(value, Mapping):
        return {name: _value(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_value(part) for part in value]
    if isinstance(value, Decimal | float):
        text = f"{Decimal(str(value)):f}"
        # Cedar reads no decimal without a point.
        return {"__extn": {"fn": "decimal", "arg": text if "." in text else f"{text}.0"}}
    return value
