"""A token's text taken apart; nothing in it is believed here.

Strict where readers could differ: base64url with nothing else in it (RFC 7515, 2), JSON in which no
name comes twice (RFC 7519, 4), and nothing that isn't Unicode. Where two readers make different
things of one token, one of them can be passed by.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from tenantctl.errors import TokenError

LONGEST = 16_384  # characters; Cognito's tokens have some 1,000

_SEGMENT = re.compile(r"[A-Za-z0-9_-]*")
_SHOWN = 60
"""Characters of a name that an error repeats; what is in a token is anybody's."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """The parts of a token. `signed` is what the signature is made over."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    signed: bytes = field(repr=False)
    signature: bytes = field(repr=False)


def decode(token: str) -> Decoded:
    """Take a token apart without verifying anything.

    Raises `TokenError`, which says what part has not its form and never repeats the token.
    """
    if len(token) > LONGEST:
        raise TokenError(f"the token is longer than {LONGEST} characters")
    segments = token.split(".")
    if len(segments) != 3:  # noqa: PLR2004 - header, claims, signature
        raise _formless(f"it has {len(segments)} of the 3 parts between dots")
    header, claims, signature = segments
    return Decoded(
        header=_object(header, "header"),
        claims=_object(claims, "claims"),
        signed=f"{header}.{claims}".encode(),
        signature=_bytes(signature, "signature"),
    )


def _bytes(segment: str, what: str) -> bytes:
    if _SEGMENT.fullmatch(segment) is None:
        raise _formless(f"its {what} isn't base64url")
    try:
        return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except binascii.Error as error:
        raise _formless(f"its {what} isn't base64url") from error


def _object(segment: str, what: str) -> dict[str, Any]:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(pairs)
        if len(value) != len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise TokenError(f"the token has the same name twice in its {what}: `{twice[:_SHOWN]}`")
        return value

    try:
        text = _bytes(segment, what).decode()
        value = json.loads(text, object_pairs_hook=unique, parse_constant=_no_number)
        # What can't be written again, as lone surrogates and 1e999, wasn't JSON.
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise _formless(f"its {what} can't be read as JSON") from error
    if not isinstance(value, dict):
        raise _formless(f"its {what} must be a JSON object")
    return value


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _formless(why: str) -> TokenError:
    hint = "give the ID token alone, as `tenantctl token issue --raw` writes it"
    return TokenError(f"the token has not the form of a JWT: {why}", hint=hint)
