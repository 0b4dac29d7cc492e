"""What STS asks of an AssumeRole request before any policy is: lengths, alphabets, tags, sizes.

https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from tenantctl.local.call import ServiceError
from tenantctl.local.sts.session import Session

DEFAULT_SECONDS = 3600
CHAINED_SECONDS = 3600
"""The longest session that a session may ask for.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining
"""

MAX_TAGS = 50
MAX_POLICY = 2048
MAX_POLICY_ARNS = 10
PACKED_LIMIT = 512
"""Bytes. AWS doesn't publish the packed format or its limit; six tags of some 280 bytes were seen
to take 74 % of it. This is an estimate on the strict side of what was reported.

https://github.com/aws/containers-roadmap/issues/2413
"""

Tags = tuple[tuple[str, str], ...]

_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)
_TAG_SIGNS = frozenset("_.:/=+-@")


def invalid(message: str) -> ServiceError:
    """STS's answer to a parameter that its model doesn't admit."""
    return ServiceError("ValidationError", message)


def check_names(params: Mapping[str, Any]) -> None:
    """`RoleSessionName`, `SourceIdentity`, `ExternalId`; raises `ServiceError`."""
    if not _NAME.fullmatch(str(params.get("RoleSessionName", ""))):
        raise invalid("RoleSessionName must be 2 to 64 of letters, digits and _+=,.@-")
    source = params.get("SourceIdentity")
    if source is not None and (not _NAME.fullmatch(source) or source.lower().startswith("aws:")):
        raise invalid("SourceIdentity must be 2 to 64 of letters, digits and _+=,.@-")
    external = params.get("ExternalId")
    if external is not None and not _EXTERNAL_ID.fullmatch(external):
        raise invalid("ExternalId must be 2 to 1224 of letters, digits and _+=,.@:/-")
    for unsupported in ("SerialNumber", "TokenCode", "ProvidedContexts"):
        if params.get(unsupported):
            raise invalid(f"{unsupported} isn't supported by the embedded cloud")


def seconds(params: Mapping[str, Any], *, longest: int, chained: bool) -> int:
    """The session's length; `longest` is the role's own limit. Raises `ServiceError`."""
    wanted = params.get("DurationSeconds", DEFAULT_SECONDS)
    if not isinstance(wanted, int) or not 900 <= wanted <= 43200:  # noqa: PLR2004 - the API's range
        raise invalid("DurationSeconds must be from 900 to 43200")
    if chained and wanted > CHAINED_SECONDS:
        raise invalid(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by "
            "role chaining"
        )
    if wanted > longest:
        raise invalid(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )
    return wanted


def requested_tags(params: Mapping[str, Any], caller: Session | None) -> tuple[Tags, Tags]:
    """The tags that a request passes, and those that the calling session hands down.

    A key that is handed down can't be passed again, in whatever case. Raises `ServiceError`.
    """
    passed = tuple(_tag(tag) for tag in params.get("Tags") or ())
    if len(passed) > MAX_TAGS:
        raise invalid(f"at most {MAX_TAGS} session tags can be passed")
    keys = [key.lower() for key, _ in passed]
    if len(set(keys)) != len(keys):
        raise ServiceError(
            "InvalidParameterValue",
            "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
        )
    inherited = caller.inherited() if caller is not None else ()
    if {key.lower() for key, _ in inherited} & set(keys):
        raise ServiceError(
            "InvalidParameterValue",
            "One of the specified transitive tag keys can't be set because it conflicts with a "
            "transitive tag key from the calling session.",
        )
    return passed, inherited


def transitive_keys(params: Mapping[str, Any], passed: Tags) -> tuple[str, ...]:
    """`TransitiveTagKeys`, each of which must be passed; raises `ServiceError`."""
    wanted = tuple(str(key) for key in params.get("TransitiveTagKeys") or ())
    if len(wanted) > MAX_TAGS or len({k.lower() for k in wanted}) != len(wanted):
        raise invalid("TransitiveTagKeys names a key twice, or too many")
    if {key.lower() for key in wanted} - {key.lower() for key, _ in passed}:
        raise ServiceError(
            "InvalidParameterValue",
            "The specified transitive tag key must be included in the requested tags.",
        )
    return wanted


def packed_percent(policies: Sequence[str], tags: Tags) -> int:
    """How much of the packed limit a session takes, in percent; raises `ServiceError` over 100."""
    text = "\0".join((*policies, *(f"{key}\0{value}" for key, value in tags)))
    size = len(zlib.compress(text.encode(), 9)) if text else 0
    percent = -(-100 * size // PACKED_LIMIT)
    if percent > 100:  # noqa: PLR2004 - percent
        what = "session tags and policies" if policies else "session tags"
        raise ServiceError(
            "PackedPolicyTooLarge", f"Packed size of {what} consumes {percent}% of allotted space."
        )
    return percent


def _tag(tag: Any) -> tuple[str, str]:  # noqa: ANN401 - parsed from a form
    key, value = (tag.get("Key"), tag.get("Value")) if isinstance(tag, dict) else (None, None)
    if not isinstance(key, str) or not isinstance(value, str):
        raise invalid("a tag has a Key and a Value")
    if not 1 <= len(key) <= 128 or len(value) > 256:  # noqa: PLR2004 - the API's lengths
        raise invalid("a tag's key has 1 to 128 characters, its value up to 256")
    if key.lower().startswith("aws:"):
        raise ServiceError("InvalidParameterValue", "Tag keys starting with 'aws:' are reserved")
    for text in (key, value):
        if not all(c in _TAG_SIGNS or unicodedata.category(c)[0] in "LZN" for c in text):
            raise invalid(
                f"a tag may hold letters, digits, spaces and {''.join(sorted(_TAG_SIGNS))}"
            )
    return key, value
