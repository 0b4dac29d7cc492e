"""Gateways, their targets and rate limits through boto3, on the embedded cloud."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any

import pytest
from botocore.exceptions import ClientError, ParamValidationError

from tenantctl.aws.session import Aws
from tenantctl.local.cloud import Cloud
from tenantctl.local.wire.serve import serving

from .conftest import Lacking

REGION, ACCOUNT = "us-east-1", "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/clinic-agent-gateway"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:clinic-agent-current-time"
ENGINE = f"arn:aws:bedrock-agentcore:{REGION}:{ACCOUNT}:policy-engine/none-1234567890"
CLAIM = "$.context.jwt.custom-tenantId"

Answer = dict[str, Any]


def settings(**more: object) -> dict[str, Any]:
    """A gateway as the pool wants it."""
    return {
        "name": "clinic-agent-basic",
        "roleArn": ROLE,
        "protocolType": "MCP",
        "protocolConfiguration": {"mcp": {"supportedVersions": ["2025-03-26"]}},
        "authorizerType": "CUSTOM_JWT",
        "authorizerConfiguration": {
            "customJWTAuthorizer": {
                "discoveryUrl": "https://idp/pool/.well-known/openid-configuration",
                "allowedAudience": ["client"],
                "customClaims": [
                    {
                        "inboundTokenClaimName": "custom:tier",
                        "inboundTokenClaimValueType": "STRING",
                        "authorizingClaimMatchValue": {
                            "claimMatchOperator": "EQUALS",
                            "claimMatchValue": {"matchValueString": "basic"},
                        },
                    }
                ],
            }
        },
        "interceptorConfigurations": [
            {
                "interceptor": {"lambda": {"arn": FUNCTION}},
                "interceptionPoints": ["REQUEST"],
                "inputConfiguration": {"passRequestHeaders": True},
            }
        ],
        "exceptionLevel": "DEBUG",
        **more,
    }


def target(**more: object) -> dict[str, Any]:
    """A target as the pool wants it."""
    tool = {
        "name": "current_time",
        "description": "The time.",
        "inputSchema": {
            "type": "object",
            "properties": {"zone": {"type": "string"}},
            "required": ["zone"],
        },
    }
    return {
        "name": "current-time",
        "targetConfiguration": {
            "mcp": {"lambda": {"lambdaArn": FUNCTION, "toolSchema": {"inlinePayload": [tool]}}}
        },
        "credentialProviderConfigurations": [{"credentialProviderType": "GATEWAY_IAM_ROLE"}],
        "metadataConfiguration": {"allowedRequestHeaders": ["X-Tier", "X-Clinic-ID"]},
        **more,
    }


def limit(**more: object) -> dict[str, Any]:
    """A rate limit for each tenant."""
    return {
        "rateLimitId": "per-tenant",
        "dimensionKeys": [CLAIM],
        "entries": [{"dimensions": {CLAIM: "*"}, "requests": [{"rate": 60.0, "period": "minute"}]}],
        **more,
    }


def refused(code: str, message: str = "") -> AbstractContextManager[object]:
    return pytest.raises(ClientError, match=f"(?s){code}.*{message}")


@pytest.fixture(scope="module")
def client(aws: Aws) -> Any:  # noqa: ANN401 - a boto3 client
    return aws.client("bedrock-agentcore-control")


@pytest.fixture
def gateway(client: Any) -> Iterator[str]:  # noqa: ANN401 - the same
    made: str = client.create_gateway(**settings(tags={"tenantctl:pool": "clinic-agent"}))[
        "gatewayId"
    ]
    client.get_gateway(gatewayIdentifier=made)
    yield made
    key = {"gatewayIdentifier": made}
    for _ in range(2):  # the first look lets what is under way end
        for one in client.list_gateway_targets(**key)["items"]:
            if one["status"] != "DELETING":
                client.delete_gateway_target(**key, targetId=one["targetId"])
        for one in client.list_gateway_rate_limits(**key)["rateLimits"]:
            if one["status"] != "DELETING":
                client.delete_gateway_rate_limit(**key, rateLimitId=one["rateLimitId"])
    client.list_gateway_targets(**key)
    client.list_gateway_rate_limits(**key)
    client.delete_gateway(**key)
    client.list_gateways()


def plain(found: Answer) -> Answer:
    """An answer without what changes by itself."""
    gone = ("ResponseMetadata", "updatedAt", "createdAt", "status", "statusReasons")
    return {name: value for name, value in found.items() if name not in gone}


def test_a_gateway_is_given_back_as_it_was_made(client: Any) -> None:  # noqa: ANN401 - the same
    made = client.create_gateway(**settings())
    key = {"gatewayIdentifier": made["gatewayId"]}
    assert made["status"] == "CREATING"
    assert re.fullmatch(r"clinic-agent-basic-[a-z0-9]{10}", made["gatewayId"])
    assert made["gatewayArn"].endswith(f"{REGION}:{ACCOUNT}:gateway/{made['gatewayId']}")
    found = client.get_gateway(**key)
    assert found["status"] == "READY"
    assert plain(found) == plain(made)
    for name, value in settings().items():
        assert found[name] == value
    assert found["gatewayUrl"] == (
        f"https://{made['gatewayId']}.gateway.bedrock-agentcore.{REGION}.amazonaws.com/mcp"
    )
    assert client.delete_gateway(**key)["status"] == "DELETING"
    assert [g["status"] for g in client.list_gateways()["items"]] == ["DELETING"]
    assert client.list_gateways()["items"] == []
    with refused("ResourceNotFound"):
        client.get_gateway(**key)


def test_while_the_cloud_is_served_gateways_are_at_its_address(
    cloud: Cloud,
    client: Any,  # noqa: ANN401 - the same
    gateway: str,
) -> None:
    def url() -> str:
        return str(client.get_gateway(gatewayIdentifier=gateway)["gatewayUrl"])

    before = url()
    with serving(cloud) as endpoint:
        assert url() == f"{endpoint}/gateways/{gateway}/mcp"
    assert url() == before


def test_an_update_replaces_all_that_is_not_sent_again(client: Any, gateway: str) -> None:  # noqa: ANN401 - the same
    kept = ("name", "roleArn", "authorizerType", "authorizerConfiguration")
    rest = {name: value for name, value in settings().items() if name in kept}
    key = {"gatewayIdentifier": gateway}
    assert client.update_gateway(**key, **rest)["status"] == "UPDATING"
    with refused("ConflictException", "UPDATING"):
        client.update_gateway(**key, **rest)
    found = client.get_gateway(**key)
    assert found["status"] == "READY"
    assert "interceptorConfigurations" not in found
    assert "exceptionLevel" not in found
    assert {name: found[name] for name in kept} == rest
    with refused("ValidationException", "name"):
        client.update_gateway(**key, **rest | {"name": "another"})


def test_an_engine_that_is_not_there_fails_the_gateway(client: Any, gateway: str) -> None:  # noqa: ANN401 - the same
    bad = {"policyEngineConfiguration": {"arn": ENGINE, "mode": "ENFORCE"}}
    made = client.create_gateway(**settings(name="another", **bad))
    key = {"gatewayIdentifier": made["gatewayId"]}
    found = client.get_gateway(**key)
    assert found["status"] == "FAILED"
    assert "policy engine" in found["statusReasons"][0]
    client.delete_gateway(**key)
    client.list_gateways()
    client.update_gateway(gatewayIdentifier=gateway, **settings(**bad))
    found = client.get_gateway(gatewayIdentifier=gateway)
    assert found["status"] == "UPDATE_UNSUCCESSFUL"
    assert "policyEngineConfiguration" not in found


def test_an_engine_is_attached_from_the_start(client: Any) -> None:  # noqa: ANN401 - the same
    engine = client.create_policy_engine(name="attached")
    used = {"arn": engine["policyEngineArn"], "mode": "ENFORCE"}
    made = client.create_gateway(**settings(name="enforcing", policyEngineConfiguration=used))
    found = client.get_gateway(gatewayIdentifier=made["gatewayId"])
    assert (found["status"], found["policyEngineConfiguration"]) == ("READY", used)
    client.delete_gateway(gatewayIdentifier=made["gatewayId"])
    client.list_gateways()


def test_a_name_is_there_once_and_a_token_makes_once(client: Any, gateway: str) -> None:  # noqa: ANN401 - the same
    with refused("ConflictException", "already exists"):
        client.create_gateway(**settings())
    token = "x" * 40
    made = client.create_gateway(**settings(name="again", clientToken=token))
    again = client.create_gateway(**settings(name="again", clientToken=token))
    assert made["gatewayId"] == again["gatewayId"] != gateway
    with refused("ValidationException", "token"):
        client.create_gateway(**settings(name="other", clientToken=token))
    client.get_gateway(gatewayIdentifier=made["gatewayId"])
    client.delete_gateway(gatewayIdentifier=made["gatewayId"])
    client.list_gateways()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"name": "with_underscore"}, "name"),
        ({"name": "a" * 49}, "name"),
        ({"authorizerType": "ANYBODY"}, "authorizerType"),
        ({"policyEngineConfiguration": {"arn": ENGINE, "mode": "MAYBE"}}, "mode"),
        ({"policyEngineConfiguration": {"arn": "engine", "mode": "ENFORCE"}}, "arn"),
        (
            {"authorizerConfiguration": {"customJWTAuthorizer": {"discoveryUrl": "https://idp"}}},
            "discoveryUrl",
        ),
        ({"interceptorConfigurations": 2 * settings()["interceptorConfigurations"]}, "more than"),
        ({"exceptionLevel": "ALL"}, "exceptionLevel"),
    ],
)
def test_what_the_service_does_not_admit_is_refused(
    client: Any,  # noqa: ANN401 - the same
    more: Mapping[str, object],
    message: str,
) -> None:
    with refused("ValidationException", message):
        client.create_gateway(**settings(**more))
    assert client.list_gateways()["items"] == []


def test_an_authorizer_of_tokens_needs_its_configuration(client: Any) -> None:  # noqa: ANN401 - the same
    bare = {n: v for n, v in settings().items() if n != "authorizerConfiguration"}
    with refused("ValidationException", "authorizerConfiguration"):
        client.create_gateway(**bare)
    with pytest.raises(ParamValidationError):
        client.create_gateway(name="a", authorizerType="NONE")


def test_targets_are_kept_replaced_and_deleted(client: Any, gateway: str) -> None:  # noqa: ANN401 - the same
    key = {"gatewayIdentifier": gateway}
    made = client.create_gateway_target(**key, **target())
    one = {**key, "targetId": made["targetId"]}
    assert (made["status"], len(made["targetId"])) == ("CREATING", 10)
    found = client.get_gateway_target(**one)
    assert found["status"] == "READY"
    assert plain(found) == plain(made)
    for name, value in target().items():
        assert found[name] == value
    (item,) = client.list_gateway_targets(**key)["items"]
    assert (item["name"], item["targetType"]) == ("current-time", "LAMBDA")
    with refused("ConflictException", "already"):
        client.create_gateway_target(**key, **target())
    with refused("ConflictException", "targets"):
        client.delete_gateway(**key)
    rest = {n: v for n, v in target().items() if n != "metadataConfiguration"}
    assert client.update_gateway_target(**one, **rest)["status"] == "UPDATING"
    assert "metadataConfiguration" not in client.get_gateway_target(**one)
    assert client.delete_gateway_target(**one)["status"] == "DELETING"
    with refused("ResourceNotFound"):
        client.get_gateway_target(**one)


def test_targets_wait_for_their_gateway(client: Any) -> None:  # noqa: ANN401 - the same
    made = client.create_gateway(**settings(name="slow"))["gatewayId"]
    with refused("ConflictException", "CREATING"):
        client.create_gateway_target(gatewayIdentifier=made, **target())
    client.get_gateway(gatewayIdentifier=made)
    client.delete_gateway(gatewayIdentifier=made)
    client.list_gateways()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"name": "current_time"}, "name"),
        (
            {"credentialProviderConfigurations": [{"credentialProviderType": "API_KEY"}]},
            "GATEWAY_IAM_ROLE",
        ),
        (
            {
                "targetConfiguration": {
                    "mcp": {
                        "lambda": {
                            "lambdaArn": FUNCTION,
                            "toolSchema": {
                                "inlinePayload": [
                                    {
                                        "name": "a",
                                        "description": "b",
                                        "inputSchema": {"type": "thing"},
                                    }
                                ]
                            },
                        }
                    }
                }
            },
            "type",
        ),
        ({"metadataConfiguration": {"allowedRequestHeaders": ["X"] * 11}}, "allowedRequestHeaders"),
    ],
)
def test_wrong_targets_are_refused(
    client: Any,  # noqa: ANN401 - the same
    gateway: str,
    more: Mapping[str, object],
    message: str,
) -> None:
    with refused("ValidationException", message):
        client.create_gateway_target(gatewayIdentifier=gateway, **target(**more))
    assert client.list_gateway_targets(gatewayIdentifier=gateway)["items"] == []


def test_lists_come_in_pages(client: Any, gateway: str) -> None:  # noqa: ANN401 - the same
    key = {"gatewayIdentifier": gateway}
    names = [f"tool-{n}" for n in range(5)]
    for name in names:
        client.create_gateway_target(**key, **target(name=name))
    pages = client.get_paginator("list_gateway_targets").paginate(
        **key, PaginationConfig={"PageSize": 2}
    )
    assert [[t["name"] for t in page["items"]] for page in pages] == [
        names[:2],
        names[2:4],
        names[4:],
    ]
    with refused("ValidationException", "nextToken"):
        client.list_gateway_targets(**key, nextToken="no token")


def test_rate_limits_are_kept_changed_and_deleted(client: Any, gateway: str) -> None:  # noqa: ANN401 - the same
    key = {"gatewayIdentifier": gateway}
    made = client.create_gateway_rate_limit(**key, **limit(description="d"))
    one = {**key, "rateLimitId": "per-tenant"}
    assert made["status"] == "CREATING"
    found = client.get_gateway_rate_limit(**one)
    assert (found["status"], found["entries"]) == ("ACTIVE", limit()["entries"])
    entries = [{"dimensions": {CLAIM: "*"}, "requests": [{"rate": 5.0, "period": "second"}]}]
    assert client.update_gateway_rate_limit(**one, entries=entries)["status"] == "UPDATING"
    found = client.get_gateway_rate_limit(**one)
    assert (found["entries"], found["description"]) == (entries, "d")
    with refused("ConflictException", "dimension keys"):
        client.create_gateway_rate_limit(**key, **limit(rateLimitId="another"))
    with refused("ConflictException", "already exists"):
        client.create_gateway_rate_limit(
            **key,
            **limit(
                dimensionKeys=["toolName"],
                entries=[
                    {
                        "dimensions": {"toolName": "*"},
                        "requests": [{"rate": 1.0, "period": "second"}],
                    }
                ],
            ),
        )
    with refused("ConflictException", "rate limits"):
        client.delete_gateway(**key)
    assert client.delete_gateway_rate_limit(**one)["status"] == "DELETING"
    with refused("ResourceNotFound"):
        client.get_gateway_rate_limit(**one)


def test_a_batch_is_done_whole_or_not_at_all(client: Any, gateway: str) -> None:  # noqa: ANN401 - the same
    key = {"gatewayIdentifier": gateway}
    tool = {
        "dimensionKeys": ["toolName"],
        "entries": [
            {"dimensions": {"toolName": "*"}, "requests": [{"rate": 1, "period": "second"}]}
        ],
    }
    with refused("ValidationException", "dimensions"):
        client.batch_put_gateway_rate_limits(
            **key, rateLimits=[limit(), tool | {"entries": limit()["entries"]}]
        )
    assert client.list_gateway_rate_limits(**key)["rateLimits"] == []
    client.batch_put_gateway_rate_limits(**key, rateLimits=[limit()])
    client.get_gateway_rate_limit(**key, rateLimitId="per-tenant")
    faster = [{"dimensions": {CLAIM: "*"}, "requests": [{"rate": 600.0, "period": "minute"}]}]
    done = client.batch_put_gateway_rate_limits(
        **key, rateLimits=[{"dimensionKeys": [CLAIM], "entries": faster}, tool]
    )["rateLimits"]
    assert [(d["status"], d["dimensionKeys"]) for d in done] == [
        ("UPDATING", [CLAIM]),
        ("CREATING", ["toolName"]),
    ]
    assert done[0]["rateLimitId"] == "per-tenant"
    client.list_gateway_rate_limits(**key)
    found = client.list_gateway_rate_limits(**key)["rateLimits"]
    assert [(f["status"], f["entries"][0]["requests"][0]["rate"]) for f in found] == [
        ("ACTIVE", 600.0),
        ("ACTIVE", 1.0),
    ]


_RATE = [{"rate": 1.0, "period": "second"}]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"dimensionKeys": ["tenant"]}, "dimensionKeys"),
        ({"entries": [{"dimensions": {"toolName": "*"}, "requests": _RATE}]}, "dimensions"),
        ({"entries": [{"dimensions": {CLAIM: "*"}}]}, "must limit"),
        ({"entries": 2 * limit()["entries"]}, "same dimensions"),
        (
            {
                "entries": [
                    {"dimensions": {CLAIM: "*"}, "requests": [{"rate": 1.0, "period": "hour"}]}
                ]
            },
            "period",
        ),
        (
            {
                "entries": [
                    {"dimensions": {CLAIM: "*"}, "connections": [{"rate": 1.0, "period": "minute"}]}
                ]
            },
            "second",
        ),
        (
            {
                "dimensionKeys": [CLAIM, "toolName"],
                "entries": [{"dimensions": {CLAIM: "*", "toolName": "a"}, "requests": _RATE}],
            },
            "wildcard",
        ),
        ({"rateLimitId": "--"}, "rateLimitId"),
    ],
)
def test_wrong_rate_limits_are_refused(
    client: Any,  # noqa: ANN401 - the same
    gateway: str,
    more: Mapping[str, object],
    message: str,
) -> None:
    with refused("ValidationException", message):
        client.create_gateway_rate_limit(gatewayIdentifier=gateway, **limit(**more))


def test_tags_come_and_go(client: Any, gateway: str) -> None:  # noqa: ANN401 - the same
    arn = client.get_gateway(gatewayIdentifier=gateway)["gatewayArn"]
    client.tag_resource(resourceArn=arn, tags={"a": "b"})
    found = client.list_tags_for_resource(resourceArn=arn)["tags"]
    assert found == {"tenantctl:pool": "clinic-agent", "a": "b"}
    client.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert set(client.list_tags_for_resource(resourceArn=arn)["tags"]) == {"tenantctl:pool"}
    with refused("ResourceNotFound"):
        client.list_tags_for_resource(resourceArn=f"{arn[:-10]}0000000000")


def test_what_works_is_there_for_who_calls_it(cloud: Cloud, client: Any, gateway: str) -> None:  # noqa: ANN401 - the same
    key = {"gatewayIdentifier": gateway}
    client.create_gateway_target(**key, **target())
    client.create_gateway_rate_limit(**key, **limit())
    client.create_gateway(
        **settings(name="broken", policyEngineConfiguration={"arn": ENGINE, "mode": "ENFORCE"})
    )
    plane = cloud.control_plane(ACCOUNT, REGION)
    (found,) = plane.gateways()
    assert found.id == gateway
    assert [(t.name, t.status) for t in found.targets.values()] == [("current-time", "READY")]
    assert [(one.id, one.status) for one in found.limits.values()] == [("per-tenant", "ACTIVE")]
    assert plane.gateway("nothing-0123456789") is None
    (broken,) = [g for g in client.list_gateways()["items"] if g["name"] == "broken"]
    client.delete_gateway(gatewayIdentifier=broken["gatewayId"])
    client.list_gateways()


Do = Callable[[Any], object]
KEY = {"gatewayIdentifier": "clinic-agent-basic-0123456789"}
ARN = f"arn:aws:bedrock-agentcore:{REGION}:{ACCOUNT}:gateway/{KEY['gatewayIdentifier']}"
ONE = {**KEY, "targetId": "ABCDEFGHIJ"}
LIMIT = {**KEY, "rateLimitId": "per-tenant"}

_NEEDS: list[tuple[Do, list[str]]] = [
    (lambda c: c.create_gateway(**settings()), ["CreateGateway", "iam:PassRole"]),
    (lambda c: c.get_gateway(**KEY), ["GetGateway"]),
    (lambda c: c.list_gateways(), ["ListGateways"]),
    (lambda c: c.update_gateway(**KEY, **settings()), ["UpdateGateway", "iam:PassRole"]),
    (lambda c: c.delete_gateway(**KEY), ["DeleteGateway"]),
    (lambda c: c.create_gateway_target(**KEY, **target()), ["CreateGatewayTarget"]),
    (lambda c: c.get_gateway_target(**ONE), ["GetGatewayTarget"]),
    (lambda c: c.list_gateway_targets(**KEY), ["ListGatewayTargets"]),
    (lambda c: c.update_gateway_target(**ONE, **target()), ["UpdateGatewayTarget"]),
    (lambda c: c.delete_gateway_target(**ONE), ["DeleteGatewayTarget"]),
    (lambda c: c.create_gateway_rate_limit(**KEY, **limit()), ["CreateGatewayRateLimit"]),
    (lambda c: c.get_gateway_rate_limit(**LIMIT), ["GetGatewayRateLimit"]),
    (lambda c: c.list_gateway_rate_limits(**KEY), ["ListGatewayRateLimits"]),
    (
        lambda c: c.update_gateway_rate_limit(**LIMIT, entries=limit()["entries"]),
        ["UpdateGatewayRateLimit"],
    ),
    (
        lambda c: c.batch_put_gateway_rate_limits(**KEY, rateLimits=[limit()]),
        ["BatchPutGatewayRateLimits"],
    ),
    (lambda c: c.delete_gateway_rate_limit(**LIMIT), ["DeleteGatewayRateLimit"]),
    (lambda c: c.tag_resource(resourceArn=ARN, tags={"a": "b"}), ["TagResource"]),
    (lambda c: c.untag_resource(resourceArn=ARN, tagKeys=["a"]), ["UntagResource"]),
    (lambda c: c.list_tags_for_resource(resourceArn=ARN), ["ListTagsForResource"]),
]


@pytest.mark.parametrize(("do", "needs"), _NEEDS)
def test_each_call_needs_each_of_its_permissions(
    lacking: Lacking, do: Do, needs: list[str]
) -> None:
    actions = [need if ":" in need else f"bedrock-agentcore:{need}" for need in needs]
    for missing, client in lacking("bedrock-agentcore-control", actions):
        with refused("AccessDenied", missing):
            do(client)
