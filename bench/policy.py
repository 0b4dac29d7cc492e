"""How fast policies are decided, against cedarpy alone in the same run.

- `policy test`: cases of many callers and hours, decided and judged, against the same requests put
  to cedarpy one at a time, with the policies and each caller's entities parsed beforehand.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

import cedarpy

from bench.cloud import example_pool
from bench.result import Result, interleaved
from tenantctl.cedar.cases import Case, Expectation
from tenantctl.cedar.decide import USER, Decider, ToolCall
from tenantctl.cedar.render import render
from tenantctl.cedar.statement import Statement
from tenantctl.cedar.suite import run as run_cases
from tenantctl.domain.clock import WEEKDAYS, ClinicTime
from tenantctl.domain.names import Names
from tenantctl.domain.tools import TOOLS
from tenantctl.errors import Place

CALLS = 20_000
CALLERS = 50
DECISIONS = 0.7
ROUNDS = 5
_EXPECTED = {True: Expectation.ALLOW, False: Expectation.DENY}


def calls(names: Names) -> Iterator[ToolCall]:
    """Callers of both tiers, in every tool, at every hour of the week."""
    tools, tiers = list(TOOLS.values()), list(names.pool.tiers)
    for number in range(CALLS):
        tier, tool = tiers[number % len(tiers)], tools[number // 2 % len(tools)]
        moment = ClinicTime(number // 3 % 24, WEEKDAYS[number // 7 % 7])
        yield ToolCall(
            {"custom:tier": tier, "custom:role": f"role-{number % CALLERS}"},
            tool.action,
            names.gateway_arn(tier),
            {"patient_id": f"p-{number}", **moment.inputs},
        )


def run() -> Iterator[Result]:
    """One figure after another."""
    names = Names(example_pool(), "123456789012")
    policies = {policy.key.annotation: policy.statement for policy in render(names)}
    yield decisions(policies, list(calls(names)))


def decisions(policies: Mapping[str, Statement], asked: list[ToolCall]) -> Result:
    """Calls decided in a second."""
    place = Place("bench")
    said = Decider({name: policy.text for name, policy in policies.items()}).decide_all(asked)
    cases = [
        Case(str(number), place, (call,), _EXPECTED[verdict.allowed], None)
        for number, (call, verdict) in enumerate(zip(asked, said, strict=True))
    ]
    handle = cedarpy.PolicySet.from_str("\n".join(policy.text for policy in policies.values()))
    entities: dict[str, cedarpy.Entities] = {}
    requests = [(request(call), known(call, entities)) for call in asked]

    def ours() -> float:
        started = time.perf_counter()
        run_cases(cases, policies)
        return len(asked) / (time.perf_counter() - started)

    def base() -> float:
        started = time.perf_counter()
        for made, who in requests:
            assert cedarpy.is_authorized(made, handle, who).allowed in {True, False}  # noqa: S101 - a bench
        return len(asked) / (time.perf_counter() - started)

    return Result(
        "decisions of policy test",
        *interleaved(ROUNDS, ours, base),
        unit="/s",
        baseline="cedarpy with handles",
        at_least=DECISIONS,
    )


def request(call: ToolCall) -> dict[str, Any]:
    """The call as cedarpy takes it."""
    return {
        "principal": {"type": USER, "id": call.sub},
        "action": {"type": "AgentCore::Action", "id": call.action},
        "resource": {"type": "AgentCore::Gateway", "id": call.gateway},
        "context": {"input": dict(call.input)},
    }


def known(call: ToolCall, entities: dict[str, cedarpy.Entities]) -> cedarpy.Entities:
    """The caller with its claims, parsed once."""
    key = json.dumps(sorted(call.claims.items()))
    if key not in entities:
        user = {"uid": {"type": USER, "id": call.sub}, "attrs": {}, "parents": []}
        text = json.dumps([{**user, "tags": dict(call.claims)}])
        entities[key] = cedarpy.Entities.from_json_str(text)
    return entities[key]
