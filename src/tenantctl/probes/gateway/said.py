"""What the gateways' plane takes for granted, and what it can't try."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tenantctl.aws.failures import translated
from tenantctl.aws.lookup import UserPool
from tenantctl.aws.session import Aws
from tenantctl.domain.names import Names
from tenantctl.probes.gateway.endpoints import Endpoint
from tenantctl.probes.gateway.readers import bound
from tenantctl.probes.key_server import KeyServer

_DEFAULT_VALIDITY = (1, "hours")
"""An ID token's, where the app client says nothing.
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UserPoolClientType.html
"""


def assumed(
    aws: Aws,
    names: Names,
    pool: UserPool,
    found: Mapping[str, Endpoint],
    server: KeyServer | None,
) -> tuple[str, ...]:
    """In words for the report; raises `AwsError`."""
    return tuple(_said(aws, names, pool, found, server))


def _said(
    aws: Aws,
    names: Names,
    pool: UserPool,
    found: Mapping[str, Endpoint],
    server: KeyServer | None,
) -> Iterator[str]:
    missing = [f"`{tier}`" for tier in names.pool.tiers if tier not in found]
    if missing:
        yield f"not tried, for want of them: the gateways of the tiers {', '.join(missing)}"
    if not found:
        return
    yield (
        "gateways believe an ID token until it expires, "
        f"{_validity(aws, pool)} after it was issued, also when its user was signed out, disabled "
        "or deleted meanwhile"
    )
    yield (
        "nobody can sign as the user pool, so at the gateways tokens that have expired, or don't "
        "hold yet, or are of another issuer can't be told from tokens of another key"
    )
    if server is None:
        yield "gateways were not tried with keys at an address: they couldn't come to this machine"
    for endpoint in found.values():
        left = ", ".join(f"`{tool.name}`" for tool in bound(names, endpoint))
        if left:
            yield f"tools with hours or rules on input read no other's data here: {left}"


def _validity(aws: Aws, pool: UserPool) -> str:
    with translated("looking how long ID tokens are valid"):
        client = aws.client("cognito-idp").describe_user_pool_client(
            UserPoolId=pool.id, ClientId=pool.client_id
        )["UserPoolClient"]
    number, unit = _DEFAULT_VALIDITY
    number = client.get("IdTokenValidity", number)
    unit = client.get("TokenValidityUnits", {}).get("IdToken", unit)
    return f"{number} {unit}"
