"""Values of conditions that are more than text: numbers, instants, addresses, bytes, truth.

Each reader gives `None` for what it can't read. In a policy that is an error; in a request it is
doubt, which never allows.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_LONGEST = 100
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)")
# W3C's profile of ISO 8601, and epoch seconds. https://www.w3.org/TR/NOTE-datetime
_DATE = re.compile(
    r"(?P<year>[0-9]{4})(?:-(?P<month>[0-9]{2})(?:-(?P<day>[0-9]{2})"
    r"(?:T(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:\.(?P<part>[0-9]{1,9}))?)?"
    r"(?:(?P<utc>Z)|(?P<sign>[+-])(?P<zh>[0-9]{2}):(?P<zm>[0-9]{2})))?)?)?"
)
_EPOCH = re.compile(r"[0-9]{5,18}(?:\.[0-9]{1,9})?")


def number(text: str) -> Decimal | None:
    """An integer or a decimal fraction; no exponent, at most a hundred characters."""
    if len(text) > _LONGEST or _NUMBER.fullmatch(text) is None:
        return None
    return Decimal(text)


def instant(text: str) -> Decimal | None:
    """Seconds since 1970, exactly: from a W3C date (four digits are a year) or epoch seconds."""
    if len(text) > _LONGEST:
        return None
    if _EPOCH.fullmatch(text):
        return Decimal(text)
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    zone = UTC
    if match["sign"]:
        offset = timedelta(hours=int(match["zh"]), minutes=int(match["zm"]))
        if offset >= timedelta(hours=24) or int(match["zm"]) > 59:  # noqa: PLR2004 - minutes
            return None
        zone = timezone(-offset if match["sign"] == "-" else offset)
    parts = [int(match[name] or low) for name, low in _PARTS]
    try:
        moment = datetime(*parts, tzinfo=zone)  # type: ignore[misc,arg-type] # six integers
    except ValueError:
        return None
    whole = (moment - _EPOCH_START) // timedelta(seconds=1)
    return Decimal(whole) + Decimal(f"0.{match['part'] or 0}")


_PARTS = (("year", 1), ("month", 1), ("day", 1), ("hour", 0), ("minute", 0), ("second", 0))
_EPOCH_START = datetime(1970, 1, 1, tzinfo=UTC)


def truth(text: str) -> bool | None:
    """`true` or `false`, in any case."""
    return {"true": True, "false": False}.get(text.lower())


def octets(text: str) -> bytes | None:
    """The bytes of a base64 text."""
    try:
        return base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return None


def network(text: str) -> Network | None:
    """A range in CIDR notation; a bare address is a range of one. Host bits are masked."""
    if len(text) > _LONGEST or "%" in text:
        return None
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def address(text: str) -> Address | None:
    """An IPv4 or IPv6 address; an IPv4 address mapped into IPv6 is that IPv4 address."""
    if len(text) > _LONGEST or "%" in text:
        return None
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found
