"""Tags in a request, as `aws:RequestTag/*` and `aws:TagKeys`.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tenantctl.iam.request import Context
from tenantctl.local.call import ServiceError

_TAG_PARAMETERS = ("Tags", "tags", "UserPoolTags")
_KEY_PARAMETERS = ("TagKeys", "tagKeys")
_KEY_NAMES = ("Key", "key", "TagKey")
_VALUE_NAMES = ("Value", "value", "TagValue")


def request_tags(tags: object) -> tuple[tuple[str, str], ...]:
    """Tags as pairs, from AWS's two shapes: a map, or a list of key and value.

    Raises `ServiceError` for a tag without a key.
    """
    if isinstance(tags, Mapping):
        return tuple((str(key), str(value or "")) for key, value in tags.items())
    if not isinstance(tags, list | tuple):
        raise ServiceError("ValidationException", "Tags must be a list or a map")
    return tuple((_member(tag, _KEY_NAMES), _member(tag, _VALUE_NAMES, "")) for tag in tags)


def tag_context(params: Mapping[str, Any]) -> Context:
    """The condition keys of the tags that a request sets or removes; empty, when there are none."""
    context: dict[str, tuple[str, ...]] = {}
    for name in _TAG_PARAMETERS:
        if params.get(name):
            context |= pairs_context(request_tags(params[name]))
    for name in _KEY_PARAMETERS:
        if params.get(name):
            context["aws:tagkeys"] = tuple(str(key) for key in params[name])
    return context


def pairs_context(pairs: tuple[tuple[str, str], ...]) -> dict[str, tuple[str, ...]]:
    """`aws:RequestTag/KEY` for each pair, and `aws:TagKeys`.

    Condition keys ignore case, so two tags whose keys differ only in case can't both be asked
    about: `ServiceError`, as IAM and STS answer.
    """
    context: dict[str, tuple[str, ...]] = {
        f"aws:requesttag/{key.lower()}": (value,) for key, value in pairs
    }
    if len(context) != len(pairs):
        raise ServiceError(
            "InvalidInput",
            "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
        )
    context["aws:tagkeys"] = tuple(key for key, _ in pairs)
    return context


def _member(tag: object, names: tuple[str, ...], default: str | None = None) -> str:
    if isinstance(tag, Mapping):
        for name in names:
            if tag.get(name) is not None:
                return str(tag[name])
    if default is None:
        raise ServiceError("ValidationException", "A tag must have a key")
    return default
