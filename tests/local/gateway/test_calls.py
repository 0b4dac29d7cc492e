"""A client that isn't ours signs in, lists tools and calls them: every part of the way at work."""

from __future__ import annotations

import pytest
from mcp.client import Client
from mcp.shared.exceptions import MCPError
from tests.local.gateway.conftest import TIERS, Served, call, canary, said, talk


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_a_basic_user_lists_and_calls_tools(served: Served, mode: str) -> None:
    url, headers = served.url("basic"), served.headers("clinic-1")

    async def names(client: Client) -> set[str]:
        return {tool.name for tool in (await client.list_tools()).tools}

    allowed = served.names.pool.tiers["basic"].tools
    found = talk(url, headers, names, mode)
    assert {name.partition("___")[2] for name in found} == set(allowed)
    record = said(call(url, headers, "patient_context", {"patient_id": "P1"}, mode))
    assert record["facts"]["note"] == canary("clinic-1")


def test_after_hours_basic_is_refused_and_premium_is_not(served: Served) -> None:
    basic = served.url("basic", endpoint=served.evening)
    with pytest.raises(
        MCPError, match=r"Tool Execution Denied.*not allowed due to policy"
    ) as error:
        call(basic, served.headers("clinic-1"), "patient_context", {"patient_id": "P1"})
    assert error.value.code == -32002
    assert error.value.data["policies"] == []
    (unmet,) = error.value.data["unmet"]
    assert "patient_context" in unmet
    assert unmet in str(error.value)
    premium = served.url("premium", endpoint=served.evening)
    answer = call(premium, served.headers("hospital-1"), "patient_context", {"patient_id": "P1"})
    assert said(answer)["facts"]["note"] == canary("hospital-1")


def test_a_gateway_says_where_it_is_served(served: Served) -> None:
    client = served.aws.client("bedrock-agentcore-control")
    told = client.get_gateway(gatewayIdentifier=served.gateway("basic"))["gatewayUrl"]
    assert told in {served.url("basic"), served.url("basic", endpoint=served.evening)}


def test_everybody_sees_the_own_clinic(served: Served) -> None:
    for tenant, tier in TIERS.items():
        answer = said(call(served.url(tier), served.headers(tenant), "get_patient_records"))
        assert canary(tenant) in str(answer)
        assert not any(canary(other) in str(answer) for other in TIERS if other != tenant)
