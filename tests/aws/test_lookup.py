from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tenantctl.aws import lookup
from tenantctl.domain.names import Names
from tenantctl.domain.pool import Data, Identity, Pool, Roles, Target, Tier
from tenantctl.errors import ConflictError, NotFoundError
from tenantctl.local.connect import in_memory

if TYPE_CHECKING:
    from tenantctl.aws.session import Aws

ACCOUNT = "123456789012"


@pytest.fixture
def names() -> Names:
    tiers = {name: Tier(name, {}) for name in ("basic", "premium")}
    roles = Roles("clinic-agent-agent", "clinic-agent-tvm")
    local = Target.LOCAL
    pool = Pool("clinic-agent", local, "us-east-1", ACCOUNT, Identity(), roles, Data(), tiers)
    return Names(pool, ACCOUNT)


@pytest.fixture
def aws() -> Iterator[Aws]:
    with in_memory(region="us-east-1", account=ACCOUNT) as cloud:
        yield cloud


def user_pool(aws: Aws, name: str) -> str:
    return aws.client("cognito-idp").create_user_pool(PoolName=name)["UserPool"]["Id"]


def test_what_is_missing_is_named_with_what_to_do(aws: Aws, names: Names) -> None:
    assert lookup.find_user_pool(aws, names) is None
    assert lookup.find_engine(aws, names) is None
    assert lookup.find_gateways(aws, names) == {}
    for find in (lookup.user_pool, lookup.policy_engine):
        with pytest.raises(NotFoundError, match="there is no") as caught:
            find(aws, names)
        assert caught.value.hint == "run `tenantctl pool apply`"
    user_pool(aws, names.user_pool)
    with pytest.raises(NotFoundError, match="there is no app client `clinic-agent-app`"):
        lookup.user_pool(aws, names)


def test_an_app_client_is_found_behind_the_first_page(aws: Aws, names: Names) -> None:
    user_pool(aws, f"{names.user_pool}-2")
    wanted = user_pool(aws, names.user_pool)
    cognito = aws.client("cognito-idp")
    for number in range(61):
        cognito.create_user_pool_client(UserPoolId=wanted, ClientName=f"another-{number}")
    made = cognito.create_user_pool_client(UserPoolId=wanted, ClientName=names.app_client)
    found = lookup.user_pool(aws, names)
    assert (found.id, found.client_id) == (wanted, made["UserPoolClient"]["ClientId"])
    assert found.arn == f"arn:aws:cognito-idp:us-east-1:{ACCOUNT}:userpool/{wanted}"
    assert found.issuer == f"https://cognito-idp.us-east-1.amazonaws.com/{wanted}"
    assert found.jwks_url.endswith(f"/{wanted}/.well-known/jwks.json")


def test_two_of_one_name_are_an_error(aws: Aws, names: Names) -> None:
    pool_id = user_pool(aws, names.user_pool)
    for _ in range(2):
        aws.client("cognito-idp").create_user_pool_client(
            UserPoolId=pool_id, ClientName=names.app_client
        )
    with pytest.raises(ConflictError, match="more than one app client"):
        lookup.find_app_client(aws, names, pool_id)
    user_pool(aws, names.user_pool)
    with pytest.raises(ConflictError, match="more than one user pool"):
        lookup.find_user_pool(aws, names)


def test_the_engine_is_found_by_name(aws: Aws, names: Names) -> None:
    control = aws.client("bedrock-agentcore-control")
    control.create_policy_engine(name="clinic_agent_2")
    made = control.create_policy_engine(name=names.policy_engine)
    found = lookup.policy_engine(aws, names)
    assert (found.id, found.arn) == (made["policyEngineId"], made["policyEngineArn"])
