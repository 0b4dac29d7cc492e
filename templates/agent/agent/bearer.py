"""The caller's token: passed on to the gateway as it came, and read for one claim, the user.

The runtime's authorizer has verified it, and the gateway's does so again; here nothing depends on
what it says but whose session this is.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agent.failure import AgentError

_BEARER = re.compile(r"(?i:Bearer) ([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)", re.ASCII)
_LONGEST = 16_384


@dataclass(frozen=True, slots=True)
class Bearer:
    """One user's token; `user` is their issuer and their claim's value."""

    authorization: str = field(repr=False)
    user: tuple[str, str] = field(repr=False)


def bearer(headers: Sequence[str], claim: str) -> Bearer:
    """The token of a request's `Authorization` headers, of which there must be one.

    `claim` is the one that names the user. Raises `AgentError`.
    """
    if not headers:
        # The runtime passes the header on only where its configuration's allowlist names it.
        raise AgentError("NoToken", "there is no token to call the gateway with")
    found = _BEARER.fullmatch(headers[0]) if len(headers[0]) <= _LONGEST else None
    if len(headers) > 1 or found is None:
        raise AgentError("NoToken", "the Authorization header holds no token")
    claims = _claims(found[2])
    issuer, user = claims.get("iss"), claims.get(claim)
    if not isinstance(issuer, str) or not isinstance(user, str) or not user:
        raise AgentError("NoToken", "the token names no user")
    return Bearer(f"Bearer {headers[0].partition(' ')[2]}", (issuer, user))


def _claims(payload: str) -> Mapping[str, object]:
    try:
        claims = json.loads(
            base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)),
            object_pairs_hook=_no_duplicates,
        )
    except (binascii.Error, ValueError, RecursionError) as error:
        raise AgentError("NoToken", "the token's claims can't be read") from error
    if not isinstance(claims, dict):
        raise AgentError("NoToken", "the token's claims can't be read")
    return claims


def _no_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Two readers of one token may each take another of two equal claims."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a claim is there twice")
    return made
