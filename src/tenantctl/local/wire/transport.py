"""boto3's requests answered in this process, without a socket.

botocore asks its `before-send` handlers for an answer before it opens a connection. Ours answers
every request of the session, also those for other addresses: nothing may leave by mistake.
"""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import TYPE_CHECKING, Any, cast

from botocore.awsrequest import AWSPreparedRequest, AWSResponse, HeadersDict

from tenantctl.local.wire.incoming import Answer, Incoming, from_url

if TYPE_CHECKING:
    import boto3
    from botocore.compat import HTTPHeaders
    from botocore.hooks import HierarchicalEmitter

ENDPOINT = "http://127.0.0.1"
"""Where clients are told that the cloud is; nothing listens there."""


class _Raw(BytesIO):
    """A body as urllib3 hands it over."""

    def stream(self, amt: int = 65536, decode_content: bool | None = None) -> Any:  # noqa: ANN401, ARG002 - urllib3's own signature
        """The body in pieces."""
        while piece := self.read(amt):
            yield piece


def attach(session: boto3.Session, answer: Callable[[Incoming], Answer]) -> None:
    """Let `answer` take every request that clients of `session` send."""

    def send(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        answered = answer(
            from_url(request.method, request.url, request.headers.items(), _body(request.body))
        )
        return AWSResponse(
            request.url,
            answered.status,
            cast("HTTPHeaders", HeadersDict(dict(answered.headers))),
            cast("Any", _Raw(answered.body)),
        )

    events = cast("HierarchicalEmitter", session.events)
    events.register("before-send", cast("Callable[..., None]", send))


def _body(body: Any) -> bytes:  # noqa: ANN401 - bytes, text, a file, or nothing
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    if isinstance(body, bytes | bytearray):
        return bytes(body)
    return bytes(body.read())
