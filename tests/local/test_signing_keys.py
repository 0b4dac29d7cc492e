"""Every user pool of the embedded cloud signs with a key of its own, which nobody else has."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from moto.utilities.utils import load_resource

from tenantctl.aws.fetch import get
from tenantctl.errors import AwsError
from tenantctl.local.connect import embedded, in_memory

if TYPE_CHECKING:
    from pathlib import Path

    from tenantctl.aws.session import Aws

REGION, PASSWORD = "us-east-1", "aA1!aA1!aA1!"


def new_pool(aws: Aws) -> str:
    made: str = aws.client("cognito-idp").create_user_pool(PoolName="p")["UserPool"]["Id"]
    return made


def keys(aws: Aws, pool: str) -> Any:  # noqa: ANN401 - a JWKS document
    (key,) = json.loads(get(aws, f"{aws.endpoint}/{pool}/.well-known/jwks.json"))["keys"]
    return key


def signed_in(aws: Aws, pool: str) -> str:
    idp = aws.client("cognito-idp")
    client = idp.create_user_pool_client(
        UserPoolId=pool, ClientName="app", ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH"]
    )["UserPoolClient"]["ClientId"]
    idp.admin_create_user(UserPoolId=pool, Username="anna")
    idp.admin_set_user_password(UserPoolId=pool, Username="anna", Password=PASSWORD, Permanent=True)
    answer = idp.admin_initiate_auth(
        UserPoolId=pool, ClientId=client, AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "anna", "PASSWORD": PASSWORD},
    )  # fmt: skip
    return answer["AuthenticationResult"]["IdToken"]


def believed(token: str, key: Any) -> bool:  # noqa: ANN401 - a JWK
    public = jwt.PyJWK(key, algorithm="RS256").key
    try:
        jwt.decode(token, public, algorithms=["RS256"], options={"verify_aud": False})
    except jwt.InvalidSignatureError:
        return False
    return bool(jwt.get_unverified_header(token)["kid"] == key["kid"])


def test_a_pools_tokens_are_its_own() -> None:
    with in_memory(region=REGION) as aws:
        one, other = new_pool(aws), new_pool(aws)
        token = signed_in(aws, one)
        assert believed(token, keys(aws, one))
        assert not believed(token, keys(aws, other))
        assert keys(aws, one)["kid"] != keys(aws, other)["kid"]
        assert not {"d", "p", "q"} & keys(aws, one).keys()
        with pytest.raises(AwsError, match="404"):
            keys(aws, f"{REGION}_nobody")


def test_motos_published_key_signs_nothing_here() -> None:
    published = load_resource("cognitoidp/resources/jwks-private.json")
    private = jwt.PyJWK(published, algorithm="RS256").key
    with in_memory(region=REGION) as aws:
        key = keys(aws, new_pool(aws))
        claims = {"sub": "x", "exp": int(time.time()) + 60}
        forged = jwt.encode(claims, private, algorithm="RS256", headers={"kid": key["kid"]})
        assert not believed(forged, key)


def test_a_pool_keeps_its_key(tmp_path: Path) -> None:
    with embedded(region=REGION, state_dir=tmp_path) as aws:
        pool = new_pool(aws)
        token, before = signed_in(aws, pool), keys(aws, pool)
    with embedded(region=REGION, state_dir=tmp_path) as aws:
        assert keys(aws, pool) == before
        assert believed(token, keys(aws, pool))
