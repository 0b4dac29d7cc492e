"""Gateways, functions, memories and runtimes: made whole, repaired after any drift, taken down."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tenantctl.aws import lookup
from tenantctl.aws.memories import located
from tenantctl.domain.headers import PROPAGATED_HEADERS
from tenantctl.domain.names import Names
from tenantctl.domain.pool import Data, Memory, RateLimit, Strategy, Tier, ToolRule
from tenantctl.domain.template import Template
from tenantctl.errors import ConflictError
from tenantctl.pool import describe, functions, teardown
from tenantctl.pool.function_package import packaged
from tenantctl.pool.plan import apply, observe, plan, run
from tenantctl.pool.step import Change, Health, Part

if TYPE_CHECKING:
    from tenantctl.aws.session import Aws

Named = Callable[..., Names]
Drift = Callable[["Aws", Names], object]
Make = Callable[["Aws", Names, Mapping[str, str]], None]

BASIC = Tier(
    "basic",
    {"current_time": ToolRule(), "patient_context": ToolRule()},
    rate_limit=RateLimit(60, "minute"),
)
PREMIUM = Tier("premium", {"current_time": ToolRule()})
MEMORY = Memory(
    "conversations",
    Template.parse("{tier}/{tenant}/{user}"),
    Template.parse("clinic/{tier}/{tenant}/{user}/"),
    strategies=(Strategy.SEMANTIC, Strategy.SUMMARY),
)


@pytest.fixture
def names(named: Named) -> Names:
    return named(tiers={"basic": BASIC, "premium": PREMIUM}, data=Data(memories=(MEMORY,)))


def parts(aws: Aws, names: Names) -> dict[str, Part]:
    return {p.resource: p for top in observe(aws, names).parts for p in top.everything}


def control(aws: Aws) -> Any:  # noqa: ANN401 - drifts send what the types forbid
    return aws.client("bedrock-agentcore-control")


def gateway(aws: Aws, names: Names, tier: str = "basic") -> dict[str, Any]:
    found = lookup.find_gateways(aws, names)[tier]
    answer: dict[str, Any] = control(aws).get_gateway(gatewayIdentifier=found.id)
    return answer


def target(aws: Aws, names: Names, name: str = "current-time") -> dict[str, Any]:
    gateway_id = gateway(aws, names)["gatewayId"]
    listed = control(aws).list_gateway_targets(gatewayIdentifier=gateway_id)["items"]
    target_id = next(item["targetId"] for item in listed if item["name"] == name)
    answer: dict[str, Any] = control(aws).get_gateway_target(
        gatewayIdentifier=gateway_id, targetId=target_id
    )
    return answer


def runtime(aws: Aws, names: Names, tier: str = "basic") -> dict[str, Any]:
    listed = control(aws).list_agent_runtimes()["agentRuntimes"]
    name = names.runtime(tier)
    runtime_id = next(r["agentRuntimeId"] for r in listed if r["agentRuntimeName"] == name)
    answer: dict[str, Any] = control(aws).get_agent_runtime(agentRuntimeId=runtime_id)
    return answer


def memory(aws: Aws, names: Names) -> dict[str, Any]:
    found = located(aws, names)["conversations"].rpartition("/")[2]
    answer: dict[str, Any] = control(aws).get_memory(memoryId=found)["memory"]
    return answer


# -- as it is made --------------------------------------------------------------------------------


def test_only_a_tiers_own_users_pass_its_gateway_and_every_call_is_asked_of(
    aws: Aws, names: Names
) -> None:
    apply(plan(aws, names), aws)
    people, engine = lookup.user_pool(aws, names), lookup.policy_engine(aws, names)
    for tier in names.pool.tiers:
        made = gateway(aws, names, tier)
        authorizer = made["authorizerConfiguration"]["customJWTAuthorizer"]
        assert (made["status"], made["authorizerType"]) == ("READY", "CUSTOM_JWT")
        assert authorizer["discoveryUrl"] == f"{people.issuer}/.well-known/openid-configuration"
        assert authorizer["allowedAudience"] == [people.client_id]
        assert [
            (
                claim["inboundTokenClaimName"],
                claim["authorizingClaimMatchValue"]["claimMatchOperator"],
                claim["authorizingClaimMatchValue"]["claimMatchValue"],
            )
            for claim in authorizer["customClaims"]
        ] == [("custom:tier", "EQUALS", {"matchValueString": tier})]
        [interceptor] = made["interceptorConfigurations"]
        assert interceptor["interceptionPoints"] == ["REQUEST"]
        assert interceptor["inputConfiguration"]["passRequestHeaders"] is True
        assert made["policyEngineConfiguration"] == {"arn": engine.arn, "mode": "ENFORCE"}
        assert runtime(aws, names, tier)["authorizerConfiguration"] == {
            "customJWTAuthorizer": authorizer
        }


def test_only_tools_that_the_tier_is_given_are_behind_its_gateway(aws: Aws, names: Names) -> None:
    apply(plan(aws, names), aws)
    for tier, tools in (
        ("basic", {"current-time", "patient-context"}),
        ("premium", {"current-time"}),
    ):
        listed = control(aws).list_gateway_targets(
            gatewayIdentifier=gateway(aws, names, tier)["gatewayId"]
        )["items"]
        assert {item["name"] for item in listed} == tools
    made = target(aws, names)
    assert made["metadataConfiguration"] == {"allowedRequestHeaders": list(PROPAGATED_HEADERS)}
    assert made["credentialProviderConfigurations"] == [
        {"credentialProviderType": "GATEWAY_IAM_ROLE"}
    ]
    told = aws.client("lambda").list_functions()["Functions"]
    assert {f["FunctionName"] for f in told} == {
        names.interceptor,
        "clinic-agent-current-time",
        "clinic-agent-patient-context",
    }
    assert {f["Role"] for f in told} == {names.agent_role_arn, names.role_arn(names.interceptor)}
    assert not any("TENANTCTL_CLOCK" in f["Environment"]["Variables"] for f in told)


def test_a_memory_files_what_it_extracts_under_its_actor(aws: Aws, names: Names) -> None:
    apply(plan(aws, names), aws)
    made = memory(aws, names)
    assert made["eventExpiryDuration"] == 90
    assert {s["name"]: s["namespaceTemplates"] for s in made["strategies"]} == {
        "semantic": ["clinic/{actorId}/"],
        "summary": ["clinic/{actorId}/{sessionId}/"],
    }


def test_a_container_takes_the_place_of_the_built_in_agent(aws: Aws, named: Named) -> None:
    uri = "123456789012.dkr.ecr.us-east-1.amazonaws.com/agent:1"
    names = named(container=uri, data=Data())
    apply(plan(aws, names), aws)
    artifact = runtime(aws, names)["agentRuntimeArtifact"]
    assert artifact == {"containerConfiguration": {"containerUri": uri}}
    assert aws.client("s3").list_buckets()["Buckets"] == []


# -- drift ----------------------------------------------------------------------------------------


def set_gateway(**changes: Any) -> Drift:  # noqa: ANN401 - JSON
    """An UpdateGateway of the same settings but for these; `None` leaves one out."""

    def drift(aws: Aws, names: Names) -> None:
        now = gateway(aws, names)
        kept = (
            "name description roleArn protocolType authorizerType authorizerConfiguration "
            "interceptorConfigurations policyEngineConfiguration"
        )
        settings = {key: now[key] for key in kept.split()} | changes
        sent = {key: value for key, value in settings.items() if value is not None}
        control(aws).update_gateway(gatewayIdentifier=now["gatewayId"], **sent)

    return drift


def set_authorizer(**changes: Any) -> Drift:  # noqa: ANN401 - JSON
    def drift(aws: Aws, names: Names) -> None:
        now = gateway(aws, names)["authorizerConfiguration"]["customJWTAuthorizer"]
        changed = {k: v for k, v in {**now, **changes}.items() if v is not None}
        set_gateway(authorizerConfiguration={"customJWTAuthorizer": changed})(aws, names)

    return drift


def watch_only(aws: Aws, names: Names) -> None:
    arn = lookup.policy_engine(aws, names).arn
    set_gateway(policyEngineConfiguration={"arn": arn, "mode": "LOG_ONLY"})(aws, names)


def set_target(**changes: Any) -> Drift:  # noqa: ANN401 - JSON
    def drift(aws: Aws, names: Names) -> None:
        now = target(aws, names)
        kept = (
            "name description targetConfiguration credentialProviderConfigurations "
            "metadataConfiguration"
        )
        settings = {key: now[key] for key in kept.split()} | changes
        control(aws).update_gateway_target(
            gatewayIdentifier=gateway(aws, names)["gatewayId"],
            targetId=now["targetId"],
            **{key: value for key, value in settings.items() if value is not None},
        )

    return drift


def believe_the_caller(aws: Aws, names: Names) -> None:
    made = target(aws, names)["targetConfiguration"]
    [tool] = made["mcp"]["lambda"]["toolSchema"]["inlinePayload"]
    tool["inputSchema"]["properties"]["clinic_id"] = {"type": "string"}
    set_target(targetConfiguration=made)(aws, names)


def drop_target(aws: Aws, names: Names) -> None:
    control(aws).delete_gateway_target(
        gatewayIdentifier=gateway(aws, names)["gatewayId"],
        targetId=target(aws, names)["targetId"],
    )


def add_target(aws: Aws, names: Names) -> None:
    now = target(aws, names)
    control(aws).create_gateway_target(
        gatewayIdentifier=gateway(aws, names)["gatewayId"],
        name="more",
        targetConfiguration=now["targetConfiguration"],
        credentialProviderConfigurations=now["credentialProviderConfigurations"],
    )


def limits(aws: Aws, names: Names) -> tuple[str, list[dict[str, Any]]]:
    gateway_id = gateway(aws, names)["gatewayId"]
    found = control(aws).list_gateway_rate_limits(gatewayIdentifier=gateway_id)
    return gateway_id, found["rateLimits"]


def raise_limit(aws: Aws, names: Names) -> None:
    gateway_id, [limit] = limits(aws, names)
    entries = limit["entries"]
    entries[0]["requests"][0]["rate"] = 6000.0
    control(aws).update_gateway_rate_limit(
        gatewayIdentifier=gateway_id, rateLimitId=limit["rateLimitId"], entries=entries
    )


def drop_limit(aws: Aws, names: Names) -> None:
    gateway_id, [limit] = limits(aws, names)
    control(aws).delete_gateway_rate_limit(
        gatewayIdentifier=gateway_id, rateLimitId=limit["rateLimitId"]
    )


def other_code(aws: Aws, names: Names) -> None:
    zipped = packaged({"interceptor/handler.py": "def handle(event, context): return event\n"})
    aws.client("lambda").update_function_code(
        FunctionName=names.interceptor, ZipFile=zipped.content
    )


def set_function(**changes: Any) -> Drift:  # noqa: ANN401 - JSON
    def drift(aws: Aws, names: Names) -> None:
        aws.client("lambda").update_function_configuration(
            FunctionName=names.interceptor, **changes
        )

    return drift


def set_clock(aws: Aws, names: Names) -> None:
    found = aws.client("lambda").get_function_configuration(FunctionName=names.interceptor)
    variables = found["Environment"]["Variables"] | {"TENANTCTL_CLOCK": "2026-01-05T10:00"}
    set_function(Environment={"Variables": variables})(aws, names)


def forget_sooner(aws: Aws, names: Names) -> None:
    control(aws).update_memory(memoryId=memory(aws, names)["id"], eventExpiryDuration=3)


def strategy(aws: Aws, names: Names, name: str) -> str:
    found = memory(aws, names)["strategies"]
    return next(str(s["strategyId"]) for s in found if s["name"] == name)


def share_facts(aws: Aws, names: Names) -> None:
    change = {
        "memoryStrategyId": strategy(aws, names, "semantic"),
        "namespaceTemplates": ["clinic/everybody/"],
    }
    control(aws).update_memory(
        memoryId=memory(aws, names)["id"],
        memoryStrategies={"modifyMemoryStrategies": [change]},
    )


def drop_and_add_strategies(aws: Aws, names: Names) -> None:
    control(aws).update_memory(
        memoryId=memory(aws, names)["id"],
        memoryStrategies={
            "deleteMemoryStrategies": [{"memoryStrategyId": strategy(aws, names, "summary")}],
            "addMemoryStrategies": [
                {"userPreferenceMemoryStrategy": {"name": "likes", "namespaceTemplates": ["all/"]}}
            ],
        },
    )


def set_runtime(**changes: Any) -> Drift:  # noqa: ANN401 - JSON
    def drift(aws: Aws, names: Names) -> None:
        now = runtime(aws, names)
        kept = (
            "agentRuntimeArtifact roleArn networkConfiguration authorizerConfiguration "
            "requestHeaderConfiguration protocolConfiguration environmentVariables description"
        )
        settings = {key: now[key] for key in kept.split()} | changes
        control(aws).update_agent_runtime(
            agentRuntimeId=now["agentRuntimeId"],
            **{key: value for key, value in settings.items() if value is not None},
        )

    return drift


def other_gateway(aws: Aws, names: Names) -> None:
    variables = runtime(aws, names)["environmentVariables"]
    url = {"TENANTCTL_GATEWAY_URL": "https://elsewhere.example/mcp"}
    set_runtime(environmentVariables=variables | url)(aws, names)


def drop_code(aws: Aws, names: Names) -> None:
    s3 = aws.client("s3")
    for item in s3.list_objects_v2(Bucket=names.code_bucket)["Contents"]:
        s3.delete_object(Bucket=names.code_bucket, Key=item["Key"])


let_in_by_iam = set_gateway(authorizerType="AWS_IAM", authorizerConfiguration=None)
GATEWAY = "gateway `clinic-agent-basic`"
TARGET = "target `clinic-agent-basic/current-time`"
LIMIT = "rate limit `clinic-agent-basic/users`"
INTERCEPTOR = "function `clinic-agent-interceptor`"
REMEMBERED = "memory `conversations`"
RUNTIME = "runtime `clinic_agent_basic`"
JWT = "authorizerConfiguration.customJWTAuthorizer"
ANYBODY = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_other/.well-known/"

DRIFTS: tuple[tuple[Drift, str, str], ...] = (
    (
        set_gateway(authorizerType="AWS_IAM", authorizerConfiguration=None),
        GATEWAY,
        "authorizerType",
    ),
    (set_authorizer(discoveryUrl=f"{ANYBODY}openid-configuration"), GATEWAY, f"{JWT}.discoveryUrl"),
    (set_authorizer(allowedAudience=["other"]), GATEWAY, f"{JWT}.allowedAudience"),
    (set_authorizer(customClaims=None), GATEWAY, f"{JWT}.customClaims"),
    (set_authorizer(allowedClients=["other"]), GATEWAY, f"{JWT}.allowedClients"),
    (set_gateway(interceptorConfigurations=None), GATEWAY, "interceptorConfigurations"),
    (set_gateway(policyEngineConfiguration=None), GATEWAY, "policyEngineConfiguration"),
    (watch_only, GATEWAY, "policyEngineConfiguration.mode"),
    (set_gateway(exceptionLevel="DEBUG"), GATEWAY, "exceptionLevel"),
    (set_gateway(description="mine"), GATEWAY, "description"),
    (set_target(metadataConfiguration=None), TARGET, "metadataConfiguration"),
    (
        set_target(
            metadataConfiguration={"allowedRequestHeaders": [*PROPAGATED_HEADERS, "X-More"]}
        ),
        TARGET,
        "metadataConfiguration.allowedRequestHeaders",
    ),
    (believe_the_caller, TARGET, "targetConfiguration.mcp.lambda.toolSchema"),
    (drop_target, TARGET, "targetConfiguration"),
    (add_target, "target `clinic-agent-basic/more`", ""),
    (raise_limit, LIMIT, "entries[0].requests[0].rate"),
    (drop_limit, LIMIT, "entries"),
    (other_code, INTERCEPTOR, "code"),
    (set_function(Handler="other.handle"), INTERCEPTOR, "Handler"),
    (set_function(Timeout=3), INTERCEPTOR, "Timeout"),
    (set_clock, INTERCEPTOR, "Environment.Variables.TENANTCTL_CLOCK"),
    (forget_sooner, REMEMBERED, "eventExpiryDuration"),
    (share_facts, REMEMBERED, "strategies.semantic.namespaceTemplates"),
    (drop_and_add_strategies, REMEMBERED, "strategies"),
    (set_runtime(authorizerConfiguration=None), RUNTIME, "authorizerConfiguration"),
    (set_runtime(requestHeaderConfiguration=None), RUNTIME, "requestHeaderConfiguration"),
    (other_gateway, RUNTIME, "environmentVariables.TENANTCTL_GATEWAY_URL"),
    (drop_code, "agent code", "sha256"),
)


def test_every_drift_is_seen_alone_and_repaired(aws: Aws, names: Names) -> None:
    apply(plan(aws, names), aws)
    for drift, resource, field in DRIFTS:
        what = f"{getattr(drift, '__name__', drift)} of {resource}: {field}"
        drift(aws, names)
        drifted = plan(aws, names)
        assert drifted.steps, what
        assert all(step.resource.startswith(resource) for step in drifted.steps), what
        changed = [f.name for step in drifted.steps for f in step.fields]
        assert not field or any(name.startswith(field) for name in changed), (what, changed)
        # Were it not repaired, the next one wouldn't be alone.
        apply(drifted, aws)
    assert plan(aws, names).steps == ()


def test_what_operators_set_is_kept_and_sent_again(aws: Aws, names: Names) -> None:
    apply(plan(aws, names), aws)
    kept = {"mcp": {"instructions": "be kind", "searchType": "SEMANTIC"}}
    set_gateway(protocolConfiguration=kept)(aws, names)
    lived = {"idleRuntimeSessionTimeout": 120, "maxLifetime": 3600}
    set_runtime(lifecycleConfiguration=lived)(aws, names)
    assert plan(aws, names).steps == ()
    set_gateway(protocolConfiguration=kept, exceptionLevel="DEBUG")(aws, names)
    set_runtime(lifecycleConfiguration=lived, description="mine")(aws, names)
    assert apply(plan(aws, names), aws) == 2
    assert gateway(aws, names)["protocolConfiguration"] == kept
    assert "exceptionLevel" not in gateway(aws, names)
    assert runtime(aws, names)["lifecycleConfiguration"] == lived


# -- what isn't wanted any more, and what isn't the pool's ----------------------------------------


def test_what_a_tier_loses_goes_and_nothing_else(aws: Aws, names: Names) -> None:
    apply(plan(aws, names), aws)
    fewer = Names(
        replace(names.pool, tiers={"basic": Tier("basic", {"current_time": ToolRule()})}),
        names.account,
    )
    gone = plan(aws, fewer)
    deleted = {step.resource for step in gone.steps if step.change is Change.DELETE}
    assert deleted == {
        "target `clinic-agent-basic/patient-context`",
        LIMIT,
        "function `clinic-agent-patient-context`",
        "gateway `clinic-agent-premium`",
        "runtime `clinic_agent_premium`",
    }
    apply(gone, aws)
    assert plan(aws, fewer).steps == ()
    assert set(lookup.find_gateways(aws, names)) == {"basic"}


def foreign_gateway(aws: Aws, names: Names, tags: Mapping[str, str]) -> None:
    control(aws).create_gateway(
        name=names.gateway("basic"),
        roleArn=names.role_arn(names.gateway_role),
        protocolType="MCP",
        authorizerType="AWS_IAM",
        tags=dict(tags),
    )


def foreign_memory(aws: Aws, _names: Names, tags: Mapping[str, str]) -> None:
    control(aws).create_memory(name="conversations", eventExpiryDuration=7, tags=dict(tags))


@pytest.mark.parametrize(
    ("make", "resource"), [(foreign_gateway, GATEWAY), (foreign_memory, REMEMBERED)]
)
@pytest.mark.parametrize("tags", [{}, {"tenantctl:pool": "other"}], ids=["untagged", "another's"])
def test_what_is_not_the_pools_is_refused_until_it_is_adopted(
    aws: Aws, names: Names, make: Make, resource: str, tags: dict[str, str]
) -> None:
    make(aws, names, tags)
    planned = plan(aws, names)
    assert [part.resource for part in planned.foreign] == [resource]
    own = resource.partition("`")[2].rstrip("`")
    assert not any(step.resource.partition("`")[2].startswith(own) for step in planned.steps)
    with pytest.raises(ConflictError, match=r"tenantctl:pool") as caught:
        apply(planned, aws)
    assert "--adopt" in str(caught.value.hint)
    assert resource not in {step.resource for step in teardown.steps(names, observe(aws, names))}
    apply(plan(aws, names, adopt=True), aws)
    assert plan(aws, names).steps == ()
    assert parts(aws, names)[resource].health is Health.OK


def everything_left(aws: Aws) -> Iterator[object]:
    yield from control(aws).list_gateways()["items"]
    yield from control(aws).list_agent_runtimes()["agentRuntimes"]
    yield from control(aws).list_memories()["memories"]
    yield from control(aws).list_policy_engines()["policyEngines"]
    yield from aws.client("lambda").list_functions()["Functions"]
    yield from aws.client("iam").list_roles()["Roles"]
    yield from aws.client("s3").list_buckets()["Buckets"]


def test_destroy_leaves_nothing(aws: Aws, names: Names) -> None:
    apply(plan(aws, names), aws)
    assert list(everything_left(aws))
    run(teardown.steps(names, observe(aws, names)), aws)
    assert list(everything_left(aws)) == []


def test_destroy_takes_a_tiers_gateway_too_that_is_not_configured_any_more(
    aws: Aws, names: Names
) -> None:
    apply(plan(aws, names), aws)
    fewer = Names(replace(names.pool, tiers={"basic": BASIC}), names.account)
    run(teardown.steps(fewer, observe(aws, fewer)), aws)
    assert list(everything_left(aws)) == []


def test_a_function_with_layers_or_an_image_is_for_a_person_to_look_at() -> None:
    assert list(functions.problems({"State": "Active", "PackageType": "Zip"})) == []
    layer = {"Arn": "arn:aws:lambda:us-east-1:999999999999:layer:theirs:1"}
    assert "layer:theirs:1" in next(functions.problems({"Layers": [layer]}))
    assert "container image" in next(functions.problems({"PackageType": "Image"}))
    assert "no room" in next(functions.problems({"State": "Failed", "StateReason": "no room"}))


def test_the_tree_has_targets_under_their_gateway(aws: Aws, names: Names) -> None:
    apply(plan(aws, names), aws)
    drop_target(aws, names)
    found = plan(aws, names)
    drawn = [row[:3] for row in describe.rows(found, "clinic-agent")]
    assert drawn[0] == ("pool", "clinic-agent", "1 missing")
    at = drawn.index(("gateway", "├─ clinic-agent-basic", "ok"))
    assert drawn[at + 1 : at + 4] == [
        ("target", "│  ├─ patient-context", "ok"),
        ("target", "│  ├─ current-time", "missing"),
        ("rate limit", "│  └─ users", "ok"),
    ]
    told = {str(part["name"]): part for part in describe.parts_json(found.parts)}
    below: Any = told["clinic-agent-basic"]["parts"]
    assert [part["name"] for part in below if part["health"] == "missing"] == [
        "clinic-agent-basic/current-time"
    ]
