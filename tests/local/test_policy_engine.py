"""The policy-engine API through boto3, on the embedded cloud."""

from __future__ import annotations

import pickle
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tenantctl.local.call import ServiceError
from tenantctl.local.connect import in_memory
from tenantctl.local.policy_engine.api import PolicyEngines

REGION, ACCOUNT = "us-east-1", "123456789012"
GATEWAY = f"arn:aws:bedrock-agentcore:{REGION}:{ACCOUNT}:gateway/clinic-agent-basic"
WHEN = 'when { principal.hasTag("custom:tier") }'
TOOL = "clinic_config"

Answer = dict[str, Any]


def cedar(rest: str = WHEN, *, effect: str = "permit", tool: str = TOOL, on: str = GATEWAY) -> str:
    return (
        f"{effect}(principal is AgentCore::OAuthUser, "
        f'action == AgentCore::Action::"{tool.replace("_", "-")}___{tool}", '
        f'resource == AgentCore::Gateway::"{on}") {rest};'
    )


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with in_memory(region=REGION, account=ACCOUNT) as aws:
        yield aws.client("bedrock-agentcore-control")


@pytest.fixture
def engine(client: Any) -> Iterator[str]:  # noqa: ANN401 - a boto3 client
    made: str = client.create_policy_engine(name="clinic_agent")["policyEngineId"]
    client.get_policy_engine(policyEngineId=made)
    yield made
    for policy in every(client, made):
        client.delete_policy(policyEngineId=made, policyId=policy["policyId"])
    assert every(client, made) == []
    client.delete_policy_engine(policyEngineId=made)
    client.get_waiter("policy_engine_deleted").wait(policyEngineId=made)


def every(client: Any, engine: str) -> list[Answer]:  # noqa: ANN401 - the same
    found: list[Answer] = []
    for _ in range(2):  # the first look lets what is under way end
        pages = client.get_paginator("list_policies").paginate(policyEngineId=engine)
        found = [policy for page in pages for policy in page["policies"]]
    return found


def create(client: Any, engine: str, statement: str | None = None, **more: object) -> Answer:  # noqa: ANN401 - the same
    made: Answer = client.create_policy(
        **{
            "policyEngineId": engine,
            "name": "one",
            "definition": {"cedar": {"statement": cedar() if statement is None else statement}},
            **more,
        }
    )
    return made


def get(client: Any, policy: Answer) -> Answer:  # noqa: ANN401 - the same
    found: Answer = client.get_policy(
        policyEngineId=policy["policyEngineId"], policyId=policy["policyId"]
    )
    return found


def refused(code: str, message: str = "") -> AbstractContextManager[object]:
    return pytest.raises(ClientError, match=f"(?s){code}.*{message}")


def test_an_engine_becomes_active_and_goes(client: Any) -> None:  # noqa: ANN401 - the same
    made = client.create_policy_engine(name="e1", description="d", tags={"a": "b"})
    assert made["status"] == "CREATING"
    assert re.fullmatch(r"e1-[a-z0-9]{10}", made["policyEngineId"])
    assert made["policyEngineArn"].endswith(
        f"{REGION}:{ACCOUNT}:policy-engine/{made['policyEngineId']}"
    )
    key = {"policyEngineId": made["policyEngineId"]}
    assert client.get_policy_engine(**key)["status"] == "ACTIVE"
    assert client.get_policy_engine_summary(**key)["name"] == "e1"
    client.update_policy_engine(**key, description={"optionalValue": "new"})
    assert client.get_policy_engine(**key)["description"] == "new"
    client.update_policy_engine(**key, description={})
    assert "description" not in client.get_policy_engine(**key)
    arn = made["policyEngineArn"]
    client.tag_resource(resourceArn=arn, tags={"c": "d"})
    client.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {"c": "d"}
    assert client.delete_policy_engine(**key)["status"] == "DELETING"
    client.get_waiter("policy_engine_deleted").wait(**key)
    with refused("ResourceNotFoundException"):
        client.get_policy_engine(**key)


def test_a_policy_becomes_active_and_goes(client: Any, engine: str) -> None:  # noqa: ANN401 - the same
    made = create(client, engine, description="d")
    assert made["status"] == "CREATING"
    assert made["statusReasons"] == []
    assert made["enforcementMode"] == "ACTIVE"
    found = get(client, made)
    assert found["status"] == "ACTIVE"
    assert found["definition"] == {"cedar": {"statement": cedar()}}
    assert found["policyArn"].endswith(f"/{engine}/policy/{made['policyId']}")
    key = {"policyEngineId": engine, "policyId": made["policyId"]}
    assert client.delete_policy(**key)["status"] == "DELETING"
    client.get_waiter("policy_deleted").wait(**key)
    with refused("ResourceNotFoundException"):
        client.get_policy(**key)


def test_a_list_shows_a_change_once_and_then_its_end(client: Any, engine: str) -> None:  # noqa: ANN401 - the same
    create(client, engine)
    seen = [client.list_policies(policyEngineId=engine)["policies"][0]["status"] for _ in range(2)]
    assert seen == ["CREATING", "ACTIVE"]


def test_nothing_changes_while_it_is_changing(client: Any, engine: str) -> None:  # noqa: ANN401 - the same
    made = create(client, engine)
    with refused("ConflictException", "CREATING"):
        client.delete_policy(policyEngineId=engine, policyId=made["policyId"])
    get(client, made)
    client.delete_policy(policyEngineId=engine, policyId=made["policyId"])
    with refused("ConflictException", "DELETING"):
        client.update_policy(policyEngineId=engine, policyId=made["policyId"])


def test_an_engine_with_policies_stays(client: Any, engine: str) -> None:  # noqa: ANN401 - the same
    create(client, engine)
    with refused("ConflictException", "has policies"):
        client.delete_policy_engine(policyEngineId=engine)


def test_names_are_unique_in_the_account(client: Any, engine: str) -> None:  # noqa: ANN401 - the same
    create(client, engine)
    with refused("ConflictException", "already exists"):
        create(client, engine, cedar(tool="current_time"))
    with refused("ConflictException", "already exists"):
        client.create_policy_engine(name="clinic_agent")


def test_a_client_token_makes_one_thing_once(client: Any, engine: str) -> None:  # noqa: ANN401 - the same
    token = "t" * 40
    first = create(client, engine, clientToken=token)
    assert create(client, engine, clientToken=token)["policyId"] == first["policyId"]
    with refused("ValidationException", "other parameters"):
        create(client, engine, cedar(tool="current_time"), clientToken=token)


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        (cedar() + cedar(effect="forbid"), "2 statements"),
        ("permit(principal == ?principal, action, resource);", "template slots"),
        ("this is not Cedar, however long it is", "not a Cedar policy"),
        (cedar("when { " + "(" * 3000 + "true" + ")" * 3000 + " }"), "brackets"),
    ],
)
def test_statements_that_are_refused_at_once(
    client: Any,  # noqa: ANN401 - the same
    engine: str,
    statement: str,
    why: str,
) -> None:
    with refused("ValidationException", why):
        create(client, engine, statement)
    assert every(client, engine) == []


CLAIM = 'principal.hasTag("custom:tier")'


@pytest.mark.parametrize("mode", ["FAIL_ON_ANY_FINDINGS", "IGNORE_ALL_FINDINGS"])
@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        # https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/policy-schema-constraints.html
        ("permit(principal, action, resource) when { true };", "bare `resource`"),
        (cedar().replace(f'== AgentCore::Gateway::"{GATEWAY}"', ""), "bare `resource`"),
        (cedar().replace(f'== AgentCore::Gateway::"{GATEWAY}"', "is AgentCore::Gateway"), "`==`"),
        (cedar(on="*"), "no gateway arn"),
        (cedar().replace("AgentCore::Gateway", "AgentCore::Runtime"), "Runtime"),
        (cedar().replace("AgentCore::OAuthUser", "AgentCore::User"), "unknown principal type"),
        (cedar(f'when {{ {CLAIM} && principal in Tenants::"a" }}'), "unknown entity type"),
        (cedar('when { context.tier == "basic" }'), "only `context.input`"),
        (cedar(tool="no_such_tool"), "unrecognized action"),
        (cedar(f"when {{ {CLAIM} && context.input.surprise == 1 }}"), "attribute"),
        (cedar(f"when {{ {CLAIM} && context.input.request_hour > 8 }}"), "optional"),
        (cedar(f'when {{ {CLAIM} && context.input has request_hour && '
               'context.input.request_hour == "8" }'), "type"),
        (cedar(f'when {{ {CLAIM} && principal.tier == "basic" }}'), "`tier`"),
        (cedar('when { principal.getTag("a") == "b" }').replace("OAuthUser", "IamEntity"), "tag"),
    ],
)  # fmt: skip
def test_what_the_schema_lacks_fails_the_policy_in_any_mode(
    client: Any,  # noqa: ANN401 - the same
    engine: str,
    statement: str,
    reason: str,
    mode: str,
) -> None:
    failed = get(client, create(client, engine, statement, validationMode=mode))
    assert failed["status"] == "CREATE_FAILED"
    assert reason in "; ".join(failed["statusReasons"])


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        (cedar(""), "Overly Permissive"),
        (cedar("when { true }"), "Overly Permissive"),
        (cedar("", effect="forbid"), "Overly Restrictive"),
        (cedar("when { false }"), "Ineffective"),
    ],
)
def test_findings_fail_the_policy_unless_they_are_ignored(
    client: Any,  # noqa: ANN401 - the same
    engine: str,
    statement: str,
    reason: str,
) -> None:
    failed = get(client, create(client, engine, statement))
    assert failed["status"] == "CREATE_FAILED"
    assert failed["statusReasons"][0].startswith(reason)
    ignored = create(client, engine, statement, name="two", validationMode="IGNORE_ALL_FINDINGS")
    assert get(client, ignored)["status"] == "ACTIVE"


def test_a_failed_update_leaves_what_was_in_force(client: Any, engine: str) -> None:  # noqa: ANN401 - the same
    key = {"policyEngineId": engine, "policyId": create(client, engine)["policyId"]}
    client.get_policy(**key)
    client.update_policy(**key, definition={"cedar": {"statement": cedar("when { true }")}})
    found = client.get_policy(**key)
    assert found["status"] == "UPDATE_FAILED"
    assert found["statusReasons"]
    assert found["definition"] == {"cedar": {"statement": cedar()}}
    unknown = {"cedar": {"statement": cedar(tool="no_such_tool")}}
    client.update_policy(**key, definition=unknown, validationMode="IGNORE_ALL_FINDINGS")
    assert client.get_policy(**key)["status"] == "UPDATE_FAILED"
    better = {"cedar": {"statement": cedar(tool="current_time")}}
    assert client.update_policy(**key, definition=better)["definition"] != better
    found = client.get_policy(**key)
    assert (found["status"], found["definition"]) == ("ACTIVE", better)


@pytest.mark.parametrize(
    ("change", "member"),
    [
        ({"name": "with-hyphen"}, "/name"),
        ({"name": "1st"}, "/name"),
        ({"name": "a" * 49}, "/name"),
        ({"name": "a\nb"}, "/name"),
        (
            {"definition": {"cedar": {"statement": cedar(f"when {{ {'true && ' * 1500} true }}")}}},
            "/statement",
        ),
        ({"validationMode": "NONE"}, "/validationMode"),
        ({"enforcementMode": "OFF"}, "/enforcementMode"),
        ({"policyEngineId": "no-such-engine"}, "/policyEngineId"),
        ({"clientToken": "-" * 40}, "/clientToken"),
    ],
)
def test_parameters_follow_the_model(
    client: Any,  # noqa: ANN401 - the same
    engine: str,
    change: dict[str, Any],
    member: str,
) -> None:
    with refused("ValidationException", member):
        create(client, engine, **change)
    assert every(client, engine) == []


@pytest.mark.parametrize(
    "definition",
    [
        {},
        {"cedar": {"statement": cedar()}, "policy": {"statement": cedar()}},
        {"cedar": {}},
        {"cedar": cedar()},
        {"cedar": {"statement": 7}},
        {"cedar": {"statement": "permit(principal,action,resource);"}},  # 34 characters
    ],
)
def test_a_definition_is_one_of_its_forms(definition: dict[str, Any]) -> None:
    """boto3 would stop these; other clients don't."""
    engines = PolicyEngines(REGION, ACCOUNT)
    engine = engines.handle("CreatePolicyEngine", {"name": "e"})["policyEngineId"]
    engines.handle("GetPolicyEngine", {"policyEngineId": engine})
    with pytest.raises(ServiceError, match="ValidationException"):
        engines.handle(
            "CreatePolicy", {"policyEngineId": engine, "name": "n", "definition": definition}
        )


def test_dogwood_may_hold_plain_cedar(client: Any, engine: str) -> None:  # noqa: ANN401 - the same
    made = create(client, engine, definition={"policy": {"statement": cedar()}})
    assert get(client, made)["definition"] == {"policy": {"statement": cedar()}}


def test_pages_follow_each_other(client: Any, engine: str) -> None:  # noqa: ANN401 - the same
    wanted = [f"p{number}" for number in range(25)]
    for name in wanted:
        create(client, engine, name=name)
    first = client.list_policies(policyEngineId=engine)
    assert len(first["policies"]) == 10
    client.delete_policy(policyEngineId=engine, policyId=first["policies"][-1]["policyId"])
    rest = client.list_policies(policyEngineId=engine, nextToken=first["nextToken"], maxResults=100)
    assert "nextToken" not in rest
    assert [p["name"] for p in first["policies"] + rest["policies"]] == wanted
    summary = client.list_policy_summaries(policyEngineId=engine, maxResults=1)["policies"][0]
    assert not {"definition", "description", "statusReasons"} & set(summary)
    with refused("ValidationException", "nextToken"):
        client.list_policies(policyEngineId=engine, nextToken="made-up")


def test_a_list_may_be_of_one_gateway(client: Any, engine: str) -> None:  # noqa: ANN401 - the same
    create(client, engine, name="here")
    create(client, engine, cedar(on=f"{GATEWAY}-x"), name="there")
    found = client.list_policies(policyEngineId=engine, targetResourceScope=GATEWAY)["policies"]
    assert [policy["name"] for policy in found] == ["here"]


def test_an_engine_takes_a_thousand_policies() -> None:
    engines = PolicyEngines(REGION, ACCOUNT)
    engine = engines.handle("CreatePolicyEngine", {"name": "e"})["policyEngineId"]
    engines.handle("GetPolicyEngine", {"policyEngineId": engine})

    def one(name: str) -> None:
        definition = {"cedar": {"statement": cedar()}}
        engines.handle(
            "CreatePolicy", {"policyEngineId": engine, "name": name, "definition": definition}
        )

    for number in range(1000):
        one(f"p{number}")
    with pytest.raises(ServiceError, match="ServiceQuotaExceededException"):
        one("more")


def test_an_account_has_a_thousand_engines() -> None:
    engines = PolicyEngines(REGION, ACCOUNT)
    for number in range(1000):
        engines.handle("CreatePolicyEngine", {"name": f"e{number}"})
    with pytest.raises(ServiceError, match="ServiceQuotaExceededException"):
        engines.handle("CreatePolicyEngine", {"name": "more"})


def test_only_active_policies_in_force_are_enforced(client: Any, engine: str) -> None:  # noqa: ANN401 - the same
    del client, engine
    engines = PolicyEngines(REGION, ACCOUNT)
    made = engines.handle("CreatePolicyEngine", {"name": "e"})
    key = {"policyEngineId": made["policyEngineId"]}
    engines.handle("GetPolicyEngine", key)
    for name, tool, rest, mode in (
        ("good", "clinic_config", WHEN, "ACTIVE"),
        ("logged", "current_time", WHEN, "LOG_ONLY"),
        ("failed", "patient_context", "", "ACTIVE"),
        ("pending", "get_patient_records", WHEN, "ACTIVE"),
    ):
        policy = engines.handle(
            "CreatePolicy",
            {
                **key,
                "name": name,
                "definition": {"cedar": {"statement": cedar(rest, tool=tool)}},
                "enforcementMode": mode,
            },
        )
        if name != "pending":
            engines.handle("GetPolicy", {**key, "policyId": policy["policyId"]})
        if name == "good":
            good = {**key, "policyId": policy["policyId"]}

    def enforced() -> list[str]:
        found = engines.statements(made["policyEngineArn"])
        return [statement.action.entities[0].id for statement in found]

    assert enforced() == ["clinic-config___clinic_config"]
    # What fails to change, or is about to go, is in force meanwhile.
    engines.handle("UpdatePolicy", {**good, "definition": {"cedar": {"statement": cedar("")}}})
    assert enforced() == ["clinic-config___clinic_config"]
    assert engines.handle("GetPolicy", good)["status"] == "UPDATE_FAILED"
    assert enforced() == ["clinic-config___clinic_config"]
    engines.handle("DeletePolicy", good)
    assert enforced() == ["clinic-config___clinic_config"]
    with pytest.raises(ServiceError, match="ResourceNotFound"):
        engines.handle("GetPolicy", good)
    assert enforced() == []


def test_a_gateway_finds_every_change_at_its_end() -> None:
    """Who pushed may have looked and gone; what looking changed isn't saved by itself."""
    engines = PolicyEngines(REGION, ACCOUNT)
    made = engines.handle("CreatePolicyEngine", {"name": "e"})
    arn, key = made["policyEngineArn"], {"policyEngineId": made["policyEngineId"]}
    engines.handle("GetPolicyEngine", key)
    definition = {"cedar": {"statement": cedar()}}
    policy = engines.handle("CreatePolicy", {**key, "name": "one", "definition": definition})
    engines.handle(
        "CreatePolicy",
        {**key, "name": "failing", "definition": {"cedar": {"statement": cedar("")}}},
    )

    kept: PolicyEngines = pickle.loads(pickle.dumps(engines))  # noqa: S301 - our own

    assert list(kept.enforced(arn)) == [policy["policyId"]]
    kept.handle("DeletePolicy", {**key, "policyId": policy["policyId"]})
    assert kept.enforced(arn) == {}


def test_engines_are_kept_by_pickle() -> None:
    engines = PolicyEngines(REGION, ACCOUNT)
    made = engines.handle("CreatePolicyEngine", {"name": "e", "clientToken": "t" * 40})
    again = pickle.loads(pickle.dumps(engines))  # noqa: S301 - our own bytes
    assert again.handle("CreatePolicyEngine", {"name": "e", "clientToken": "t" * 40}) == made
    found = again.handle("GetPolicyEngine", {"policyEngineId": made["policyEngineId"]})
    assert found["status"] == "ACTIVE"


def test_tagging_of_others_is_not_ours() -> None:
    engines = PolicyEngines(REGION, ACCOUNT)
    assert not engines.owns("TagResource", {"resourceArn": GATEWAY})
    assert not engines.owns("CreateGateway", {})
    assert engines.owns("CreatePolicy", {})
    with pytest.raises(ServiceError, match="isn't served"):
        engines.handle("StartPolicyGeneration", {})
