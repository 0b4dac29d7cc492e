"""Whose a resource is, by its tag: the pool changes and deletes only what it made, or was given.

A name is no sign of it. Tables and buckets are named as users like (`patient-records`), so one of
that name may have been there before, with somebody else's data in it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tenantctl.aws.session import Aws
from tenantctl.domain.names import POOL_TAG
from tenantctl.errors import ConflictError
from tenantctl.pool.step import Change, Field, Step

Tags = Mapping[str, str]

HINT = (
    "nothing of it was changed; if it is yours to give, `tenantctl pool apply --adopt` takes it "
    "over, else name another in tenantctl.yaml"
)

_GRACE = 30.0
"""Seconds until a new resource's tags show. DynamoDB answers an empty set at first.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TagResource.html
"""
_PAUSE = 1.0


def as_list(tags: Tags) -> list[Any]:
    """The form that IAM, DynamoDB and S3 take."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def from_list(tags: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Tags from the form that IAM, DynamoDB and S3 answer."""
    return {str(tag["Key"]): str(tag["Value"]) for tag in tags}


def foreign(found: Tags, wanted: Tags) -> str | None:
    """Why a resource with the tags `found` isn't the pool's whose tags are `wanted`."""
    owner = found.get(POOL_TAG)
    if owner == wanted[POOL_TAG]:
        return None
    if owner is None:
        return f"it wasn't made by the pool: it has no tag `{POOL_TAG}`"
    return f"it is another pool's: its tag `{POOL_TAG}` is `{owner}`"


def claim(resource: str, found: Tags, wanted: Tags, tag: Callable[[Aws], object]) -> Step | None:
    """The step that takes a foreign resource over by `tag`; `None` for the pool's own."""
    why = foreign(found, wanted)
    if why is None:
        return None

    def run(aws: Aws) -> None:
        tag(aws)

    shown = (Field(f"tag {POOL_TAG}", found.get(POOL_TAG), wanted[POOL_TAG]),)
    return Step(Change.ADOPT, resource, why, shown, run)


def refuse_foreign(resource: str, found: Tags, wanted: Tags) -> None:
    """Raise `ConflictError` for what isn't the pool's."""
    why = foreign(found, wanted)
    if why is not None:
        raise ConflictError(f"{resource}: {why}", hint=HINT)


def confirm(resource: str, read: Callable[[], Tags], wanted: Tags) -> None:
    """Make sure that what has just been made is the pool's, and not somebody's who was faster.

    Raises `ConflictError`; without any tag only after a while, for tags may show late.
    """
    end = time.monotonic() + _GRACE
    while POOL_TAG not in (found := read()) and time.monotonic() < end:
        time.sleep(_PAUSE)
    refuse_foreign(resource, found, wanted)
