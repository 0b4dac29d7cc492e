"""Ways into another tenant's prefix of a bucket.

A key is one string to IAM: only the prefix's last character keeps `clinic-1` out of `clinic-10`.
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
"""

from __future__ import annotations

from collections.abc import Callable

from tenantctl.probes import s3_calls as calls
from tenantctl.probes.probe import Attack, Context, ControlBy, Got, ObjectSpot, Probe

READ = calls.READ

_OBJECTS = (
    "allow object actions only on the bucket's ARN followed by the tenant's own prefix and `*`"
)
_LIST = (
    "allow listing only where `s3:prefix` is like the tenant's own prefix, up to and including its "
    "last `/`, followed by `*`"
)
_NO_UPLOADS = "don't grant it: it supports no `s3:prefix`, so it always shows the whole bucket"
_NO_VERSIONS = "don't grant it to tenants, or only below their own prefix"

_A = Attack[ObjectSpot]
_P = Probe[ObjectSpot]


def _listing(prefix: Callable[[_A], str | None]) -> Callable[[_A], Context]:
    def context(a: _A) -> Context:
        wanted = prefix(a)
        return {} if wanted is None else {"s3:prefix": wanted}

    return context


def _bucket(a: _A) -> str:
    return a.other.bucket_arn


def _object(what: str) -> Callable[[_A], str]:
    return lambda a: a.other.object_arn(a.other.key(what))


def _plain(_: _A) -> Context:
    return {}


def _version(a: _A) -> Context:
    return {"s3:VersionId": a.other.version} if a.other.version else {}


def _versioned(a: _A) -> bool:
    return a.other.version is not None


def _probe(  # noqa: PLR0913 - the columns of the table below
    rule: str,
    action: str,
    tries: str,
    attempt: Callable[[_A], Got],
    key: str,
    *,
    fix: str = _OBJECTS,
    control: ControlBy = ControlBy.OWNER,
    mixed: bool = False,
    context: Callable[[_A], Context] = _plain,
    applies: Callable[[_A], bool] = lambda _: True,
) -> _P:
    return Probe(
        rule, f"s3:{action}", tries, attempt, _object(key), context, fix, control, mixed, applies
    )


def _list_probe(  # noqa: PLR0913 - the columns of the table below
    rule: str,
    tries: str,
    prefix: Callable[[_A], str | None],
    *,
    action: str = "ListBucket",
    attempt: Callable[[_A], Got] | None = None,
    control: ControlBy = ControlBy.OPERATOR,
    fix: str = _LIST,
    applies: Callable[[_A], bool] = lambda _: True,
) -> _P:
    return Probe(
        rule,
        f"s3:{action}",
        tries,
        attempt or calls.lists(prefix),
        _bucket,
        _listing(prefix),
        fix,
        control,
        mixed=False,
        applies=applies,
    )


PROBES: tuple[_P, ...] = (
    _probe("S3-GET", "GetObject", "read an object of {owner}", calls.get, READ),
    _probe(
        "S3-HEAD", "GetObject", "learn the size and type of an object of {owner}", calls.head, READ
    ),
    _probe(
        "S3-GET-VERSION",
        "GetObjectVersion",
        "read a version of an object of {owner}",
        calls.get_version,
        READ,
        context=_version,
        applies=_versioned,
    ),
    _probe("S3-PUT", "PutObject", "write an object of {owner}", calls.put, "put"),
    _probe("S3-DELETE", "DeleteObject", "delete an object of {owner}", calls.delete, "delete"),
    _probe(
        "S3-DELETE-VERSION",
        "DeleteObjectVersion",
        "delete a version of an object of {owner} for good",
        calls.delete_version,
        "delete",
        control=ControlBy.OPERATOR,
        fix=_NO_VERSIONS,
        context=_version,
        applies=_versioned,
    ),
    _probe(
        "S3-DELETE-MANY",
        "DeleteObject",
        "delete an object of {owner} in a batch with its own",
        calls.delete_many,
        "delete-many",
        mixed=True,
    ),
    _probe(
        "S3-COPY",
        "GetObject",
        "copy an object of {owner} to its own prefix",
        calls.copy,
        READ,
        mixed=True,
    ),
    _probe(
        "S3-COPY-PART",
        "GetObject",
        "copy an object of {owner} into an upload of its own",
        calls.copy_part,
        READ,
        mixed=True,
    ),
    _probe(
        "S3-MULTIPART",
        "PutObject",
        "start an upload below the prefix of {owner}",
        calls.multipart,
        "multipart",
    ),
    _list_probe(
        "S3-LIST-PREFIX", "list the prefix of {owner}", calls.own_prefix, control=ControlBy.OWNER
    ),
    _list_probe(
        "S3-LIST-VERSIONS",
        "list the versions below the prefix of {owner}",
        calls.own_prefix,
        action="ListBucketVersions",
        attempt=calls.list_versions,
        control=ControlBy.OWNER,
    ),
    _list_probe(
        "S3-LIST-STEM",
        "list by its own id without the slash, as namesakes begin",
        calls.stem,
        applies=lambda a: a.own.prefixes.stem is not None,
    ),
    _list_probe(
        "S3-LIST-PARENT",
        "list the prefix of the tier of {owner}",
        calls.parent,
        applies=lambda a: a.other.prefixes.parent is not None,
    ),
    _list_probe(
        "S3-LIST-FOLDERS",
        "list the neighbours of {owner} by a delimiter",
        calls.parent,
        attempt=calls.list_folders,
        applies=lambda a: a.other.prefixes.parent is not None,
    ),
    _list_probe(
        "S3-LIST-ALL", "list the bucket, with {owner} in it, without a prefix", calls.nothing
    ),
    _list_probe(
        "S3-LIST-EMPTY", "list the bucket, with {owner} in it, by an empty prefix", calls.empty
    ),
    _list_probe(
        "S3-LIST-UPLOADS",
        "list the unfinished uploads of {owner}",
        calls.nothing,
        action="ListBucketMultipartUploads",
        attempt=calls.list_uploads,
        fix=_NO_UPLOADS,
    ),
)
"""All of them, reads first. Listings that no tenant may make are controlled by the operator."""
