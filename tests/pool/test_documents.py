"""The rendered documents, asked as IAM would ask them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping

import pytest

from tenantctl.domain.names import Names
from tenantctl.domain.pool import Bucket, Data, Roles, Table, Tier, ToolRule
from tenantctl.domain.template import Template
from tenantctl.errors import UsageError
from tenantctl.iam.document import Kind, read
from tenantctl.iam.evaluate import Policies, evaluate
from tenantctl.iam.request import Principal, PrincipalKind, Request, context
from tenantctl.pool import documents

Named = Callable[..., Names]
Values = Mapping[str, str | list[str]]

ACCOUNT = "123456789012"
USER = "8d3f0c1e-5a4b-4c57-9c54-0d3b3a1f7e21"
TABLE = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/patient-records"
BUCKET = "arn:aws:s3:::clinic-documents"
MEMORY = f"arn:aws:bedrock-agentcore:us-east-1:{ACCOUNT}:memory/conversations"
NOVA = "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0"
CLAUDE = (
    f"arn:aws:bedrock:us-east-1:{ACCOUNT}:inference-profile/"
    "us.anthropic.claude-sonnet-4-20250514-v1:0"
)
OWN = "basic-tier/clinic-1/"
AGENT = f"arn:aws:iam::{ACCOUNT}:role/clinic-agent-agent"
VENDING = f"arn:aws:iam::{ACCOUNT}:role/clinic-agent-tvm"


def session(role: str) -> Principal:
    name = role.rsplit("/", 1)[1]
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/session"
    return Principal(PrincipalKind.SESSION, arn, ACCOUNT, role)


def reaches(
    names: Names, action: str, resource: str, values: Values, tags: Mapping[str, str]
) -> bool:
    policies = tuple(
        read(json.dumps(document), name=name, kind=Kind.IDENTITY)
        for name, document in documents.vending_documents(names).items()
    )
    pairs = {**values, **{f"aws:PrincipalTag/{key}": value for key, value in tags.items()}}
    request = Request(session(VENDING), action, resource, context(pairs))
    return evaluate(request, Policies(identity=policies)).allowed


TAGS = {"Tier": "basic", "ClinicId": "clinic-1", "UserId": USER}
ACTOR = f"basic/clinic-1/{USER}"
NAMESPACE = f"clinic/basic/clinic-1/{USER}/"
KEY, PREFIX = "dynamodb:LeadingKeys", "s3:prefix"
ACTOR_KEY, SPACE_KEY = "bedrock-agentcore:actorId", "bedrock-agentcore:namespace"

ALLOWED: tuple[tuple[str, str, Values], ...] = (
    *(
        (f"dynamodb:{action}", TABLE, {KEY: "clinic-1"})
        for action in (
            "GetItem",
            "PutItem",
            "UpdateItem",
            "DeleteItem",
            "Query",
            "ConditionCheckItem",
            "PartiQLSelect",
        )
    ),
    ("dynamodb:BatchGetItem", TABLE, {KEY: ["clinic-1", "clinic-1"]}),
    ("dynamodb:Query", f"{TABLE}/index/by-visit", {KEY: "clinic-1"}),
    ("s3:GetObject", f"{BUCKET}/{OWN}a.txt", {}),
    ("s3:GetObjectVersion", f"{BUCKET}/{OWN}a.txt", {}),
    ("s3:PutObject", f"{BUCKET}/{OWN}deep/er/a.txt", {}),
    ("s3:DeleteObject", f"{BUCKET}/{OWN}a.txt", {}),
    ("s3:ListBucket", BUCKET, {PREFIX: OWN}),
    ("s3:ListBucket", BUCKET, {PREFIX: f"{OWN}deep/"}),
    ("s3:ListBucketVersions", BUCKET, {PREFIX: OWN}),
    ("bedrock-agentcore:CreateEvent", MEMORY, {ACTOR_KEY: ACTOR}),
    ("bedrock-agentcore:ListSessions", MEMORY, {ACTOR_KEY: ACTOR}),
    ("bedrock-agentcore:RetrieveMemoryRecords", MEMORY, {SPACE_KEY: NAMESPACE}),
    ("bedrock:InvokeModel", NOVA, {}),
)

DENIED: tuple[tuple[str, str, Values], ...] = (
    # A neighbour's, and a namesake's
    ("dynamodb:GetItem", TABLE, {KEY: "clinic-2"}),
    ("dynamodb:GetItem", TABLE, {KEY: "clinic-10"}),
    ("dynamodb:PutItem", TABLE, {KEY: "clinic-2"}),
    ("dynamodb:BatchGetItem", TABLE, {KEY: ["clinic-1", "clinic-2"]}),
    ("dynamodb:Query", f"{TABLE}/index/by-visit", {KEY: "clinic-2"}),
    ("dynamodb:PartiQLSelect", TABLE, {KEY: "clinic-2"}),
    # Without a leading key ForAllValues is true, so Null must refuse
    ("dynamodb:PartiQLSelect", TABLE, {}),
    ("dynamodb:GetItem", TABLE, {}),
    ("dynamodb:GetItem", TABLE, {KEY: []}),
    ("dynamodb:Scan", TABLE, {}),
    ("dynamodb:Scan", TABLE, {KEY: "clinic-1"}),
    # A wildcard is data
    ("dynamodb:GetItem", TABLE, {KEY: "*"}),
    # An index that nobody declared may have another partition key
    ("dynamodb:Query", f"{TABLE}/index/by-doctor", {KEY: "clinic-1"}),
    ("dynamodb:GetItem", f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/other", {KEY: "clinic-1"}),
    *(
        (f"dynamodb:{action}", TABLE, {})
        for action in (
            "DeleteTable",
            "UpdateTable",
            "ExportTableToPointInTime",
            "CreateBackup",
            "UpdateContinuousBackups",
            "DescribeTable",
        )
    ),
    ("s3:GetObject", f"{BUCKET}/basic-tier/clinic-2/a.txt", {}),
    ("s3:GetObject", f"{BUCKET}/basic-tier/clinic-10/a.txt", {}),
    ("s3:GetObject", f"{BUCKET}/premium-tier/clinic-1/a.txt", {}),
    ("s3:PutObject", f"{BUCKET}/basic-tier/clinic-2/a.txt", {}),
    ("s3:GetObject", f"{BUCKET}/a.txt", {}),
    # The listing's prefix: another's, the parent's, one without its slash, none
    ("s3:ListBucket", BUCKET, {PREFIX: "basic-tier/clinic-2/"}),
    ("s3:ListBucket", BUCKET, {PREFIX: "basic-tier/clinic-10/"}),
    ("s3:ListBucket", BUCKET, {PREFIX: "basic-tier/clinic-1"}),
    ("s3:ListBucket", BUCKET, {PREFIX: "basic-tier/"}),
    ("s3:ListBucket", BUCKET, {PREFIX: ""}),
    ("s3:ListBucket", BUCKET, {}),
    ("s3:ListBucketVersions", BUCKET, {}),
    ("s3:ListBucketMultipartUploads", BUCKET, {PREFIX: OWN}),
    ("s3:DeleteObjectVersion", f"{BUCKET}/{OWN}a.txt", {}),
    ("s3:PutBucketPolicy", BUCKET, {}),
    ("s3:PutObjectAcl", f"{BUCKET}/{OWN}a.txt", {}),
    ("bedrock-agentcore:GetEvent", MEMORY, {ACTOR_KEY: f"basic/clinic-2/{USER}"}),
    ("bedrock-agentcore:GetEvent", MEMORY, {ACTOR_KEY: f"premium/clinic-1/{USER}"}),
    ("bedrock-agentcore:GetEvent", MEMORY, {ACTOR_KEY: "basic/clinic-1/somebody"}),
    ("bedrock-agentcore:GetEvent", MEMORY, {}),
    ("bedrock-agentcore:ListActors", MEMORY, {}),
    ("bedrock-agentcore:RetrieveMemoryRecords", MEMORY, {SPACE_KEY: "clinic/basic/"}),
    ("bedrock-agentcore:RetrieveMemoryRecords", MEMORY, {SPACE_KEY: "clinic/basic/clinic-10/"}),
    (
        "bedrock-agentcore:RetrieveMemoryRecords",
        MEMORY,
        {"bedrock-agentcore:namespacePath": NAMESPACE},
    ),
    ("bedrock:InvokeModel", CLAUDE, {}),
    # No way on: a tenant's session assumes nothing, least of all its own role again
    ("sts:AssumeRole", VENDING, {}),
    ("sts:TagSession", VENDING, {}),
    ("iam:PutRolePolicy", VENDING, {}),
)


@pytest.mark.parametrize(("action", "resource", "values"), ALLOWED)
def test_a_session_reaches_its_own(
    names: Names, action: str, resource: str, values: Values
) -> None:
    assert reaches(names, action, resource, values, TAGS)


@pytest.mark.parametrize(("action", "resource", "values"), DENIED)
def test_a_session_reaches_nothing_else(
    names: Names, action: str, resource: str, values: Values
) -> None:
    assert not reaches(names, action, resource, values, TAGS)


@pytest.mark.parametrize("missing", ["ClinicId", "all"])
def test_a_session_without_the_tenant_s_tag_reaches_no_data(names: Names, missing: str) -> None:
    tags = {key: value for key, value in TAGS.items() if missing not in {key, "all"}}
    for action, resource, values in ALLOWED:
        if not action.startswith("bedrock:"):
            assert not reaches(names, action, resource, values, tags), action


def test_a_premium_session_invokes_premium_models_alone(names: Names) -> None:
    tags = {**TAGS, "Tier": "premium"}
    assert reaches(names, "bedrock:InvokeModel", CLAUDE, {}, tags)
    assert not reaches(names, "bedrock:InvokeModel", NOVA, {}, tags)


# -- who becomes a tenant -------------------------------------------------------------------------


def lets_in(
    names: Names,
    tags: Mapping[str, str],
    *,
    caller: str = AGENT,
    action: str = "sts:AssumeRole",
) -> bool:
    trust = read(json.dumps(documents.trust_document(names)), name="trust", kind=Kind.TRUST)
    identity = tuple(
        read(json.dumps(document), name=name, kind=Kind.IDENTITY)
        for name, document in documents.agent_documents(names).items()
    )
    pairs: dict[str, str | list[str]] = {f"aws:RequestTag/{k}": v for k, v in tags.items()}
    if tags:
        pairs["aws:TagKeys"] = list(tags)
    request = Request(session(caller), action, VENDING, context(pairs))
    return evaluate(request, Policies(identity=identity, resource=trust)).allowed


@pytest.mark.parametrize("action", ["sts:AssumeRole", "sts:TagSession"])
def test_the_agent_becomes_a_tenant_with_all_three_tags(names: Names, action: str) -> None:
    assert lets_in(names, TAGS, action=action)


@pytest.mark.parametrize(
    "tags",
    [
        {},
        {"ClinicId": "clinic-1"},
        *({k: v for k, v in TAGS.items() if k != missing} for missing in TAGS),
        *({**TAGS, empty: ""} for empty in TAGS),
        {**TAGS, "Admin": "yes"},
        {**TAGS, "Tier": "gold"},
        {**TAGS, "Tier": "Basic"},
        # A value that would end one id and begin another
        {**TAGS, "ClinicId": "clinic-1/x"},
        {**TAGS, "UserId": "a/b"},
        # Condition keys ignore case, tags' keys don't: this one fills no policy variable on AWS
        {"Tier": "basic", "clinicid": "clinic-1", "UserId": USER},
    ],
    ids=str,
)
def test_nothing_less_nothing_more_and_nothing_odd_is_let_in(
    names: Names, tags: dict[str, str]
) -> None:
    assert not lets_in(names, tags)


@pytest.mark.parametrize("role", ["clinic-agent-tvm", "clinic-agent-agent2", "admin"])
def test_no_other_role_becomes_a_tenant(names: Names, role: str) -> None:
    assert not lets_in(names, TAGS, caller=f"arn:aws:iam::{ACCOUNT}:role/{role}")


def test_the_agent_role_reaches_no_data_by_itself(names: Names) -> None:
    identity = tuple(
        read(json.dumps(document), name=name, kind=Kind.IDENTITY)
        for name, document in documents.agent_documents(names).items()
    )
    for action, resource, values in ALLOWED:
        request = Request(session(AGENT), action, resource, context(values))
        assert not evaluate(request, Policies(identity=identity)).allowed, action


def acts_as_agent(names: Names, principal: Principal, values: Values) -> bool:
    trust = read(json.dumps(documents.agent_trust(names)), name="trust", kind=Kind.TRUST)
    request = Request(principal, "sts:AssumeRole", AGENT, context(values))
    return evaluate(request, Policies(resource=trust)).allowed


def test_the_agentcore_service_acts_as_the_agent_for_this_account_alone(names: Names) -> None:
    service = Principal(PrincipalKind.SERVICE, "bedrock-agentcore.amazonaws.com")
    runtime = f"arn:aws:bedrock-agentcore:us-east-1:{ACCOUNT}:runtime/clinic_agent-0123456789"
    known: Values = {"aws:SourceAccount": ACCOUNT, "aws:SourceArn": runtime}
    assert acts_as_agent(names, service, known)
    for changed in (
        {"aws:SourceAccount": "999999999999"},
        {"aws:SourceArn": runtime.replace(ACCOUNT, "999999999999")},
        {"aws:SourceArn": runtime.replace("us-east-1", "eu-central-1")},
        {"aws:SourceArn": runtime.replace("bedrock-agentcore", "lambda")},
    ):
        assert not acts_as_agent(names, service, {**known, **changed}), changed
    for missing in known:
        rest = {key: value for key, value in known.items() if key != missing}
        assert not acts_as_agent(names, service, rest), missing
    other = Principal(PrincipalKind.SERVICE, "ec2.amazonaws.com")
    assert not acts_as_agent(names, other, known)


def test_lambda_runs_the_tools_as_the_agent(names: Names) -> None:
    assert acts_as_agent(names, Principal(PrincipalKind.SERVICE, "lambda.amazonaws.com"), {})


def allows(made: Mapping[str, documents.Document], role: str, action: str, *on: str) -> bool:
    identity = tuple(
        read(json.dumps(document), name=name, kind=Kind.IDENTITY) for name, document in made.items()
    )
    key = context({"dynamodb:LeadingKeys": [on[1]]} if len(on) > 1 else {})
    return evaluate(Request(session(role), action, on[0], key), Policies(identity=identity)).allowed


@pytest.mark.parametrize(
    ("action", "resource", "allowed"),
    [
        ("lambda:InvokeFunction", "lambda:{at}:function:clinic-agent-interceptor", True),
        ("lambda:InvokeFunction", "lambda:{at}:function:clinic-agent-current-time", True),
        ("lambda:InvokeFunction", "lambda:{at}:function:clinic-agent-clinic-config", False),
        ("lambda:UpdateFunctionCode", "lambda:{at}:function:clinic-agent-interceptor", False),
        (
            "bedrock-agentcore:AuthorizeAction",
            "bedrock-agentcore:{at}:policy-engine/clinic_agent-a1b2c3d4e5",
            True,
        ),
        (
            "bedrock-agentcore:PartiallyAuthorizeActions",
            "bedrock-agentcore:{at}:gateway/clinic-agent-basic-a1b2c3d4e5",
            True,
        ),
        (
            "bedrock-agentcore:AuthorizeAction",
            "bedrock-agentcore:{at}:gateway/clinic-agent-basic-two-a1b2c3d4e5",
            False,
        ),
        (
            "bedrock-agentcore:GetPolicyEngine",
            "bedrock-agentcore:{at}:policy-engine/clinic_agent-a1b2c3d4e5",
            True,
        ),
        (
            "bedrock-agentcore:DeletePolicyEngine",
            "bedrock-agentcore:{at}:policy-engine/clinic_agent-a1b2c3d4e5",
            False,
        ),
    ],
)
def test_gateways_call_the_tools_that_a_tier_has_and_ask_the_engine(
    named: Named, action: str, resource: str, allowed: bool
) -> None:
    tiers = {"basic": Tier("basic", {"current_time": ToolRule()}), "premium": Tier("premium", {})}
    made = documents.gateway_documents(named(tiers=tiers))
    arn = "arn:aws:" + resource.format(at=f"us-east-1:{ACCOUNT}")
    role = f"arn:aws:iam::{ACCOUNT}:role/clinic-agent-gateway"
    assert allows(made, role, action, arn) is allowed


def test_the_gateways_role_is_for_the_pools_gateways(names: Names) -> None:
    trust = read(json.dumps(documents.gateway_trust(names)), name="trust", kind=Kind.TRUST)
    role = f"arn:aws:iam::{ACCOUNT}:role/clinic-agent-gateway"
    service = Principal(PrincipalKind.SERVICE, "bedrock-agentcore.amazonaws.com")
    gateway = f"arn:aws:bedrock-agentcore:us-east-1:{ACCOUNT}:gateway/clinic-agent-basic-a1b2c3d4e5"
    known: dict[str, str] = {"aws:SourceAccount": ACCOUNT, "aws:SourceArn": gateway}

    def acts(values: Values) -> bool:
        request = Request(service, "sts:AssumeRole", role, context(values))
        return evaluate(request, Policies(resource=trust)).allowed

    assert acts(known)
    for changed in (
        {"aws:SourceAccount": "999999999999"},
        {"aws:SourceArn": gateway.replace("clinic-agent-basic", "other-basic")},
        {"aws:SourceArn": gateway.replace("gateway/", "runtime/")},
    ):
        assert not acts({**known, **changed}), changed
    for missing in known:
        assert not acts({key: value for key, value in known.items() if key != missing}), missing


def test_the_interceptor_reads_clinics_and_nothing_else(names: Names) -> None:
    made = documents.interceptor_documents(names)
    role = f"arn:aws:iam::{ACCOUNT}:role/clinic-agent-interceptor"
    registry = names.table_arn(names.registry_table)
    assert allows(made, role, "dynamodb:GetItem", registry, "TENANT#clinic-1")
    assert not allows(made, role, "dynamodb:GetItem", registry, "CANARIES")
    assert not allows(made, role, "dynamodb:GetItem", registry)
    assert not allows(made, role, "dynamodb:Query", registry, "TENANT#clinic-1")
    assert not allows(made, role, "dynamodb:GetItem", TABLE, "TENANT#clinic-1")
    assert not allows(made, role, "sts:AssumeRole", VENDING)


def test_a_memorys_statements_hold_for_the_id_that_it_is_given(names: Names) -> None:
    own = {"bedrock-agentcore:actorId": f"basic/clinic-1/{USER}"}
    tags = {"Tier": "basic", "ClinicId": "clinic-1", "UserId": USER}
    for resource, reached in (
        (f"{MEMORY}-a1b2c3d4e5", True),
        (f"{MEMORY}-a1b2c3d4e", False),
        (MEMORY.replace("conversations", "other") + "-a1b2c3d4e5", False),
        (f"{MEMORY}_2-a1b2c3d4e5", False),
    ):
        found = reaches(names, "bedrock-agentcore:ListEvents", resource, own, tags)
        assert found is reached, resource


def test_operators_act_as_the_agent_only_where_they_are_named(named: Named, names: Names) -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:user/operator"
    operator = Principal(PrincipalKind.USER, arn, ACCOUNT)
    assert not acts_as_agent(names, operator, {})
    roles = Roles("clinic-agent-agent", "clinic-agent-tvm", (arn,))
    assert acts_as_agent(named(roles=roles), operator, {})
    other = operator._replace(arn=f"{arn}2")
    assert not acts_as_agent(named(roles=roles), other, {})


# -- size and form --------------------------------------------------------------------------------


def test_text_of_the_configuration_stays_text(named: Named) -> None:
    table = Table("t", "pk", Template.parse('$*?"\\/{tenant}'))
    made = documents.vending_documents(named(data=Data(tables=(table,))))
    condition = made["tables"]["Statement"][0]["Condition"]
    assert condition["ForAllValues:StringEquals"]["dynamodb:LeadingKeys"] == [
        '${$}${*}${?}"\\/${aws:PrincipalTag/ClinicId}'
    ]


def test_more_resources_than_a_role_can_name_are_refused(named: Named) -> None:
    tables = tuple(
        Table(f"a-rather-long-table-name-{n}", "pk", Template.parse("{tenant}")) for n in range(40)
    )
    with pytest.raises(UsageError, match="10240"):
        documents.vending_documents(named(data=Data(tables=tables)))


def test_a_pool_without_data_has_no_policy_for_it(named: Named) -> None:
    tiers = {"basic": Tier("basic", {})}
    assert documents.vending_documents(named(data=Data(), tiers=tiers)) == {}


def test_sids_are_unique_and_plain(names: Names) -> None:
    made = (
        *documents.vending_documents(names).values(),
        *documents.agent_documents(names).values(),
        documents.trust_document(names),
        documents.agent_trust(names),
        documents.bucket_document(names, names.pool.data.buckets[0]),
    )
    for document in made:
        sids = [statement["Sid"] for statement in document["Statement"]]
        assert len(set(sids)) == len(sids)
        assert all(re.fullmatch("[A-Za-z0-9]+", sid) for sid in sids)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"Action": "a"}, {"Action": ["a"]}, True),
        ({"Action": ["a", "b"]}, {"Action": ["b", "a", "a"]}, True),
        ({"Action": ["a", "b"]}, {"Action": ["a"]}, False),
        (
            {"Statement": [{"Sid": "A"}, {"Sid": "B"}]},
            {"Statement": [{"Sid": "B"}, {"Sid": "A"}]},
            True,
        ),
        ({"Statement": {"Sid": "A"}}, {"Statement": [{"Sid": "A"}]}, True),
        ({"Statement": [{"Sid": "A"}, {"Sid": "A"}]}, {"Statement": [{"Sid": "A"}]}, False),
        ({"Statement": [{"Effect": "Deny"}]}, {"Statement": [{"Effect": "Allow"}]}, False),
    ],
)
def test_documents_that_mean_the_same_are_the_same(
    one: object, other: object, *, same: bool
) -> None:
    assert (documents.canonical(one) == documents.canonical(other)) is same


def test_a_layout_that_leaks_is_rendered_as_it_is_for_a_proof_to_find(named: Named) -> None:
    bucket = Bucket("documents", Template.parse("{tier}-tier/{tenant}"))
    made = documents.vending_documents(named(data=Data(buckets=(bucket,))))
    resource = made["buckets"]["Statement"][0]["Resource"]
    tags = "${aws:PrincipalTag/Tier}-tier/${aws:PrincipalTag/ClinicId}"
    assert resource == f"arn:aws:s3:::documents/{tags}*"


IMAGE = f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/team/agent"


@pytest.mark.parametrize(
    ("container", "read"),
    [
        (f"{IMAGE}:1", True),
        (f"{IMAGE}@sha256:abc", True),
        (IMAGE.replace("agent", "other"), False),
        ("public.ecr.aws/team/agent:1", False),
        (None, False),
    ],
)
def test_the_agent_role_reads_the_runtimes_image_and_no_other(
    named: Named, container: str | None, *, read: bool
) -> None:
    made = documents.agent_documents(named(container=container))
    repository = f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/team/agent"
    assert allows(made, AGENT, "ecr:BatchGetImage", repository) is read
