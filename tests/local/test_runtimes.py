"""Agent runtimes, their versions and endpoints through boto3, on the embedded cloud."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tenantctl.aws.session import Aws

from .conftest import Lacking

REGION, ACCOUNT = "us-east-1", "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/clinic-agent-agent"
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/agent:1"
CODE = {
    "codeConfiguration": {
        "code": {"s3": {"bucket": "clinic-agent-code", "prefix": "agent.zip"}},
        "runtime": "PYTHON_3_12",
        "entryPoint": ["main.py"],
    }
}


def settings(**more: object) -> dict[str, Any]:
    """A runtime as the pool wants it."""
    return {
        "agentRuntimeName": "clinic_agent_basic",
        "agentRuntimeArtifact": {"containerConfiguration": {"containerUri": IMAGE}},
        "roleArn": ROLE,
        "networkConfiguration": {"networkMode": "PUBLIC"},
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
        "requestHeaderConfiguration": {"requestHeaderAllowlist": ["Authorization"]},
        "environmentVariables": {"GATEWAY_URL": "https://gateway"},
        **more,
    }


def refused(code: str, message: str = "") -> AbstractContextManager[object]:
    return pytest.raises(ClientError, match=f"(?s){code}.*{message}")


@pytest.fixture(scope="module")
def client(aws: Aws) -> Any:  # noqa: ANN401 - a boto3 client
    return aws.client("bedrock-agentcore-control")


@pytest.fixture
def runtime(client: Any) -> Iterator[str]:  # noqa: ANN401 - the same
    made: str = client.create_agent_runtime(**settings(tags={"a": "b"}))["agentRuntimeId"]
    client.get_agent_runtime(agentRuntimeId=made)
    yield made
    key = {"agentRuntimeId": made}
    for _ in range(2):  # the first look lets what is under way end
        for one in client.list_agent_runtime_endpoints(**key)["runtimeEndpoints"]:
            if one["name"] != "DEFAULT" and one["status"] != "DELETING":
                client.delete_agent_runtime_endpoint(**key, endpointName=one["name"])
    client.list_agent_runtime_endpoints(**key)
    client.get_agent_runtime(**key)
    client.delete_agent_runtime(**key)
    client.list_agent_runtimes()


def test_a_runtime_is_given_back_as_it_was_made(client: Any, runtime: str) -> None:  # noqa: ANN401 - the same
    found = client.get_agent_runtime(agentRuntimeId=runtime)
    assert re.fullmatch(r"clinic_agent_basic-[A-Za-z0-9]{10}", runtime)
    assert found["agentRuntimeArn"] == (
        f"arn:aws:bedrock-agentcore:{REGION}:{ACCOUNT}:runtime/{runtime}"
    )
    for name, value in settings().items():
        assert found[name] == value
    assert (found["status"], found["agentRuntimeVersion"]) == ("READY", "1")
    assert found["lifecycleConfiguration"] == {
        "idleRuntimeSessionTimeout": 900,
        "maxLifetime": 28_800,
    }
    (item,) = client.list_agent_runtimes()["agentRuntimes"]
    assert item["agentRuntimeName"] == "clinic_agent_basic"
    arn = found["agentRuntimeArn"]
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {"a": "b"}


def test_an_update_is_a_new_version_of_what_is_sent(client: Any, runtime: str) -> None:  # noqa: ANN401 - the same
    key = {"agentRuntimeId": runtime}
    rest = {"agentRuntimeArtifact": settings()["agentRuntimeArtifact"], "roleArn": ROLE}
    answer = client.update_agent_runtime(**key, **rest)
    assert (answer["status"], answer["agentRuntimeVersion"]) == ("UPDATING", "2")
    with refused("ConflictException", "UPDATING"):
        client.update_agent_runtime(**key, **rest)
    found = client.get_agent_runtime(**key)
    assert found["status"] == "READY"
    assert "authorizerConfiguration" not in found
    assert "environmentVariables" not in found
    old = client.get_agent_runtime(**key, agentRuntimeVersion="1")
    assert old["authorizerConfiguration"] == settings()["authorizerConfiguration"]
    assert old["agentRuntimeVersion"] == "1"
    with refused("ResourceNotFound", "version"):
        client.get_agent_runtime(**key, agentRuntimeVersion="3")
    versions = client.list_agent_runtime_versions(**key)["agentRuntimes"]
    assert [v["agentRuntimeVersion"] for v in versions] == ["1", "2"]
    default = client.get_agent_runtime_endpoint(**key, endpointName="DEFAULT")
    assert default["liveVersion"] == default["targetVersion"] == "2"
    with refused("ConflictException", "version 2"):
        client.delete_agent_runtime(**key, agentRuntimeVersion="2")
    client.delete_agent_runtime(**key, agentRuntimeVersion="1")
    versions = client.list_agent_runtime_versions(**key)["agentRuntimes"]
    assert [v["agentRuntimeVersion"] for v in versions] == ["2"]


def test_endpoints_stand_for_versions(client: Any, runtime: str) -> None:  # noqa: ANN401 - the same
    key = {"agentRuntimeId": runtime}
    made = client.create_agent_runtime_endpoint(**key, name="live", description="d")
    assert (made["status"], made["targetVersion"]) == ("CREATING", "1")
    with refused("ConflictException", "live"):
        client.create_agent_runtime_endpoint(**key, name="live")
    one = {**key, "endpointName": "live"}
    assert client.get_agent_runtime_endpoint(**one)["status"] == "READY"
    client.update_agent_runtime(
        **key, agentRuntimeArtifact=settings()["agentRuntimeArtifact"], roleArn=ROLE
    )
    client.get_agent_runtime(**key)
    assert client.get_agent_runtime_endpoint(**one)["liveVersion"] == "1"
    answer = client.update_agent_runtime_endpoint(**one, agentRuntimeVersion="2")
    assert (answer["status"], answer["targetVersion"], answer["liveVersion"]) == (
        "UPDATING",
        "2",
        "1",
    )
    assert client.get_agent_runtime_endpoint(**one)["liveVersion"] == "2"
    with refused("ResourceNotFound", "version"):
        client.update_agent_runtime_endpoint(**one, agentRuntimeVersion="7")
    with refused("ConflictException", "endpoints"):
        client.delete_agent_runtime(**key)
    with refused("ConflictException", "DEFAULT"):
        client.delete_agent_runtime_endpoint(**key, endpointName="DEFAULT")
    assert client.delete_agent_runtime_endpoint(**one)["status"] == "DELETING"
    with refused("ResourceNotFound"):
        client.get_agent_runtime_endpoint(**one)


def test_code_must_be_where_it_is_said_to_be(aws: Aws, client: Any) -> None:  # noqa: ANN401 - the same
    made = client.create_agent_runtime(**settings(agentRuntimeArtifact=CODE))
    key = {"agentRuntimeId": made["agentRuntimeId"]}
    found = client.get_agent_runtime(**key)
    assert found["status"] == "CREATE_FAILED"
    assert "agent.zip" in found["failureReason"]
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="clinic-agent-code")
    s3.put_object(Bucket="clinic-agent-code", Key="agent.zip", Body=b"zip")
    client.update_agent_runtime(**key, agentRuntimeArtifact=CODE, roleArn=ROLE)
    found = client.get_agent_runtime(**key)
    assert (found["status"], found["agentRuntimeArtifact"]) == ("READY", CODE)
    assert "failureReason" not in found
    assert client.delete_agent_runtime(**key)["status"] == "DELETING"
    with refused("ResourceNotFound"):
        client.get_agent_runtime(**key)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"agentRuntimeName": "clinic-agent-basic"}, "agentRuntimeName"),
        ({"agentRuntimeName": "a" * 49}, "agentRuntimeName"),
        ({"agentRuntimeArtifact": {"containerConfiguration": {"containerUri": "a"}}}, "Uri"),
        ({"networkConfiguration": {"networkMode": "HOME"}}, "networkMode"),
        ({"protocolConfiguration": {"serverProtocol": "SMTP"}}, "serverProtocol"),
    ],
)
def test_what_the_service_does_not_admit_is_refused(
    client: Any,  # noqa: ANN401 - the same
    more: Mapping[str, object],
    message: str,
) -> None:
    with refused("ValidationException", message):
        client.create_agent_runtime(**settings(**more))
    assert client.list_agent_runtimes()["agentRuntimes"] == []


def test_a_name_is_there_once(client: Any, runtime: str) -> None:  # noqa: ANN401 - the same
    with refused("ConflictException", "already exists"):
        client.create_agent_runtime(**settings())
    assert len(client.list_agent_runtimes()["agentRuntimes"]) == len([runtime])


Do = Callable[[Any], object]
KEY = {"agentRuntimeId": "clinic_agent_basic-0123456789"}
ONE = {**KEY, "endpointName": "live"}
SENT = {"agentRuntimeArtifact": settings()["agentRuntimeArtifact"], "roleArn": ROLE}

_NEEDS: list[tuple[Do, list[str]]] = [
    (lambda c: c.create_agent_runtime(**settings()), ["CreateAgentRuntime", "iam:PassRole"]),
    (lambda c: c.get_agent_runtime(**KEY), ["GetAgentRuntime"]),
    (lambda c: c.list_agent_runtimes(), ["ListAgentRuntimes"]),
    (lambda c: c.list_agent_runtime_versions(**KEY), ["ListAgentRuntimeVersions"]),
    (
        lambda c: c.update_agent_runtime(**KEY, **SENT),
        ["UpdateAgentRuntime", "iam:PassRole"],
    ),
    (lambda c: c.delete_agent_runtime(**KEY), ["DeleteAgentRuntime"]),
    (
        lambda c: c.create_agent_runtime_endpoint(**KEY, name="live"),
        ["CreateAgentRuntimeEndpoint"],
    ),
    (lambda c: c.get_agent_runtime_endpoint(**ONE), ["GetAgentRuntimeEndpoint"]),
    (lambda c: c.list_agent_runtime_endpoints(**KEY), ["ListAgentRuntimeEndpoints"]),
    (lambda c: c.update_agent_runtime_endpoint(**ONE), ["UpdateAgentRuntimeEndpoint"]),
    (lambda c: c.delete_agent_runtime_endpoint(**ONE), ["DeleteAgentRuntimeEndpoint"]),
]


@pytest.mark.parametrize(("do", "needs"), _NEEDS)
def test_each_call_needs_each_of_its_permissions(
    lacking: Lacking, do: Do, needs: list[str]
) -> None:
    actions = [need if ":" in need else f"bedrock-agentcore:{need}" for need in needs]
    for missing, client in lacking("bedrock-agentcore-control", actions):
        with refused("AccessDenied", missing):
            do(client)
