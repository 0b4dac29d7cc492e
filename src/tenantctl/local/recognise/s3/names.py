"""Buckets and objects in a request, as ARNs.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from tenantctl.domain.arn import Arn
from tenantctl.domain.names import partition
from tenantctl.local.call import Call
from tenantctl.local.recognise.rules import unrecognised

_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]")
_LONGEST_KEY = 1024  # bytes of UTF-8

# S3 takes these in keys and shows them URL-encoded. moto can't: one such key, and no version below
# its prefix is listed any more. https://www.w3.org/TR/xml/#charsets
_NOT_XML = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")

# What may stand unescaped in a copy source. `;` and `#` are left out, since readers of URLs take
# them for separators and would copy from another key; `+`, since some take it for a space.
_SOURCE = re.compile(
    r"/?(?P<bucket>[A-Za-z0-9._-]+)/(?P<key>(?:[A-Za-z0-9._~/!$&'()*,:=@-]|%[0-9A-Fa-f]{2})+)"
    r"(?:\?versionId=(?P<version>[A-Za-z0-9._-]+))?"
)


@dataclass(frozen=True, slots=True)
class Source:
    """Where a copy reads from; `version` is `None` for the current one."""

    arn: str
    version: str | None


def bucket_arn(call: Call, given: object) -> str:
    """The ARN of a bucket; access points and their ARNs aren't modelled."""
    if not isinstance(given, str) or not _BUCKET.fullmatch(given):
        raise unrecognised(call, f"`{given}` is no bucket's name")
    return str(Arn(partition(call.region), "s3", "", "", given))


def object_arn(call: Call, bucket: object, key: object) -> str:
    """The ARN of an object: the key stands in it as it is."""
    if not isinstance(key, str) or not key or _bytes(call, key) > _LONGEST_KEY:
        raise unrecognised(call, "no object is named")
    if _NOT_XML.search(key):
        raise unrecognised(call, "the key holds a character that no listing here can show")
    return f"{bucket_arn(call, bucket)}/{key}"


def copy_source(call: Call) -> Source:
    """The source of a copy, from `bucket/key[?versionId=…]` with the key URL-encoded.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
    """
    given = call.params.get("CopySource")
    if isinstance(given, bytes):
        given = given.decode("ascii", "replace")
    match = _SOURCE.fullmatch(given) if isinstance(given, str) else None
    if match is None:
        raise unrecognised(call, f"`{given}` is no copy source")
    try:
        key = unquote_to_bytes(match["key"]).decode()
    except UnicodeDecodeError as error:
        raise unrecognised(call, "the copy source's key is not UTF-8") from error
    return Source(object_arn(call, match["bucket"], key), match["version"])


def _bytes(call: Call, text: str) -> int:
    try:
        return len(text.encode())
    except UnicodeEncodeError as error:
        raise unrecognised(call, "the key is not Unicode text") from error
