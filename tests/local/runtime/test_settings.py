"""Which runtimes are run: what the embedded data plane lacks is refused by its name."""

from __future__ import annotations

from typing import Any

import pytest

from tenantctl.local.call import ServiceError
from tenantctl.local.runtime.settings import runtime_of

CODE = {
    "code": {"s3": {"bucket": "b", "prefix": "agent.zip"}},
    "runtime": "PYTHON_3_13",
    "entryPoint": ["main.py"],
}


def described(**changes: object) -> dict[str, Any]:
    """GetAgentRuntime's answer."""
    return {
        "agentRuntimeArn": "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/r-0123456789",
        "agentRuntimeId": "r-0123456789",
        "agentRuntimeName": "r",
        "agentRuntimeVersion": "3",
        "roleArn": "arn:aws:iam::123456789012:role/agent",
        "status": "READY",
        "networkConfiguration": {"networkMode": "PUBLIC"},
        "lifecycleConfiguration": {"idleRuntimeSessionTimeout": 60},
        "agentRuntimeArtifact": {"codeConfiguration": CODE},
        "requestHeaderConfiguration": {"requestHeaderAllowlist": ["Authorization", "X-Case"]},
    } | changes


def code(**changes: object) -> dict[str, object]:
    return {"agentRuntimeArtifact": {"codeConfiguration": CODE | changes}}


def test_what_is_read() -> None:
    found = runtime_of(described())
    assert (found.id, found.version, found.authorizer) == ("r-0123456789", "3", None)
    assert (found.bucket, found.key, found.object_version) == ("b", "agent.zip", None)
    assert (found.idle, found.lifetime, found.entry_point) == (60, 28_800, "main.py")
    assert found.headers == {"authorization", "x-case"}
    assert runtime_of(described(**code(entryPoint=["src/main.py"]))).entry_point == "src/main.py"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"hooksConfiguration": {"build": {}}}, "`hooksConfiguration`"),
        ({"filesystemConfigurations": [{}]}, "`filesystemConfigurations`"),
        ({"somethingNew": True}, "`somethingNew`"),
        ({"networkConfiguration": {"networkMode": "VPC"}}, "the network mode VPC"),
        ({"networkConfiguration": None}, "the network mode None"),
        ({"protocolConfiguration": {"serverProtocol": "MCP"}}, "for MCP"),
        ({"protocolConfiguration": {"serverProtocol": "HTTP", "port": 9000}}, "another port"),
        ({"protocolConfiguration": {"serverProtocol": "HTTP", "path": "/x"}}, "another path"),
        (
            {"agentRuntimeArtifact": {"containerConfiguration": {"containerUri": "x"}}},
            "aren't deployed as code",
        ),
        (code(code={}), "isn't in S3"),
        (code(runtime="NODE_22"), "for NODE_22"),
        (code(entryPoint=["opentelemetry-instrument", "main.py"]), "`opentelemetry-instrument`"),
        (code(entryPoint=["../main.py"]), "`../main.py`"),
        (code(entryPoint=["/bin/main.py"]), "`/bin/main.py`"),
        (code(entryPoint=["main"]), "`main`"),
    ],
)
def test_what_is_not_served(changes: dict[str, object], says: str) -> None:
    with pytest.raises(ServiceError) as failed:
        runtime_of(described(**changes))
    assert (failed.value.code, failed.value.status) == ("NotImplementedException", 501)
    assert says in failed.value.message


@pytest.mark.parametrize("status", ["CREATING", "CREATE_FAILED", "DELETING"])
def test_a_runtime_that_isnt_there_yet_or_any_more(status: str) -> None:
    with pytest.raises(ServiceError, match=f"in status {status}"):
        runtime_of(described(status=status))
