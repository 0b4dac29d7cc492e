"""How fast policies are decided, against cedarpy alone in the same run.

- `policy test`: cases of many callers and hours, decided and judged, against the same requests put
  to cedarpy one at a time, with the policies and each caller's entities parsed beforehand.
- Validation of 1,000 policies, as before a push, against cedarpy parsing and validating each.
- `policy lint` of the same 1,000, which also tries each on every kind of call that it tells apart
  (some 600 a policy), against the same.
- `policy diff` of two sets of 200, every third tier's hours changed, against the same of all 400.

Processor time is measured: all of it is computing, and other processes' turns are none of it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import cedarpy

from bench.cloud import example_pool
from bench.policy_sets import ACCOUNT, many
from bench.result import Result, interleaved
from tenantctl.cedar.check import check
from tenantctl.cedar.decide import USER, Decider, ToolCall
from tenantctl.cedar.diff.compare import compare
from tenantctl.cedar.lint.run import lint
from tenantctl.cedar.lint.subject import Source, frame
from tenantctl.cedar.rendering.render import Rendered, render
from tenantctl.cedar.schema import schema
from tenantctl.cedar.statement import Statement, parse
from tenantctl.cedar.testing.cases import Case, Expectation
from tenantctl.cedar.testing.suite import run as run_cases
from tenantctl.domain.clock import WEEKDAYS, ClinicTime
from tenantctl.domain.names import Names
from tenantctl.domain.tools import TOOLS
from tenantctl.errors import Place
from tenantctl.policy.difference import known as known_of

CALLS = 20_000
CALLERS = 50
DECISIONS = 0.7
VALIDATION = 6.0
LINT = 60.0
DIFF = 15.0
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
    names = Names(example_pool(), ACCOUNT)
    policies = {policy.key.annotation: policy.statement for policy in render(names)}
    yield decisions(policies, list(calls(names)))
    yield from of_thousand()
    yield differences()


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

    def bare() -> None:
        for made, who in requests:
            assert cedarpy.is_authorized(made, handle, who).allowed in {True, False}  # noqa: S101 - a bench

    ours, base = interleaved(ROUNDS, seconds(lambda: run_cases(cases, policies)), seconds(bare))
    return Result(
        "decisions of policy test",
        len(asked) / ours,
        len(asked) / base,
        unit="/s",
        baseline="cedarpy with handles",
        at_least=DECISIONS,
    )


def of_thousand() -> Iterator[Result]:
    """Seconds for checking, and for linting, as many policies as an engine takes."""
    names, policies = many(1_000)
    texts = [policy.text for policy in policies]

    def checked() -> None:
        for policy in policies:
            statement = parse(policy.text, policy.key.path)
            check(policy.key, statement, names.gateway_arn(policy.key.tier))

    def linted() -> None:
        found = lint([Source(one.key.path, one.text, one.key) for one in policies], frame(names))
        if found.failed():
            raise AssertionError(found.summary)

    for name, rounds, ours, limit in (
        ("validation of 1,000 policies", ROUNDS, checked, VALIDATION),
        ("lint of 1,000 policies", 1, linted, LINT),
    ):
        yield Result(
            name,
            *interleaved(rounds, seconds(ours), seconds(lambda: alone(texts))),
            unit="s",
            baseline="cedarpy reading and validating",
            at_most=limit,
        )


def differences() -> Result:
    """Seconds for the differences between two sets of policies."""
    names, old = many(200)
    _, new = many(200, shift=2)
    before, after = by_label(old), by_label(new)
    known = known_of(names, {})

    def compared() -> None:
        found = compare(before, after, known=known)
        if not found.differences or found.beyond:
            raise AssertionError(found.beyond)

    texts = [*before.values(), *after.values()]
    return Result(
        "diff of two sets of 200 policies",
        *interleaved(ROUNDS, seconds(compared), seconds(lambda: alone(texts))),
        unit="s",
        baseline="cedarpy reading and validating",
        at_most=DIFF,
    )


def by_label(policies: Sequence[Rendered]) -> dict[str, str]:
    """Statements by id."""
    return {policy.key.annotation: policy.statement.text for policy in policies}


def alone(texts: Sequence[str]) -> None:
    """What cedarpy takes at least: reading each text, and validating it with a schema read once."""
    against = cedarpy.Schema.from_json_str(json.dumps(schema()))
    for text in texts:
        cedarpy.policies_to_json_str(text)
        if not cedarpy.validate_policies(text, against):
            raise AssertionError(text)


def seconds(work: Callable[[], object]) -> Callable[[], float]:
    """What measures the processor time of the work."""

    def measured() -> float:
        started = time.process_time()
        work()
        return time.process_time() - started

    return measured


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
