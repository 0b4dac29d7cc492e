"""A served pool: gateways of both tiers, three clinics with data, their users signed in."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import httpx2
import pytest
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client

from tenantctl.aws.lookup import find_gateways, user_pool
from tenantctl.aws.session import Aws
from tenantctl.domain.config import load
from tenantctl.domain.headers import PROPAGATED_HEADERS
from tenantctl.domain.layout import META, tenant_key
from tenantctl.domain.names import Names
from tenantctl.domain.tools import TOOLS
from tenantctl.local.cloud import Cloud
from tenantctl.local.connect import in_memory, opened
from tenantctl.local.wire.serve import serving
from tenantctl.policy.apply import apply as push
from tenantctl.policy.push import reviewed
from tenantctl.policy.wanted import source
from tenantctl.pool.plan import apply, plan
from tenantctl.vending.sign_in import Tokens, sign_in

if TYPE_CHECKING:
    from mcp_types import CallToolResult

ROOT = Path(__file__).parents[3]
PASSWORD = "Correct-horse-battery-1"
T = TypeVar("T")

TIERS = {"clinic-1": "basic", "clinic-10": "basic", "hospital-1": "premium"}
NOON = "2026-01-05T12:00:00+00:00"
"""A Monday; the clinics of these tests are in UTC."""
EVENING = "2026-01-05T20:00:00+00:00"


def canary(tenant: str) -> str:
    """A word that stands in all data of a clinic, and in nobody else's."""
    return f"canary-of-{tenant}."


def deploy(aws: Aws, names: Names) -> None:
    """The pool with its gateways, and the policies pushed."""
    apply(plan(aws, names), aws)
    push(aws, reviewed(aws, names, source(names, None)))


def make_gateway(aws: Aws, names: Names, tier: str, **changes: Any) -> str:  # noqa: ANN401 - CreateGateway's parameters
    """A gateway as `pool apply` is to make it; its id."""
    control, users = aws.client("bedrock-agentcore-control"), user_pool(aws, names)
    claim = {
        "inboundTokenClaimName": names.pool.identity.tier.claim,
        "inboundTokenClaimValueType": "STRING",
        "authorizingClaimMatchValue": {
            "claimMatchValue": {"matchValueString": tier},
            "claimMatchOperator": "EQUALS",
        },
    }
    authorizer = {
        "discoveryUrl": f"{names.issuer(users.id)}/.well-known/openid-configuration",
        "allowedAudience": [users.client_id],
        "customClaims": [claim],
    }
    interceptor = {
        "interceptor": {"lambda": {"arn": names.function_arn(names.interceptor)}},
        "interceptionPoints": ["REQUEST"],
        "inputConfiguration": {"passRequestHeaders": True},
    }
    settings = {
        "name": names.gateway(tier),
        "roleArn": names.role_arn(names.gateway_role),
        "protocolType": "MCP",
        "authorizerType": "CUSTOM_JWT",
        "authorizerConfiguration": {"customJWTAuthorizer": authorizer},
        "interceptorConfigurations": [interceptor],
        "exceptionLevel": "DEBUG",
    } | changes
    made = control.create_gateway(**{k: v for k, v in settings.items() if v is not None})
    gateway = made["gatewayId"]
    control.get_gateway(gatewayIdentifier=gateway)
    for tool in TOOLS.values():
        declared = {
            "name": tool.name,
            "description": tool.description,
            "inputSchema": tool.input_schema,
        }
        target = {
            "lambdaArn": names.function_arn(names.function(tool)),
            "toolSchema": {"inlinePayload": [declared]},
        }
        control.create_gateway_target(
            gatewayIdentifier=gateway,
            name=tool.target,
            targetConfiguration=cast("Any", {"mcp": {"lambda": target}}),
            credentialProviderConfigurations=[{"credentialProviderType": "GATEWAY_IAM_ROLE"}],
            metadataConfiguration={"allowedRequestHeaders": list(PROPAGATED_HEADERS)},
        )
    return gateway


def make_role(aws: Aws, name: str, *, without: str = "") -> str:
    """A role as a gateway needs it, or one action short; its ARN."""
    actions = {
        "lambda:InvokeFunction",
        "bedrock-agentcore:GetPolicyEngine",
        "bedrock-agentcore:AuthorizeAction",
        "bedrock-agentcore:PartiallyAuthorizeActions",
    }
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "bedrock-agentcore.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": aws.account},
            "ArnLike": {"aws:SourceArn": f"arn:aws:bedrock-agentcore:*:{aws.account}:gateway/*"},
        },
    }
    allows = {"Effect": "Allow", "Action": sorted(actions - {without}), "Resource": "*"}
    iam = aws.client("iam")
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))
    iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=document(allows))
    return made["Role"]["Arn"]


def document(statement: Mapping[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def enrol(aws: Aws, names: Names, tenant: str) -> None:
    """A clinic in the registry, with one patient and one user."""
    dynamodb = aws.client("dynamodb")
    item = {
        "pk": tenant_key(tenant),
        "sk": META,
        "id": tenant,
        "tier": TIERS[tenant],
        "name": f"Clinic {tenant}",
        "timezone": "UTC",
        "status": "active",
        "attributes": json.dumps({"known_by": canary(tenant)}),
    }
    dynamodb.put_item(
        TableName=names.registry_table, Item={name: {"S": value} for name, value in item.items()}
    )
    dynamodb.put_item(
        TableName="patient-records",
        Item={
            "tenant_id": {"S": tenant},
            "patient_id": {"S": "P1"},
            "note": {"S": canary(tenant)},
        },
    )
    users = user_pool(aws, names)
    cognito = aws.client("cognito-idp")
    cognito.admin_create_user(
        UserPoolId=users.id,
        Username=f"dr@{tenant}.example",
        UserAttributes=[
            {"Name": "email", "Value": f"dr@{tenant}.example"},
            {"Name": "email_verified", "Value": "true"},
            {"Name": "custom:tenant_id", "Value": tenant},
            {"Name": "custom:tier", "Value": TIERS[tenant]},
            {"Name": "custom:role", "Value": "physician"},
        ],
        MessageAction="SUPPRESS",
    )
    cognito.admin_set_user_password(
        UserPoolId=users.id,
        Username=f"dr@{tenant}.example",
        Password=PASSWORD,
        Permanent=True,
    )


def tokens_of(aws: Aws, names: Names, tenant: str) -> Tokens:
    return sign_in(
        aws,
        user_pool(aws, names),
        email=f"dr@{tenant}.example",
        password=PASSWORD,
        new_password=lambda: PASSWORD,
    )


@dataclass(frozen=True)
class Served:
    """The pool, served twice: at noon and in the evening of the clinics' clock."""

    aws: Aws
    names: Names
    cloud: Cloud
    noon: str
    evening: str
    tokens: Mapping[str, Tokens]

    def gateway(self, tier: str) -> str:
        return find_gateways(self.aws, self.names)[tier].id

    def url(self, tier: str, *, endpoint: str | None = None) -> str:
        return f"{endpoint or self.noon}/gateways/{self.gateway(tier)}/mcp"

    def headers(self, tenant: str, **more: str) -> dict[str, str]:
        sent = {name.replace("_", "-"): value for name, value in more.items()}
        return {"Authorization": f"Bearer {self.tokens[tenant].id_token}", **sent}


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    pool = load(ROOT / "templates" / "config" / "tenantctl.yaml")
    with ExitStack() as stack:
        aws = stack.enter_context(in_memory(region=pool.region, account=pool.account))
        cloud, names = opened(), Names(pool, aws.account)
        assert cloud is not None
        deploy(aws, names)
        for tenant in TIERS:
            enrol(aws, names, tenant)
        yield Served(
            aws,
            names,
            cloud,
            stack.enter_context(serving(cloud, clock=NOON)),
            stack.enter_context(serving(cloud, clock=EVENING)),
            {tenant: tokens_of(aws, names, tenant) for tenant in TIERS},
        )


def talk(
    url: str, headers: Mapping[str, str], work: Callable[[Client], Awaitable[T]], mode: str = "auto"
) -> T:
    """Do something with the official client of MCP's Python SDK."""

    async def run() -> T:
        http = httpx2.AsyncClient(headers=dict(headers), trust_env=False, timeout=60)
        transport = streamable_http_client(url, http_client=http)
        async with http, Client(transport, mode=mode) as client:
            return await work(client)

    try:
        return asyncio.run(run())
    except BaseExceptionGroup as group:
        raise alone(group) from None


def alone(error: BaseException) -> BaseException:
    """The one error in however many groups that tasks put around it."""
    while isinstance(error, BaseExceptionGroup):
        (error,) = error.exceptions
    return error


def call(
    url: str,
    headers: Mapping[str, str],
    tool: str,
    arguments: Mapping[str, object] | None = None,
    mode: str = "legacy",
) -> CallToolResult:
    """Call a tool by its short name."""
    name = TOOLS[tool].action
    return talk(url, headers, lambda client: client.call_tool(name, dict(arguments or {})), mode)


def said(result: CallToolResult) -> Any:  # noqa: ANN401 - JSON
    """What a tool answered."""
    assert not result.is_error, result
    (content,) = result.content
    return json.loads(content.text)  # type: ignore[union-attr]
