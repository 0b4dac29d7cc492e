"""An ID token, believed only after every check; each refusal says which check it was.

Cognito's ID tokens are RS256, carry `aud` (the app client) and the `custom:` claims; access
tokens carry `client_id` and no custom claims, so they name no tenant.
https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tenantctl.domain.pool import Identity
from tenantctl.domain.tenant import check_value
from tenantctl.errors import TokenError, UsageError
from tenantctl.vending.token_text import Decoded, decode

LEEWAY = 10  # seconds of difference between this clock and Cognito's

_REQUIRED = ("iss", "aud", "exp", "iat", "sub", "token_use")


@dataclass(frozen=True, slots=True)
class Issuer:
    """Whose tokens are believed: the pool's URL, the app client's id, and the pool's keys.

    `keys` is the JWKS document (`{"keys": […]}`), fetched from the pool's own address; nothing in
    a token (`jku`, `x5u`, `jwk`) ever leads to another.
    """

    url: str
    audience: str
    keys: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token says."""

    tenant: str
    tier: str
    user: str
    email: str
    role: str
    expires: datetime


def verify(token: str, issuer: Issuer, identity: Identity) -> Claims:
    """Return the claims of a token that passes every check.

    Raises `TokenError`, whose message names the first check that failed, never the token.
    """
    import jwt

    decoded = decode(token)
    check_header(decoded.header)
    key = public_key(decoded.header, issuer.keys)
    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=["RS256"],
            audience=issuer.audience,
            issuer=issuer.url,
            leeway=LEEWAY,
            options={"require": list(_REQUIRED), "strict_aud": True},
        )
    except jwt.ExpiredSignatureError as error:
        raise TokenError("the token has expired", hint="sign in again") from error
    except jwt.ImmatureSignatureError as error:
        raise TokenError("the token is not valid yet", hint="check this clock") from error
    except jwt.InvalidSignatureError as error:
        raise TokenError("the token's signature is not the pool's") from error
    except jwt.InvalidAudienceError as error:
        raise TokenError("the token was issued for another app client") from error
    except jwt.InvalidIssuerError as error:
        raise TokenError("the token was issued by another user pool") from error
    except jwt.MissingRequiredClaimError as error:
        raise TokenError(f"the token has no `{error.claim}` claim{_instead(decoded)}") from error
    except jwt.PyJWTError as error:
        raise TokenError(f"the token can't be read: {str(error).lower()}") from error
    if claims["token_use"] != "id":  # noqa: S105 - a kind of token, not one
        raise TokenError("the token is no ID token", hint="use the ID token, not the access token")
    return read_claims(claims, identity)


def read_claims(claims: Mapping[str, Any], identity: Identity) -> Claims:
    """Who the claims say it is, in the formats that the pool declares; raises `TokenError`."""
    values: dict[str, str] = {}
    for what, claim in (
        ("tenant", identity.tenant),
        ("tier", identity.tier),
        ("user", identity.user),
    ):
        value = claims.get(claim.claim)
        if not isinstance(value, str):
            raise TokenError(
                f"the token has no `{claim.claim}` claim, so it names no {what}",
                hint="was the user created by `tenantctl onboard`?",
            )
        try:
            values[what] = check_value(value, claim, f"the token's {what}")
        except UsageError as error:
            raise TokenError(error.message, hint=error.hint) from error
    return Claims(
        tenant=values["tenant"],
        tier=values["tier"],
        user=values["user"],
        email=str(claims.get("email", "")),
        role=str(claims.get("custom:role", "")),
        expires=_moment(claims.get("exp")),
    )


def _moment(seconds: object) -> datetime:
    try:
        return datetime.fromtimestamp(int(str(seconds)), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise TokenError("the token's `exp` is no time") from error


def check_header(header: Mapping[str, Any]) -> None:
    """Refuse a header that Cognito wouldn't write; raises `TokenError`."""
    if header.get("alg") != "RS256":
        raise TokenError("the token is not signed with RS256")
    for extension in ("crit", "b64"):
        if extension in header:
            raise TokenError(f"the token demands extensions (`{extension}`), and Cognito uses none")


def public_key(header: Mapping[str, Any], keys: Mapping[str, Any]) -> Any:  # noqa: ANN401 - PyJWT's key types vary
    """The key that the header names, out of the pool's own; raises `TokenError`."""
    import jwt

    kid = header.get("kid")
    for key in keys.get("keys", ()):
        if isinstance(kid, str) and key.get("kid") == kid and key.get("kty") == "RSA":
            try:
                return jwt.PyJWK(key, algorithm="RS256").key
            except jwt.PyJWTError as error:
                raise TokenError("the pool's own key can't be read") from error
    raise TokenError("the token is signed with a key that the pool doesn't have")


def _instead(decoded: Decoded) -> str:
    """Say so when what is missing shows that an access token was given."""
    access = decoded.claims.get("token_use") == "access"
    return " (it is an access token, not an ID token)" if access else ""
