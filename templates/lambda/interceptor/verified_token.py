"""Read the claims of the token that the gateway's authorizer has verified already.

Nothing is verified again: the gateway lets no request in without a good signature, issuer,
audience and tier. But nothing is guessed either: a token that isn't plainly one user's ID token
ends the request.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping

from interceptor.answers import RefusedError
from shared.headers import HeaderError, only
from shared.identity import Caller, Identity, IdentityError

_BEARER = re.compile(r"(?i:Bearer) ([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)", re.ASCII)
_MAX_CHARACTERS = 16_384


def caller(headers: object, identity: Identity) -> Caller:
    """Whom the request's token names; raises `RefusedError`."""
    claims = _claims(headers)
    # Cognito's access tokens carry none of the clinic's claims.
    if claims.get("token_use") != "id":
        raise RefusedError(403, "the token is no ID token")
    parts = (identity.tier, identity.tenant, identity.user)
    try:
        return Caller(*(part.checked(claims.get(part.claim)) for part in parts))
    except IdentityError as error:
        raise RefusedError(403, f"the token's claim {error}") from error


def _claims(headers: object) -> Mapping[str, object]:
    try:
        found = only(headers, "Authorization")
    except HeaderError as error:
        raise RefusedError(403, str(error)) from error
    bearer = _BEARER.fullmatch(found) if len(found) <= _MAX_CHARACTERS else None
    if bearer is None:
        raise RefusedError(403, "the Authorization header holds no token")
    payload = bearer[2]
    try:
        claims = json.loads(
            base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)),
            object_pairs_hook=_no_duplicates,
        )
    except (binascii.Error, ValueError, RecursionError) as error:
        raise RefusedError(403, "the token's claims can't be read") from error
    if not isinstance(claims, dict):
        raise RefusedError(403, "the token's claims can't be read")
    return claims


def _no_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Two readers of one token may each take another of two equal claims."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a claim is there twice")
    return made
