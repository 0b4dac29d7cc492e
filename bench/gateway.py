"""What a gateway adds to a tool, and how fast its authorizer is.

A tool call over the gateway is HTTP, the authorizer, the interceptor's function, MCP, the policy
engine and the tool's function. The baseline invokes the same tool's function alone, in a warm
process like the gateway's, with the headers that the interceptor set. Both read the same items
through the embedded cloud, as the tenant.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import jwt

from bench.cloud import example_pool, onboarded
from bench.result import Result, interleaved
from tenantctl.aws import registry
from tenantctl.aws.session import Aws
from tenantctl.domain.names import Names
from tenantctl.domain.tools import TOOLS, Tool
from tenantctl.local.cognito.signing_keys import key_set
from tenantctl.local.connect import in_memory, opened, serving
from tenantctl.local.functions.invoke import Functions
from tenantctl.local.gateway.authorizer import Admitted, authorize
from tenantctl.local.gateway.interception import event_of
from tenantctl.local.gateway.issuers import Issuers
from tenantctl.local.service_role import Sessions
from tenantctl.probes.gateway.answer import By
from tenantctl.probes.gateway.client import bearer
from tenantctl.probes.gateway.endpoints import Endpoint, endpoints
from tenantctl.vending.issue import issue, with_new_password

TENANT = "clinic-1"
CALLS, ROUNDS = 20, 7
VERIFICATIONS = 400

OVERHEAD = 3.0
"""The gateway runs two functions for the baseline's one, and MCP and HTTP between them."""

VERIFYING = 0.8
"""Both check signature, times, issuer and audience; the authorizer also refuses names that come
twice, and claims that aren't the tier's.
"""


def run() -> Iterator[Result]:
    """Tool calls, and verifications a second."""
    pool = example_pool()
    with in_memory(region=pool.region, account=pool.account) as aws:
        names = Names(pool, aws.account)
        onboarded(aws, names)
        with serving(aws) as endpoint:
            gateway, token = _signed_in(aws, names)
            direct = _Direct(names, gateway, token, str(endpoint))
            tool = TOOLS["get_patient_records"]
            over = _timed(lambda: _called(gateway, tool, token))
            alone = _timed(lambda: direct.call(tool))
            over(), alone()  # warm
            times = interleaved(ROUNDS, over, alone)
            yield Result(
                f"gateway, {tool.name}", *times, "ms", "the tool's function alone", at_most=OVERHEAD
            )
            direct.close()
        yield _verifications(aws, gateway, token)


def _signed_in(aws: Aws, names: Names) -> tuple[Endpoint, str]:
    tenant = registry.tenant(aws, names, TENANT)
    token = issue(aws, names, tenant.id, tenant.users[0].email, with_new_password).token
    return endpoints(aws, names)[tenant.tier], token


def _called(gateway: Endpoint, tool: Tool, token: str) -> None:
    answer = gateway.call(tool, {}, [bearer(token)])
    if answer.by is not By.RESULT:
        raise RuntimeError(f"{tool.name}: {answer}")


class _Direct:
    """The tools' functions without a gateway before them."""

    def __init__(self, names: Names, gateway: Endpoint, token: str, endpoint: str) -> None:
        cloud = opened()
        if cloud is None:
            raise RuntimeError("no cloud is open")
        self._names = names
        self._functions = Functions(cloud, endpoint)
        with cloud.lock:
            session = Sessions(cloud).session(
                "bedrock-agentcore.amazonaws.com",
                names.role_arn(names.gateway_role),
                "bench",
                source_arn=gateway.arn,
            )
            self._who = session.caller(cloud)
        body = gateway.message(TOOLS["current_time"], {})
        event = event_of("", body, dict([bearer(token)]))
        answer: Any = self._functions.invoke(
            self._who, names.function_arn(names.interceptor), event
        ).payload
        headers = answer["mcp"]["transformedGatewayRequest"]["headers"]
        self._context = {"bedrockAgentCorePropagatedHeaders": headers}

    def call(self, tool: Tool) -> None:
        """Invoke one, as the gateway does."""
        result = self._functions.invoke(
            self._who,
            self._names.function_arn(self._names.function(tool)),
            {},
            client_context={
                "custom": {**self._context, "bedrockAgentCoreToolName": tool.action},
            },
        )
        if result.error is not None:
            raise RuntimeError(f"{tool.name}: {result.error}")

    def close(self) -> None:
        """End the processes."""
        self._functions.close()


def _verifications(aws: Aws, gateway: Endpoint, token: str) -> Result:
    client = aws.client("bedrock-agentcore-control")
    found: Any = client.get_gateway(gatewayIdentifier=gateway.id)
    rules = found["authorizerConfiguration"]
    claims = jwt.decode(token, options={"verify_signature": False})
    pool_id = str(claims["iss"]).rpartition("/")[2]
    keys = key_set(pool_id, region=aws.region, account=aws.account)
    issuers = Issuers(lambda _region, _pool: keys)
    (key,) = jwt.PyJWKSet.from_json(keys.decode()).keys  # the pool has one
    headers = {"authorization": f"Bearer {token}"}

    def ours() -> None:
        if not isinstance(authorize(rules, headers, issuers, time.time()), Admitted):
            raise TypeError("the authorizer refuses a genuine token")

    def bare() -> None:
        jwt.decode(token, key, algorithms=["RS256"], audience=claims["aud"], issuer=claims["iss"])

    ours()
    bare()
    times = interleaved(ROUNDS, _a_second(ours), _a_second(bare))
    return Result("authorizer, keys cached", *times, "/s", "pyjwt's decode", at_least=VERIFYING)


def _timed(call: Callable[[], None]) -> Callable[[], float]:
    def run() -> float:
        start = time.perf_counter()
        for _ in range(CALLS):
            call()
        return (time.perf_counter() - start) / CALLS

    return run


def _a_second(call: Callable[[], None]) -> Callable[[], float]:
    def run() -> float:
        start = time.perf_counter()
        for _ in range(VERIFICATIONS):
            call()
        return VERIFICATIONS / (time.perf_counter() - start)

    return run
