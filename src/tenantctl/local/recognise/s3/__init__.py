"""S3: the objects, prefixes and buckets that a request reaches."""

from __future__ import annotations

from tenantctl.local.call import Call, Check, Facts
from tenantctl.local.recognise.s3.buckets import bucket_checks
from tenantctl.local.recognise.s3.objects import object_checks


def recognise(call: Call, _facts: Facts) -> tuple[Check, ...] | None:
    """The checks of an S3 call; `None` for an operation that isn't known."""
    checks = object_checks(call)
    return bucket_checks(call) if checks is None else checks
