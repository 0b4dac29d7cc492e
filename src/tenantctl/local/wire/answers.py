"""What goes out: our own services' results, and errors in each protocol's own form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import uuid4
from xml.sax.saxutils import escape

from moto.core.serialize import SerializationContext, get_serializer_class

from tenantctl.local.call import ServiceError
from tenantctl.local.failure import Protocol
from tenantctl.local.wire.incoming import Answer
from tenantctl.local.wire.services import Parsed

_REST_XML = "rest-xml"
_TYPES = {
    Protocol.S3: "application/xml",
    Protocol.QUERY: "text/xml",
    Protocol.JSON: "application/x-amz-json-1.1",
    Protocol.REST_JSON: "application/json",
}
# No character reference names these, so XML can't carry them.
_NOT_XML = {c: "\ufffd" for c in range(32) if chr(c) not in "\t\n\r"}


def result(parsed: Parsed, output: Mapping[str, Any]) -> Answer:
    """The answer of an operation, from its output as botocore's model has it."""
    protocol = _REST_XML if parsed.service.protocol is Protocol.S3 else parsed.service.protocol
    request_id = str(uuid4())
    serializer = get_serializer_class(parsed.service.name, str(protocol))(
        parsed.model, context=SerializationContext(request_id)
    )
    written = serializer.serialize(output)
    body = written["body"]
    headers = {str(k): str(v) for k, v in written["headers"].items()}
    return Answer(
        int(written["status_code"]),
        (*headers.items(), ("x-amzn-requestid", request_id)),
        body if isinstance(body, bytes) else str(body).encode(),
    )


def error(failed: ServiceError, protocol: Protocol, *, method: str = "POST") -> Answer:
    """An error, as clients of that protocol read it; a HEAD is answered without a body."""
    request_id = str(uuid4())
    code, message = failed.code, failed.message
    if protocol is Protocol.S3:
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f"<Error><Code>{_xml(code)}</Code><Message>{_xml(message)}</Message>"
            f"<RequestId>{request_id}</RequestId></Error>"
        )
    elif protocol is Protocol.QUERY:
        fault = "Sender" if failed.status < 500 else "Receiver"  # noqa: PLR2004 - HTTP's classes
        body = (
            f"<ErrorResponse><Error><Type>{fault}</Type><Code>{_xml(code)}</Code>"
            f"<Message>{_xml(message)}</Message></Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        )
    else:
        body = json.dumps({"__type": code, "message": message})
    headers = [
        ("Content-Type", _TYPES[protocol]),
        ("x-amzn-requestid", request_id),
        *([("x-amzn-errortype", code)] if protocol in {Protocol.JSON, Protocol.REST_JSON} else []),
        *([("x-amz-request-id", request_id)] if protocol is Protocol.S3 else []),
    ]
    return Answer(failed.status, tuple(headers), b"" if method == "HEAD" else body.encode())


def _xml(text: str) -> str:
    return escape(text.translate(_NOT_XML))
