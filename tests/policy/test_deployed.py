"""`policy test --deployed`: cases are decided by whatever is in force at the gateways."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.policy.conftest import ACCOUNT, Bench
from tests.program import Program

from tenantctl.cedar.testing.cases import load
from tenantctl.cedar.testing.suite import Result, run
from tenantctl.errors import ConflictError, NotFoundError
from tenantctl.policy.deployed import deployed

CASES = """
version: 1
cases:
  - {name: at nine, tier: basic, tool: patient_context, clock: "09:00", expect: allow}
  - {name: at night, tier: basic, tool: patient_context, clock: "23:00", expect: deny, by: []}
  - {name: elsewhere, tier: basic, gateway: premium, tool: clinic_config, expect: deny}
"""

PERMIT = """permit (
  principal is AgentCore::OAuthUser,
  action == AgentCore::Action::"patient-context___patient_context",
  resource == AgentCore::Gateway::"{gateway}"
) when {{ principal.hasTag("custom:tier") && principal.getTag("custom:tier") == "basic" }};"""


def results(bench: Bench) -> dict[str, Result]:
    found = deployed(bench.aws, bench.names)
    file = bench.directory.parent / "cases.yaml"
    file.write_text(CASES)
    cases = load(file, bench.names, gateways=found.gateways)
    return {result.case.name: result for result in run(cases, found.statements)}


def failed(bench: Bench) -> list[str]:
    return [name for name, result in results(bench).items() if not result.passed]


def add(bench: Bench, statement: str, **more: object) -> None:
    made = bench.client.create_policy(
        policyEngineId=bench.engine,
        name="theirs",
        definition={"cedar": {"statement": statement}},
        **more,
    )
    key = {"policyEngineId": bench.engine, "policyId": made["policyId"]}
    assert bench.client.get_policy(**key)["status"] == "ACTIVE"


def gateway(bench: Bench, tier: str, **more: object) -> str:
    made: dict[str, Any] = bench.client.create_gateway(
        name=bench.names.gateway(tier),
        roleArn=f"arn:aws:iam::{ACCOUNT}:role/gateway",
        protocolType="MCP",
        authorizerType="AWS_IAM",
        **more,
    )
    return str(made["gatewayArn"])


def test_what_was_pushed_decides_and_not_what_is_reviewed(bench: Bench) -> None:
    assert failed(bench) == ["at nine"]  # nothing is pushed
    bench.push()
    assert failed(bench) == []
    file = bench.directory / "basic" / "patient_context.cedar"
    file.write_text(file.read_text().replace("< 18", "< 24"))
    assert failed(bench) == []
    bench.push()
    assert failed(bench) == ["at night"]


def test_policies_of_others_count_by_their_names(bench: Bench) -> None:
    bench.push()
    permit = PERMIT.format(gateway=bench.names.gateway_arn("basic"))
    add(bench, permit, enforcementMode="LOG_ONLY")
    assert failed(bench) == []
    [theirs] = [policy for policy in bench.policies() if policy["name"] == "theirs"]
    key = {"policyEngineId": bench.engine, "policyId": theirs["policyId"]}
    bench.client.update_policy(**key, enforcementMode="ACTIVE")
    bench.policies()  # lets it come to its end
    assert results(bench)["at night"].got == "allow by theirs"
    bench.client.update_policy(
        **key,
        definition={"cedar": {"statement": permit.replace("permit", "forbid", 1)}},
        validationMode="IGNORE_ALL_FINDINGS",
    )
    bench.policies()
    assert results(bench)["at nine"].got == "deny by theirs"


def test_gateways_that_exist_are_called_by_their_own_arns(bench: Bench) -> None:
    arn = gateway(bench, "basic")
    bench.push()
    assert failed(bench) == []
    assert results(bench)["at nine"].call.gateway == arn


@pytest.mark.parametrize("mode", [None, "LOG_ONLY"])
def test_nothing_is_claimed_where_the_policies_decide_nothing(
    bench: Bench, mode: str | None
) -> None:
    bench.push()
    arn = bench.client.get_policy_engine(policyEngineId=bench.engine)["policyEngineArn"]
    gateway(
        bench,
        "premium",
        **({} if mode is None else {"policyEngineConfiguration": {"arn": arn, "mode": mode}}),
    )
    with pytest.raises(ConflictError, match="don't decide at `clinic-agent-premium`") as refused:
        deployed(bench.aws, bench.names)
    assert "policy push" in str(refused.value.hint)


def test_nothing_is_claimed_about_what_cannot_be_read(bench: Bench) -> None:
    bench.push()
    bench.client.create_policy(
        policyEngineId=bench.engine,
        name="theirs",
        definition={
            "policy": {"statement": PERMIT.format(gateway=bench.names.gateway_arn("basic"))}
        },
    )
    bench.policies()
    with pytest.raises(ConflictError, match="`theirs` is in force and can't be read"):
        deployed(bench.aws, bench.names)


def test_without_an_engine_there_is_nothing_to_ask(bench: Bench) -> None:
    bench.client.delete_policy_engine(policyEngineId=bench.engine)
    bench.client.list_policy_engines()
    with pytest.raises(NotFoundError):
        deployed(bench.aws, bench.names)


def test_a_folder_is_not_what_is_deployed(tmp_path: Path) -> None:
    both = Program(tmp_path)("policy", "test", "--deployed", "--dir", "policies")
    assert both.returncode == 2
    assert "--dir" in both.stderr
