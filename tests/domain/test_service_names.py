"""Names that a pool and its tiers make, against the patterns that the services publish."""

from __future__ import annotations

import re
from dataclasses import replace
from types import MappingProxyType

import pytest
from botocore.session import Session

from tenantctl.domain import manifest, service_names
from tenantctl.domain.config import parse
from tenantctl.domain.names import Names
from tenantctl.domain.pool import Data
from tenantctl.domain.service_names import check_names
from tenantctl.domain.tenant import Tenant
from tenantctl.errors import ConfigError, UsageError

CONFIG = """
version: 1
pool: clinic-agent
region: us-east-1
data:
  memories:
    - name: conversations
      actor: "{tier}/{tenant}/{user}"
      namespace: "clinic/{tier}/{tenant}/{user}/"
      strategies: [semantic, summary]
tiers:
  basic: {rate_limit: {requests: 60, per: minute}}
"""

ANY_ID = 'identity: {tenant: {tag: C, claim: "custom:t", pattern: ".+"}}\n'

PATTERNS = {
    "GATEWAY": "GatewayName",
    "RUNTIME": "AgentRuntimeName",
    "MEMORY": "Name",
    "TARGET": "TargetName",
    "BUCKET": "S3LocationBucketString",
    "CLAIM": "InboundTokenClaimNameType",
    "CLAIM_VALUE": "MatchValueString",
    "NAMESPACE": "Namespace",
}


@pytest.mark.parametrize(("ours", "shape"), PATTERNS.items())
def test_the_patterns_are_the_services(ours: str, shape: str) -> None:
    model = Session().get_service_model("bedrock-agentcore-control")
    assert getattr(service_names, ours) == model.shape_for(shape).metadata["pattern"]


@pytest.mark.parametrize(("ours", "shape"), [("ACTOR", "ActorId"), ("RECORDS", "Namespace")])
def test_the_patterns_are_the_memorys(ours: str, shape: str) -> None:
    model = Session().get_service_model("bedrock-agentcore")
    assert getattr(service_names, ours) == model.shape_for(shape).metadata["pattern"]
    assert model.shape_for("ActorId").metadata["max"] == service_names.LONGEST_ACTOR


def test_an_engines_name_is_as_long_as_it_may_be() -> None:
    known = Session().get_service_model("bedrock-agentcore-control").shape_for("PolicyEngineName")
    assert known.metadata["pattern"] == "[A-Za-z][A-Za-z0-9_]*"
    assert known.metadata["max"] == 48
    assert service_names.ENGINE.endswith("{0,47}")


def test_what_a_limit_counts_by_is_a_dimension_of_the_service() -> None:
    model = Session().get_service_model("bedrock-agentcore-control")
    assert service_names.DIMENSION in model.shape_for("DimensionKey").metadata["pattern"]


def test_the_pattern_of_functions_is_the_name_in_lambdas() -> None:
    pattern = str(Session().get_service_model("lambda").shape_for("FunctionName").metadata)
    assert "([a-zA-Z0-9-_]+)" in pattern


def named(text: str = CONFIG) -> Names:
    return Names(parse(text, "tenantctl.yaml"), "123456789012")


def test_ordinary_names_pass() -> None:
    check_names(named())


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("basic:", "gold_plus:", "gateway of tier `gold_plus` can't be `clinic-agent-gold_plus`"),
        ("basic:", "gold--plus:", "gateway of tier `gold--plus`"),
        ("basic:", f"{'a' * 32}:", None),
        ("clinic-agent\n", f"{'p' * 31}\n", None),
        ("name: conversations", "name: our-conversations", "memory can't be `our-conversations`"),
        ('"clinic/{tier}', '"clinic.{tier}', "namespace of memory `conversations`"),
        ("{tier}/{tenant}/{user}", "talks/{tier}/{tenant}/{user}", None),
        (
            "{tier}/{tenant}/{user}",
            "/{tier}/{tenant}/{user}",
            "can't be `/basic/a/a`: AgentCore takes",
        ),
        (
            "{tier}/{tenant}/{user}",
            "é/{tier}/{tenant}/{user}",
            "an actor of memory `conversations`",
        ),
        (
            "{tier}/{tenant}/{user}",
            "*/{tier}/{tenant}/{user}",
            "an actor of memory `conversations`",
        ),
        (
            "{tier}/{tenant}/{user}",
            "a b/{tier}/{tenant}/{user}",
            "an actor of memory `conversations`",
        ),
        ("data:", "identity: {user: {tag: U, claim: email}}\ndata:", "`basic/a/a@example.com`"),
        (
            "data:",
            'identity: {user: {tag: U, claim: "custom:sub"}}\ndata:',
            "counts by can't be `$.context.jwt.custom:sub`",
        ),
        (
            "data:",
            'identity: {tier: {tag: T, claim: "custom:the-tier"}}\ndata:',
            "claim can't be `custom:the-tier`",
        ),
    ],
)
def test_a_name_that_a_service_refuses_is_told_with_the_pattern(
    old: str, new: str, said: str | None
) -> None:
    names = named(CONFIG.replace(old, new))
    if said is None:
        check_names(names)
        return
    with pytest.raises(UsageError, match=re.escape(said)) as raised:
        check_names(names)
    assert raised.value.hint


def test_pool_and_tier_can_be_too_long_together() -> None:
    pool = named().pool
    tier = replace(pool.tiers["basic"], name="b" * 32)
    wide = replace(pool, name="p" * 31, tiers=MappingProxyType({tier.name: tier}))
    with pytest.raises(UsageError, match="gateway of tier"):
        check_names(Names(wide, "123456789012"))


def test_it_is_said_whose_pattern_it_is() -> None:
    long = replace(named().pool, name="p" * 31, region="ap-southeast-1")
    with pytest.raises(UsageError, match=r"agent's code can't be .*: S3 takes"):
        check_names(Names(long, "123456789012"))


@pytest.mark.parametrize("tenant", ["clinic.1", "a b", "a@b", "a+b", "..", "é", "a" * 250])
def test_an_id_that_no_event_can_bear_is_refused(tenant: str) -> None:
    pool = named(CONFIG + ANY_ID).pool
    with pytest.raises(ConfigError, match="can't stand in an actor of memory `conversations`"):
        manifest.check((Tenant(tenant, "basic"),), pool)


@pytest.mark.parametrize("tenant", ["clinic-1", "clinic_1", "A", "a:b", "a" * 200])
def test_other_ids_are_taken(tenant: str) -> None:
    pool = named(CONFIG + ANY_ID).pool
    manifest.check((Tenant(tenant, "basic"),), pool)


def test_without_a_memory_there_is_no_actor() -> None:
    pool = replace(named(CONFIG + ANY_ID).pool, data=Data())
    manifest.check((Tenant("a.b", "basic"),), pool)


def test_the_agents_role_is_none_of_the_gateways() -> None:
    names = named(CONFIG + "roles: {agent: Clinic-Agent-Gateway}\n")
    with pytest.raises(UsageError, match="`Clinic-Agent-Gateway` names a role of the gateways"):
        check_names(names)


def test_a_memory_that_is_there_has_any_name() -> None:
    arn = "arn:aws:bedrock-agentcore:us-east-1:123456789012:memory/our-talks-a1b2c3d4e5"
    text = CONFIG.replace("name: conversations", f'name: our-talks\n      arn: "{arn}"')
    names = named(text)
    check_names(names)
    assert names.memory_arns(names.pool.data.memories[0]) == (arn,)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("clinic/{tier}/{tenant}/{user}/", "clinic/{tier}/{tenant}/", "hold the actor whole"),
        ("clinic/{tier}/{tenant}/{user}/", "{tier}/{tenant}/{user}/{tenant}/", "actor whole"),
        ("[semantic, summary]", "[semantic, semantic]", "occurs twice"),
        ("[semantic, summary]", "[guesses]", "a strategy: semantic"),
        ("requests: 60", "requests: 0", "1 to 10,000,000"),
        ("per: minute", "per: hour", "`second` or `minute`"),
        ("strategies:", "expiry_days: 2\n      strategies:", "3 to 3650 days"),
    ],
)
def test_what_the_memory_or_limit_cannot_be_is_refused(old: str, new: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        parse(CONFIG.replace(old, new), "tenantctl.yaml")


def test_strategies_file_by_the_actor() -> None:
    memory = named().pool.data.memories[0]
    assert memory.extracted_to == "clinic/{actorId}/"
