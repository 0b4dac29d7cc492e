"""The headers in which the interceptor tells a tool who calls.

The gateway passes a header on when the target allows its name, the interceptor's value before the
client's. So the interceptor sets all of them, always: one that it left out would be the client's.
At most 10 headers of at most 4,096 bytes are passed on.
https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/gateway-headers.html
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from urllib.parse import quote, unquote_to_bytes

TIER = "X-Tier"
CLINIC = "X-Clinic-ID"
PREFIX = "X-S3-Prefix"
USER = "X-User-ID"
PROFILE = "X-Clinic-Profile"
"""The clinic's name, time zone and settings, as JSON in base64url."""

ALL = (TIER, CLINIC, PREFIX, USER, PROFILE)

MAX_BYTES = 4096

_SAFE = "/:=+@"
"""What a session tag may hold besides letters and digits, and a header too."""

_BASE64URL = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


class HeaderError(ValueError):
    """A header is missing, there twice, or not as it must be; the text never holds its value."""


def plain(name: str) -> str:
    """What all spellings of a header's name have in common.

    HTTP ignores the case of names; CGI and its heirs take `_` for `-`.
    """
    return name.strip().casefold().replace("_", "-")


def only(headers: object, name: str) -> str:
    """The value of a header that must be there once, in whatever spelling; raises `HeaderError`."""
    if not isinstance(headers, Mapping):
        raise HeaderError(f"no header `{name}`")
    found = [v for key, v in headers.items() if isinstance(key, str) and plain(key) == plain(name)]
    if len(found) != 1:
        raise HeaderError(
            f"header `{name}` is there {len(found)} times" if found else f"no header `{name}`"
        )
    if not isinstance(found[0], str):
        raise HeaderError(f"header `{name}` is no text")
    return found[0]


def encoded(value: str) -> str:
    """An identity's value as a header carries it: in ASCII, `%` escapes the rest."""
    return quote(value, safe=_SAFE)


def decoded(text: str, name: str) -> str:
    """The value that `encoded` made the text from; raises `HeaderError` for any other text."""
    try:
        value = unquote_to_bytes(text.encode("ascii")).decode()
    except UnicodeError as error:
        raise HeaderError(f"header `{name}` is garbled") from error
    if encoded(value) != text:
        raise HeaderError(f"header `{name}` is garbled")
    return value


def packed(profile: Mapping[str, object]) -> str:
    """A clinic's profile as a header carries it."""
    text = json.dumps(profile, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def unpacked(text: str) -> dict[str, object]:
    """The profile that `packed` made the text from; raises `HeaderError`."""
    if _BASE64URL.fullmatch(text) is None:
        raise HeaderError(f"header `{PROFILE}` is garbled")
    try:
        value = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise HeaderError(f"header `{PROFILE}` is garbled") from error
    if not isinstance(value, dict):
        raise HeaderError(f"header `{PROFILE}` is garbled")
    return value
