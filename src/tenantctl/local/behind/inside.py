"""Requests that the embedded cloud's own parts make, in the form in which clients make them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from botocore.awsrequest import HeadersDict
from botocore.parsers import create_parser
from botocore.serialize import create_serializer

from tenantctl.local.behind.forward import environ_of
from tenantctl.local.call import ServiceError
from tenantctl.local.wire.incoming import Answer, Incoming
from tenantctl.local.wire.reading import parse
from tenantctl.local.wire.services import SERVICES, Parsed

_FAILED = 300


def request_of(service: str, operation: str, params: Mapping[str, Any]) -> tuple[Incoming, Parsed]:
    """A request of a service that speaks REST with JSON; `params` are as boto3 has them."""
    named = next(s for s in SERVICES if s.name == service)
    model = named.model.operation_model(operation)
    wire = create_serializer("rest-json", include_validation=False).serialize_to_request(
        dict(params), model
    )
    headers = {name.lower(): str(value) for name, value in wire["headers"].items()}
    request = Incoming(
        wire["method"], wire["url_path"], urlencode(wire["query_string"]), headers, wire["body"]
    )
    return request, parse((named,), request, environ_of(request))


def output_of(parsed: Parsed, answer: Answer) -> dict[str, Any]:
    """An answer as boto3 has it; raises `ServiceError` for one that is an error."""
    shape = parsed.model.output_shape
    if shape is None:
        raise ServiceError("UnknownOperationException", f"{parsed.operation} answers nothing")
    read: dict[str, Any] = create_parser("rest-json").parse(
        {
            "status_code": answer.status,
            "headers": HeadersDict(dict(answer.headers)),
            "body": answer.body,
        },
        shape,
    )
    if answer.status >= _FAILED:
        failed = read.get("Error", {})
        raise ServiceError(failed.get("Code", ""), failed.get("Message", ""), answer.status)
    read.pop("ResponseMetadata", None)
    return read
