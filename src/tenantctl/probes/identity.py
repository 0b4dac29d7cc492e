"""Ways to be taken for a user of another tenant: forged tokens, and changes to one's own account.

What is attacked is the verifier that vends credentials, given as a callable, and the user pool.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tenantctl.aws.lookup import UserPool
from tenantctl.aws.session import Aws
from tenantctl.domain.canary import Run
from tenantctl.domain.finding import Party
from tenantctl.domain.names import Names
from tenantctl.domain.tenant import Tenant
from tenantctl.errors import TokenError
from tenantctl.probes import forge
from tenantctl.probes.canary_user import CanaryUser
from tenantctl.probes.key_server import KeyServer
from tenantctl.probes.probe import Control, Got, Plane, Trial

TokenCheck = Callable[[str, Mapping[str, Any] | None], object]
"""Verify a token against a JWKS, or against the user pool's own where that is `None`.

Returns for a token that is believed, raises `TokenError` for one that isn't.
"""

_VERIFIER = (
    "the verifier must check signature (RS256, the pool's keys alone), issuer, audience, expiry "
    "and `token_use` before it believes a claim"
)
_WRITE = "make the attribute immutable, and leave it out of the app client's `WriteAttributes`"
_SIGN_UP = "set `AllowAdminCreateUserOnly` in the user pool"

_IMMUTABLE = frozenset({"InvalidParameterException"})
"""How Cognito refuses a change of an immutable attribute ("Attribute cannot be updated")."""

_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Ground:
    """What the identity plane is attacked with: a user of one tenant who'd be another's."""

    names: Names
    pool: UserPool
    user: CanaryUser
    owner: Tenant
    run: Run
    server: KeyServer
    check: TokenCheck = field(repr=False)

    @property
    def actor(self) -> Party:
        """The user who forges."""
        return Party(self.user.tenant.tier, self.user.tenant.id, self.user.sub)

    @property
    def lie(self) -> dict[str, str]:
        """The claims that would make the user one of the owner's."""
        identity = self.names.pool.identity
        return {identity.tenant.claim: self.owner.id, identity.tier.claim: self.owner.tier}


def trials(operator: Aws, ground: Ground, pool_keys: Mapping[str, Any]) -> tuple[Trial, ...]:
    """All of the plane; `pool_keys` is the user pool's JWKS, which is public."""
    return (*_forgeries(ground, pool_keys), *_account(operator, ground))


def _forgeries(ground: Ground, pool_keys: Mapping[str, Any]) -> tuple[Trial, ...]:
    key = forge.own_key()
    genuine, kid = ground.user.id_token, forge.header_of(ground.user.id_token).get("kid")
    # A token's times lie around now, so that only what is said to be wrong is wrong.
    now = int(time.time())
    good = forge.claims_of(genuine) | {"iat": now, "auth_time": now, "exp": now + _HOUR}
    lie = ground.lie
    jwk = {"alg": "RS256", "jwk": key.jwk}
    of_pool = Control(("ID-GENUINE",), "the pool's own ID token", _believes(ground, genuine, None))
    of_key = Control(
        ("ID-OWN-KEY",),
        "a token signed rightly with the probe's own key",
        _believes(ground, key.sign(good), key.jwks),
    )

    def forged(rule: str, tries: str, token: str) -> Trial:
        return _token(ground, rule, tries, token, None, of_pool)

    def signed(rule: str, tries: str, changes: Mapping[str, Any]) -> Trial:
        return _token(ground, rule, tries, key.sign(good | dict(changes)), key.jwks, of_key)

    secret = public_bytes(pool_keys, kid)
    return (
        forged(
            "ID-CLAIMS",
            "pass for a user of {owner} by changing a token's claims",
            forge.with_claims(genuine, lie),
        ),
        forged(
            "ID-ALG-NONE",
            "pass for a user of {owner} with an unsigned token",
            forge.unsigned(genuine, lie),
        ),
        forged(
            "ID-ALG-HS256",
            "pass for a user of {owner} with the public key as an HMAC secret",
            forge.hmac_signed(genuine, lie, secret),
        ),
        forged(
            "ID-OTHER-KEY",
            "pass for a user of {owner} with a token signed by another key",
            key.sign(good | lie, {"kid": kid}),
        ),
        forged(
            "ID-OWN-JWK",
            "pass for a user of {owner} with a key that the token brings itself",
            key.sign(good | lie, jwk),
        ),
        forged("ID-ACCESS-TOKEN", "use an access token as an ID token", ground.user.access_token),
        signed(
            "ID-EXPIRED",
            "use a token that has expired",
            {"exp": now - _HOUR, "iat": now - 2 * _HOUR, "auth_time": now - 2 * _HOUR},
        ),
        signed("ID-AUDIENCE", "use a token for another app client", {"aud": "another-client"}),
        signed("ID-ISSUER", "use a token of another user pool", {"iss": f"{good.get('iss', '')}x"}),
        signed("ID-TOKEN-USE", "use a signed token that is no ID token", {"token_use": "access"}),
    )


def _account(operator: Aws, ground: Ground) -> tuple[Trial, ...]:
    cognito = operator.client("cognito-idp")
    user, pool = ground.user, ground.pool
    email = ground.run.email("sign-up")
    claim = ground.names.pool.identity.tenant.claim
    tenant = [{"Name": claim, "Value": ground.owner.id}] if claim.startswith("custom:") else []

    def change(name: str, value: str) -> Callable[[], Got]:
        def attempt() -> Got:
            cognito.update_user_attributes(
                AccessToken=user.access_token, UserAttributes=[{"Name": name, "Value": value}]
            )
            return Got()

        return attempt

    def sign_up() -> Got:
        # The answer to whoever has the app client's id, which is public.
        cognito.sign_up(
            ClientId=pool.client_id,
            Username=email,
            Password=user.password,
            UserAttributes=tenant,  # type: ignore[arg-type]  # plain dicts
        )
        return Got()

    def itself() -> Got:
        return Got(bool(cognito.get_user(AccessToken=user.access_token)["Username"]))

    def there() -> Got:
        got = cognito.admin_get_user(UserPoolId=pool.id, Username=user.name)
        return Got(bool(got["Username"]))

    signed_in = Control(("COG-USER",), "the signed-in user", itself)
    created = Control(("COG-ADMIN",), "the operator, who creates users", there)
    changes = [
        _on_pool(
            ground,
            f"COG-SELF-{what}",
            "UpdateUserAttributes",
            f"change its own `{name}` to that of {{owner}}",
            change(name, value),
            signed_in,
            _WRITE,
            _IMMUTABLE,
        )
        for what, name, value in _own_attributes(ground)
    ]
    sign_ups = [
        _on_pool(
            ground,
            "COG-SIGN-UP",
            "SignUp",
            "create its own account as a user of {owner}",
            sign_up,
            created,
            _SIGN_UP,
        )
    ]
    return (*changes, *sign_ups)


def _own_attributes(ground: Ground) -> list[tuple[str, str, str]]:
    identity = ground.names.pool.identity
    return [
        (what, claim.claim, value)
        for what, claim, value in (
            ("TENANT", identity.tenant, ground.owner.id),
            ("TIER", identity.tier, ground.owner.tier),
        )
        if claim.claim.startswith("custom:")
    ]


def _believes(ground: Ground, token: str, keys: Mapping[str, Any] | None) -> Callable[[], Got]:
    def attempt() -> Got:
        ground.check(token, keys)
        return Got(detail="the verifier believed the token")

    return attempt


def public_bytes(pool_keys: Mapping[str, Any], kid: object) -> bytes:
    """The pool's public key as PEM, as an attacker would use it for a secret."""
    import jwt
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    for key in pool_keys.get("keys", ()):
        if key.get("kid") == kid:
            public = jwt.PyJWK(key, algorithm="RS256").key
            pem: bytes = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
            return pem
    raise TokenError("the pool's key set lacks the key that signs its tokens")


def _token(  # noqa: PLR0913, PLR0917 - what a forged token's trial is made of
    ground: Ground,
    rule: str,
    tries: str,
    token: str,
    keys: Mapping[str, Any] | None,
    control: Control,
) -> Trial:
    return Trial(
        rule=rule,
        plane=Plane.IDENTITY,
        action="sts:AssumeRole",
        tries=tries,
        fix=_VERIFIER,
        actor=ground.actor,
        owner=Party(ground.owner.tier, ground.owner.id),
        resource=ground.names.vending_role_arn,
        context={},
        attack=_believes(ground, token, keys),
        controls=(control,),
    )


def _on_pool(  # noqa: PLR0913, PLR0917 - what a trial against the user pool is made of
    ground: Ground,
    rule: str,
    operation: str,
    tries: str,
    attack: Callable[[], Got],
    control: Control,
    fix: str,
    refusals: frozenset[str] = frozenset(),
) -> Trial:
    return Trial(
        rule=rule,
        plane=Plane.IDENTITY,
        action=f"cognito-idp:{operation}",
        tries=tries,
        fix=fix,
        actor=ground.actor,
        owner=Party(ground.owner.tier, ground.owner.id),
        resource=ground.pool.arn,
        context={},
        attack=attack,
        controls=(control,),
        refusals=refusals,
    )
