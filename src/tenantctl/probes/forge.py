"""Tokens that lie in exactly one thing each.

Some lies need a signature that is right (an expired token, another audience). Nobody can sign
with the user pool's key, so those are signed with a key of our own, which the verifier is given
for the occasion: then the lie alone can be what it refuses.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

KID = "tenantctl-probe"

EMPTY_FILE = "../../../../../../../../dev/null"
"""A `kid` for verifiers that read keys from files by it: the key is then empty."""

SQL_SECRET = b"tenantctl-probe"
SQL_KID = f"' UNION SELECT '{SQL_SECRET.decode()}' -- "
"""A `kid` for verifiers that look keys up in a database by it, and the key that it finds."""


@dataclass(frozen=True, slots=True)
class Key:
    """A signing key of our own."""

    private: RSAPrivateKey = field(repr=False)

    @property
    def jwk(self) -> dict[str, Any]:
        """The public half."""
        from jwt.algorithms import RSAAlgorithm

        made: dict[str, Any] = json.loads(RSAAlgorithm.to_jwk(self.private.public_key()))
        return made | {"kid": KID, "alg": "RS256", "use": "sig"}

    @property
    def jwks(self) -> dict[str, Any]:
        """The public half as a key set."""
        return {"keys": [self.jwk]}

    def sign(self, claims: Mapping[str, Any], header: Mapping[str, Any] | None = None) -> str:
        """An RS256 token; `header` adds to or overrides `kid`."""
        import jwt

        headers = {"kid": KID} | dict(header or {})
        return jwt.encode(dict(claims), self.private, algorithm="RS256", headers=headers)

    def signature(self, body: str) -> bytes:
        """The RS256 signature over `header.claims` as they stand."""
        from jwt.algorithms import RSAAlgorithm

        return RSAAlgorithm(RSAAlgorithm.SHA256).sign(body.encode(), self.private)


@cache
def own_key() -> Key:
    """The probes' key, made once a process and never stored; nothing trusts it."""
    from cryptography.hazmat.primitives.asymmetric import rsa

    return Key(rsa.generate_private_key(public_exponent=65537, key_size=2048))


def claims_of(token: str) -> dict[str, Any]:
    """The claims of a token, unverified."""
    return _part(token, 1)


def header_of(token: str) -> dict[str, Any]:
    """The header of a token, unverified."""
    return _part(token, 0)


def with_claims(token: str, changes: Mapping[str, Any]) -> str:
    """The same token with other claims and its old signature."""
    head, _, signature = token.split(".")
    return f"{head}.{_segment(claims_of(token) | dict(changes))}.{signature}"


def with_header(token: str, changes: Mapping[str, Any]) -> str:
    """The same token with another header and its old signature."""
    _, claims, signature = token.split(".")
    return f"{_segment(header_of(token) | dict(changes))}.{claims}.{signature}"


def claimed_twice(token: str, changes: Mapping[str, Any], key: Key) -> str:
    """A token signed rightly by `key` that has the changed claims twice: as they were, and changed.

    Most JSON readers take the last of two equal names, some the first.
    """
    head = _segment({"alg": "RS256", "typ": "JWT", "kid": KID})
    first, last = (json.dumps(dict(part)) for part in (claims_of(token), changes))
    body = f"{head}.{_encode(f'{first[:-1]}, {last[1:]}'.encode())}"
    return f"{body}.{_encode(key.signature(body))}"


def unsigned(token: str, changes: Mapping[str, Any]) -> str:
    """The same token with other claims and `alg: none`."""
    head = _segment({"alg": "none", "typ": "JWT", "kid": header_of(token).get("kid")})
    return f"{head}.{_segment(claims_of(token) | dict(changes))}."


def hmac_signed(
    token: str, changes: Mapping[str, Any], secret: bytes, *, kid: str | None = None
) -> str:
    """The same token with other claims, signed by HS256 with what anybody knows.

    That is the pool's public key, or what a `kid` of ours leads to.
    """
    named = header_of(token).get("kid") if kid is None else kid
    head = _segment({"alg": "HS256", "typ": "JWT", "kid": named})
    body = f"{head}.{_segment(claims_of(token) | dict(changes))}"
    return f"{body}.{_encode(hmac.new(secret, body.encode(), hashlib.sha256).digest())}"


def _part(token: str, index: int) -> dict[str, Any]:
    segment = token.split(".")[index]
    read: dict[str, Any] = json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    return read


def _segment(value: Mapping[str, Any]) -> str:
    return _encode(json.dumps(dict(value), separators=(",", ":")).encode())


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
