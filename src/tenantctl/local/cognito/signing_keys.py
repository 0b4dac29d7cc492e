"""A signing key of its own for every user pool, as on AWS.

moto signs all pools' tokens with one key, whose private half it publishes with its source: anybody
could write a token that the embedded gateways believe, and a token of one pool would pass for one
of another.
https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html
"""

from __future__ import annotations

import json
import secrets
from typing import Any

from tenantctl.local.call import ServiceError


def sign_with_own_keys() -> None:
    """Mend moto's user pools; may be called again."""
    from moto.cognitoidp import models

    model: Any = models.CognitoIdpUserPool
    plain = model.__init__
    if getattr(plain, "makes_a_key", False):
        return

    def made(user_pool: Any, *args: Any, **settings: Any) -> None:  # noqa: ANN401 - moto's own
        plain(user_pool, *args, **settings)
        user_pool.json_web_key = _new_key()

    made.makes_a_key = True  # type: ignore[attr-defined]
    model.__init__ = made
    setattr(models, "jwt", _Signing)  # noqa: B010 - mypy knows it as a module


def key_set(pool_id: str, *, region: str, account: str) -> bytes:
    """The pool's public key as a JWKS document; raises `ServiceError` where there is no pool."""
    from moto.cognitoidp.models import cognitoidp_backends

    pool = cognitoidp_backends[account][region].user_pools.get(pool_id)
    if pool is None:
        raise ServiceError(
            "ResourceNotFoundException", f"User pool {pool_id} does not exist.", status=404
        )
    key = pool.json_web_key
    public = key.as_dict(private=False) | {"kid": _name(key), "alg": "RS256", "use": "sig"}
    return json.dumps({"keys": [public]}).encode()


class _Signing:
    """What moto's user pools use of joserfc, with the key's own id in place of moto's."""

    @staticmethod
    def encode(header: dict[str, Any], claims: dict[str, Any], key: Any) -> str:  # noqa: ANN401 - joserfc's key
        from joserfc import jwt

        return jwt.encode({**header, "kid": _name(key)}, claims, key)


def _new_key() -> Any:  # noqa: ANN401 - joserfc's key
    from joserfc.jwk import RSAKey

    kid = secrets.token_urlsafe(33)  # the form that Cognito's have
    return RSAKey.generate_key(2048, {"kid": kid}, private=True)


def _name(key: Any) -> str:  # noqa: ANN401 - joserfc's key
    """A key's id; that of a pool from before it had a key of its own is moto's."""
    return str(key.kid or "dummy")
