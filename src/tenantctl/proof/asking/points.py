"""Requests through S3 access points: what they carry, and the second of the two checks.

Both the access point and the bucket behind it must permit a request. So one that the bucket's side
refuses however it comes is refused here too, and no access point opens what policies don't leave to
it by the keys below. The access point's own policy may then grant it; that is not among the
documents.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-policies.html
"""

from __future__ import annotations

from tenantctl.domain.names import Names
from tenantctl.iam.evaluate import Policies
from tenantctl.iam.pattern import Pattern
from tenantctl.iam.request import Request

ACCOUNT = "s3:dataaccesspointaccount"
POINT = "s3:dataaccesspointarn"
ORIGIN = "s3:accesspointnetworkorigin"
KEYS = frozenset({ACCOUNT, POINT, ORIGIN})

UNSEEN = (
    "the bucket's side leaves it to access points (by `s3:DataAccessPoint…` keys), whose policies "
    "aren't looked at"
)
_ANY = "any"
_ACCOUNT_FIELD = 4


def usable(names: Names, policies: Policies, action: str) -> bool:
    """Whether a policy of the session's own may allow an action on any access point at all.

    An access point's ARN names an account; one that begins as a bucket's doesn't.
    """
    bucket = names.bucket_arn("")
    return any(
        statement.resources is None
        or statement.resources.negated
        or any(not _head(pattern).startswith(bucket) for pattern in statement.resources.patterns)
        for policy in policies.identity
        for statement in policy.speaking_of(action)[0]
    )


def _head(pattern: Pattern) -> str:
    """The text before a pattern's first wildcard or variable."""
    first = pattern.segments[0][0][:1]
    return first[0] if first and isinstance(first[0], str) else ""


def both(names: Names, request: Request) -> tuple[Request, Request] | None:
    """A request as the bucket and as the access point see it; `None` if no access point is such.

    What isn't chosen of the keys is made up: one of the pool's account, open to the internet.
    """
    account = _one(request, ACCOUNT)
    point = _one(request, POINT) or names.access_point_arn(_ANY, account=account)
    fields = point.split(":")
    if len(fields) <= _ACCOUNT_FIELD or account not in {None, fields[_ACCOUNT_FIELD]}:
        return None
    carried = {
        ACCOUNT: (fields[_ACCOUNT_FIELD],),
        POINT: (point,),
        ORIGIN: (_one(request, ORIGIN) or "Internet",),
    }
    _, slash, key = request.resource.partition("/")
    bucket = request._replace(context={**request.context, **carried})
    return bucket, bucket._replace(resource=f"{point}/object/{key}" if slash else point)


def _one(request: Request, key: str) -> str | None:
    values = request.context.get(key)
    return values[0] if values else None
