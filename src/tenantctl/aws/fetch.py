"""Plain GETs (a pool's keys, its OpenID configuration) on the same way that clients take.

botocore's `before-send` event lets the embedded cloud answer without a socket; where nothing
answers it, botocore's own HTTP session sends the request, with its proxies and certificates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from tenantctl.aws.failures import translated
from tenantctl.aws.session import Aws
from tenantctl.errors import AwsError

if TYPE_CHECKING:
    from botocore.hooks import HierarchicalEmitter

LIMIT = 1_000_000  # bytes; a key set is some 2 KB


def get(aws: Aws, url: str) -> bytes:
    """The body of an unsigned GET; raises `AwsError` for any answer but 200, or one too long."""
    from botocore.awsrequest import AWSRequest
    from botocore.httpsession import URLLib3Session

    request = AWSRequest("GET", url).prepare()
    events = cast("HierarchicalEmitter", aws.session.events)
    with translated(f"fetching {url}"):
        answer = events.emit_until_response("before-send.tenantctl.Get", request=request)[1]
        if answer is None:
            answer = URLLib3Session(timeout=10).send(request)
        body: bytes = answer.content
    if answer.status_code != 200 or len(body) > LIMIT:  # noqa: PLR2004 - HTTP's own number
        raise AwsError(
            f"fetching {url}: answered {answer.status_code} with {len(body)} bytes",
            code=str(answer.status_code),
            operation="GET",
        )
    return body
