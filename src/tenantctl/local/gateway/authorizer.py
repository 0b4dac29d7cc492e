"""The CUSTOM_JWT authorizer of gateways and runtimes: which tokens they let in.

Signature, issuer and times are always checked; audience, client, scopes and custom claims where
they are configured, and then all of them.
https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/inbound-jwt-authorizer.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tenantctl.errors import TokenError
from tenantctl.local.gateway.issuers import Issuers
from tenantctl.vending.token import LEEWAY, check_header
from tenantctl.vending.token_text import Decoded, decode

_END_OF_TIME = 253_402_300_800
"""The year 10000, in seconds since the epoch."""

_KNOWN = frozenset(
    {"discoveryUrl", "allowedAudience", "allowedClients", "allowedScopes", "customClaims"}
)
_SCHEME = "bearer"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nobody is let in; `missing` says that there was no token at all."""

    reason: str
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Admitted:
    """A token that was let in: what it says, in JSON's types."""

    claims: Mapping[str, Any] = field(repr=False)


def authorize(
    configuration: Mapping[str, Any], headers: Mapping[str, str], issuers: Issuers, now: float
) -> Admitted | Refusal:
    """Judge a request by its `Authorization` header.

    `configuration` is an `authorizerConfiguration` as the control plane keeps it; header names are
    lower case; `now` is in seconds since the epoch. What isn't known in a configuration lets
    nobody in.
    """
    given = headers.get("authorization")
    if given is None:
        return Refusal("there is no Authorization header", missing=True)
    scheme, _, token = given.partition(" ")
    if scheme.lower() != _SCHEME or not token or token != token.strip():
        return Refusal("the Authorization header holds no bearer token", missing=True)
    rules = configuration.get("customJWTAuthorizer")
    if not isinstance(rules, Mapping):
        return Refusal("there is no JWT authorizer")
    unknown = sorted(name for name in rules if name not in _KNOWN and rules[name])
    if unknown:
        return Refusal(f"the embedded cloud doesn't know the authorizer's `{unknown[0]}`")
    try:
        decoded = decode(token)
        _signed(decoded, str(rules["discoveryUrl"]), issuers)
        _in_force(decoded.claims, now)
        _fits(decoded.claims, rules)
    except TokenError as error:
        return Refusal(error.message)
    return Admitted(decoded.claims)


def _signed(decoded: Decoded, discovery_url: str, issuers: Issuers) -> None:
    from jwt.algorithms import RSAAlgorithm

    check_header(decoded.header)
    issuer, key = issuers.find(discovery_url, decoded.header)
    if not RSAAlgorithm(RSAAlgorithm.SHA256).verify(decoded.signed, key, decoded.signature):
        raise TokenError("the token's signature is not the issuer's")
    if decoded.claims.get("iss") != issuer.name:
        raise TokenError("the token was issued by another issuer")


def _in_force(claims: Mapping[str, Any], now: float) -> None:
    end = _moment(claims, "exp")
    if end is None:
        raise TokenError("the token has no `exp` claim")
    if end <= now:
        raise TokenError("the token has expired")
    for claim in ("nbf", "iat"):
        start = _moment(claims, claim)
        if start is not None and start > now + LEEWAY:
            raise TokenError("the token is not valid yet")


def _moment(claims: Mapping[str, Any], name: str) -> float | None:
    if name not in claims:
        return None
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TokenError(f"the token's `{name}` is no time")
    if not 0 <= value < _END_OF_TIME:
        raise TokenError(f"the token's `{name}` is no time")
    return value


def _fits(claims: Mapping[str, Any], rules: Mapping[str, Any]) -> None:
    audiences, clients = rules.get("allowedAudience"), rules.get("allowedClients")
    scopes, custom = rules.get("allowedScopes"), rules.get("customClaims") or ()
    if not (audiences or clients or scopes or custom):
        # The service takes no such configuration; everybody's token would do.
        raise TokenError("the authorizer asks for no audience, client, scope or claim")
    if audiences and not set(_texts(claims.get("aud"))) & set(audiences):
        raise TokenError("the token was issued for another audience")
    if clients and claims.get("client_id") not in clients:
        raise TokenError("the token was issued for another client")
    if scopes and not set(str(claims.get("scope", "")).split()) & set(scopes):
        raise TokenError("the token has none of the scopes")
    for rule in custom:
        name = rule["inboundTokenClaimName"]
        if not _matches(claims.get(name), rule):
            raise TokenError(f"the token's `{name}` isn't what is asked for")


def _matches(value: object, rule: Mapping[str, Any]) -> bool:
    """One custom claim; a claim of another type than declared never fits.

    https://docs.aws.amazon.com/bedrock-agentcore-control/latest/APIReference/API_AuthorizingClaimMatchValueType.html
    """
    wanted = rule["authorizingClaimMatchValue"]
    operator, match = wanted["claimMatchOperator"], wanted["claimMatchValue"]
    text, several = match.get("matchValueString"), match.get("matchValueStringList")
    if rule["inboundTokenClaimValueType"] == "STRING":
        return operator == "EQUALS" and isinstance(value, str) and value == text
    if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
        return False
    if operator == "CONTAINS":
        return text is not None and text in value
    return operator == "CONTAINS_ANY" and bool(several) and bool(set(several) & set(value))


def _texts(value: object) -> Sequence[str]:
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list):
        return tuple(part for part in value if isinstance(part, str))
    return ()
