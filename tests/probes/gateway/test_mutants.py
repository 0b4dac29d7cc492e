"""Every broken gateway of `tests/mutants/` trips exactly the probes that it names."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from tests.probes.conftest import MUTANTS

from tenantctl.domain.finding import Outcome
from tenantctl.domain.tools import TOOLS

from .doors import DOORS
from .test_sound import RULES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.probes.conftest import Mutant

    from .conftest import Gates

Step = dict[str, Any]


def broken(gates: Gates, step: Step, patch: pytest.MonkeyPatch) -> AbstractContextManager[object]:
    if "door" in step:
        DOORS[step["door"]](patch)
        return ExitStack()
    if "function" in step:
        name = step["function"]
        deployed = (
            gates.names.interceptor if name == "interceptor" else gates.names.function(TOOLS[name])
        )
        edits = {edit["old"]: edit["new"] for edit in step["edits"]}
        return gates.edited(deployed, step["file"], edits)
    if "policy" in step:
        return _policy(gates, step["policy"])
    if "grant" in step:
        return _granted(gates, step)
    return _settings(gates, step)


def _settings(gates: Gates, step: Step) -> AbstractContextManager[None]:
    tier = step.get("settings") or step["authorizer"]
    key = gates.gateway_id(tier)
    now: Any = gates.aws.client("bedrock-agentcore-control").get_gateway(gatewayIdentifier=key)
    if "authorizer" in step:
        rules = dict(now["authorizerConfiguration"]["customJWTAuthorizer"])
        rules.update(step.get("put", {}))
        rules.pop(step.get("drop"), None)
        return gates.set(tier, {"authorizerConfiguration": {"customJWTAuthorizer": rules}})
    if "mode" in step:
        engine = {**now["policyEngineConfiguration"], "mode": step["mode"]}
        return gates.set(tier, {"policyEngineConfiguration": engine})
    if "headers" in step:
        (one,) = now["interceptorConfigurations"]
        given = {**one, "inputConfiguration": {"passRequestHeaders": step["headers"]}}
        return gates.set(tier, {"interceptorConfigurations": [given]})
    return gates.set(tier, step["put"])


@contextmanager
def _policy(gates: Gates, text: str) -> Iterator[None]:
    control = gates.aws.client("bedrock-agentcore-control")
    (engine,) = control.list_policy_engines()["policyEngines"]
    gateway = control.get_gateway(gatewayIdentifier=gates.gateway_id("basic"))["gatewayArn"]
    made = control.create_policy(
        policyEngineId=engine["policyEngineId"],
        name="mistake",
        definition={"cedar": {"statement": text.replace("{basic}", gateway)}},
        validationMode="IGNORE_ALL_FINDINGS",
    )
    key = {"policyEngineId": engine["policyEngineId"], "policyId": made["policyId"]}
    assert control.get_policy(**key)["status"] == "ACTIVE"
    try:
        yield
    finally:
        control.delete_policy(**key)


@contextmanager
def _granted(gates: Gates, step: Step) -> Iterator[None]:
    iam, role = gates.aws.client("iam"), gates.names.pool.roles.agent
    allow = {"Effect": "Allow", "Action": step["grant"], "Resource": step["on"]}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    iam.put_role_policy(RoleName=role, PolicyName="mistake", PolicyDocument=document)
    try:
        yield
    finally:
        iam.delete_role_policy(RoleName=role, PolicyName="mistake")


def test_a_broken_gateway_trips_its_probes_and_no_other(
    gates: Gates, gateway_mutant: Mutant, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ExitStack() as steps:
        for step in gateway_mutant.spec["gateway"]:
            steps.enter_context(broken(gates, step, monkeypatch))
        report = gates.tried()

    found = report.findings
    assert {f.rule for f in found if f.outcome is Outcome.BREACH} == gateway_mutant.trips
    unclear = {f.rule for f in found if f.outcome is Outcome.INCONCLUSIVE}
    assert bool(unclear) == gateway_mutant.spec.get("unclear", False)
    assert report.verdict is not Outcome.ISOLATED
    for finding in found:
        assert bool(finding.fix) == (finding.outcome is Outcome.BREACH)


def test_every_probe_of_gateways_is_tripped_by_a_mutant() -> None:
    specs = [yaml.safe_load(path.read_text("utf-8")) for path in MUTANTS.glob("gateway-*.yaml")]

    assert RULES | {"GW-SESSION"} == {rule for spec in specs for rule in spec["trips"]}
