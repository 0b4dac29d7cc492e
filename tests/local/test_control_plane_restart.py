"""What was provisioned is there again when a saved cloud is opened anew."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any, cast

from tenantctl.aws.session import Aws
from tenantctl.local.connect import embedded
from tenantctl.local.functions.code import code_of

REGION, ACCOUNT = "us-east-1", "123456789012"
TRUST = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    },
}


def functions(aws: Aws) -> Any:  # noqa: ANN401 - a boto3 client
    return aws.client(cast("Any", "lambda"))


def test_functions_keep_their_code(tmp_path: Path) -> None:
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as found:
        found.writestr("index.py", "def handler(event, context): return event\n")
    with embedded(region=REGION, state_dir=tmp_path / "state") as aws:
        role = aws.client("iam").create_role(
            RoleName="execution", AssumeRolePolicyDocument=json.dumps(TRUST)
        )
        functions(aws).create_function(
            FunctionName="tool",
            Role=role["Role"]["Arn"],
            Runtime="python3.12",
            Handler="index.handler",
            Code={"ZipFile": package.getvalue()},
        )
        before = code_of(ACCOUNT, REGION, "tool")
    with embedded(region=REGION, state_dir=tmp_path / "state") as aws:
        assert code_of(ACCOUNT, REGION, "tool") == before
        found = functions(aws).get_function(FunctionName="tool")
        assert found["Configuration"]["CodeSha256"] == before.sha256
        functions(aws).delete_function(FunctionName="tool")
        assert functions(aws).list_functions()["Functions"] == []


def test_the_control_plane_goes_on_where_it_was(tmp_path: Path) -> None:
    """What was on its way when the cloud was left comes to its end afterwards."""
    role = "arn:aws:iam::123456789012:role/gateway"
    with embedded(region=REGION, state_dir=tmp_path / "state") as aws:
        client = aws.client("bedrock-agentcore-control")
        gateway = client.create_gateway(name="g", roleArn=role, authorizerType="AWS_IAM")
        key = gateway["gatewayId"]
        client.get_gateway(gatewayIdentifier=key)
        client.create_gateway_rate_limit(
            gatewayIdentifier=key,
            rateLimitId="each",
            dimensionKeys=["toolName"],
            entries=[
                {"dimensions": {"toolName": "*"}, "requests": [{"rate": 1, "period": "second"}]}
            ],
        )
        memory = client.create_memory(name="m", eventExpiryDuration=30)["memory"]["id"]
        runtime = client.create_agent_runtime(
            agentRuntimeName="r",
            agentRuntimeArtifact={
                "containerConfiguration": {"containerUri": "public.ecr.aws/lambda/python:3.12"}
            },
            roleArn=role,
            networkConfiguration={"networkMode": "PUBLIC"},
        )["agentRuntimeId"]
    with embedded(region=REGION, state_dir=tmp_path / "state") as aws:
        client = aws.client("bedrock-agentcore-control")
        found = client.get_gateway_rate_limit(gatewayIdentifier=key, rateLimitId="each")
        assert found["status"] == "ACTIVE"
        assert client.get_memory(memoryId=memory)["memory"]["status"] == "ACTIVE"
        assert client.get_agent_runtime(agentRuntimeId=runtime)["status"] == "READY"
        assert client.create_gateway(name="h", roleArn=role, authorizerType="AWS_IAM")
