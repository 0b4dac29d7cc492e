"""How a request names one operation of a service, and with which parameters.

moto's router and parser do the reading, driven by botocore's models. What they would be lenient
about is refused here: two requests in one (an `Action` in the URL beside an `X-Amz-Target`,
repeated parameters, query parameters that the operation doesn't have) could be read differently
by the layer that authorizes and by moto that answers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from moto.core.model import OperationModel
from moto.core.parse import (
    JSONParser,
    QueryParser,
    RequestParser,
    RequestParserError,
    RestJSONParser,
    RestXMLParser,
)
from moto.core.request import Request
from moto.core.routing import get_service_router
from werkzeug.datastructures import Headers
from werkzeug.exceptions import NotFound

from tenantctl.local.call import ServiceError
from tenantctl.local.failure import Protocol
from tenantctl.local.wire.incoming import Incoming
from tenantctl.local.wire.services import S3, Parsed, Service, operation_model, query_names

# What an SDK may add to any URL without changing what it asks for.
_HARMLESS = frozenset({"x-id"})
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_SHOWN = 100
"""Characters of a path that an error shows."""

_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
MAX_BODY_JSON = 16 * 1024 * 1024
"""Bytes; DynamoDB's own limit for a request."""


def parse(services: tuple[Service, ...], request: Incoming, environ: dict[str, Any]) -> Parsed:
    """The operation that a request asks one of `services` for.

    `environ` is the request's, for moto's router. Raises `ServiceError` where it names none, or
    can be read in more than one way.
    """
    if services[0].protocol is Protocol.JSON:
        return _json(services, request)
    if services[0].protocol is Protocol.QUERY:
        return _query(services[0], request)
    return _rest(services, request, environ)


def _json(services: tuple[Service, ...], request: Incoming) -> Parsed:
    prefix, _, operation = request.headers.get("x-amz-target", "").partition(".")
    for service in services:
        if service.model.metadata.get("targetPrefix") == prefix:
            model = operation_model(service.name, operation)
            break
    else:
        model = None
    if model is None:
        raise ServiceError("UnknownOperationException", f"There is no operation `{operation}`")
    if request.method != "POST" or request.path != "/" or request.query:
        raise ServiceError(
            "UnknownOperationException", f"{operation} is a POST to / without a query"
        )
    body = _json_object(request.body)
    return Parsed(service, model, _read(model, _Json, body=body), document=body)


def _json_object(body: bytes) -> dict[str, Any]:
    if len(body) > MAX_BODY_JSON:
        raise ServiceError("SerializationException", "The request is too long")
    try:
        found = json.loads(body or b"{}", object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise ServiceError("SerializationException", "The body isn't JSON") from error
    if not isinstance(found, dict):
        raise ServiceError("SerializationException", "The body isn't a JSON object")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is there twice")
    return found


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} isn't JSON")


def _query(service: Service, request: Incoming) -> Parsed:
    if request.method != "POST" or request.path != "/" or request.query:
        raise ServiceError("InvalidAction", "Parameters are taken from the body of a POST to /")
    try:
        pairs = parse_qsl(
            request.body.decode(), keep_blank_values=True, strict_parsing=True, max_num_fields=5000
        )
    except ValueError as error:
        raise ServiceError("MalformedQueryString", "The body isn't a form") from error
    form = dict(pairs)
    if len(form) != len(pairs):
        raise ServiceError("MalformedQueryString", "A parameter is there twice")
    model = operation_model(service.name, form.get("Action", ""))
    if model is None or form.get("Version") != service.model.api_version:
        raise ServiceError("InvalidAction", f"There is no operation `{form.get('Action', '')}`")
    return Parsed(service, model, _read(model, QueryParser, values=form), tuple(pairs))


def _rest(services: tuple[Service, ...], request: Incoming, environ: dict[str, Any]) -> Parsed:
    wire = Request(environ)
    for service in services:
        try:
            model, labels = get_service_router(service.name).match(wire)
        except NotFound:
            continue
        break
    else:
        raise ServiceError(
            "MethodNotAllowed" if services[0] is S3 else "UnknownOperationException",
            f"There is no operation for {request.method} on {request.path[:_SHOWN]}",
            405 if services[0] is S3 else 404,
        )
    pairs = tuple(parse_qsl(request.query, keep_blank_values=True))
    query = tuple((k, v) for k, v in pairs if k not in _HARMLESS and not _is_signature(k))
    known = query_names(service.name, model.name)
    unknown = sorted({k for k, _ in query} - known.keys())
    once = [k for k, _ in query if not known.get(k)]
    if unknown or len(set(once)) != len(once):
        # Which of several meanings a service would choose isn't documented.
        twice = sorted({k for k in once if once.count(k) > 1})
        told = f"has no query parameter {unknown}" if unknown else f"takes {twice} once"
        raise ServiceError("InvalidArgument", f"{model.name} {told}")
    headers = Headers(list(request.headers.items()))
    if service is S3:
        _check_s3(request, labels)
        raw = request.body if _has_body(model) else b""
        params = _read(
            model, RestXMLParser, body=raw, headers=headers, labels=labels, values=wire.args
        )
        return Parsed(service, model, params, query)
    data = _has_data_as_body(model)
    document = _json_object(request.body) if request.body and not data else None
    body = request.body if data else document
    params = _read(model, _RestJson, body=body, headers=headers, labels=labels, values=wire.args)
    return Parsed(service, model, params, query, document)


def _check_s3(request: Incoming, labels: Mapping[str, Any]) -> None:
    bucket = labels.get("Bucket")
    if bucket is not None and not _BUCKET.fullmatch(bucket):
        raise ServiceError("InvalidBucketName", "The specified bucket is not valid.")
    if request.headers.get("content-type", "").lower().startswith(_FORMS):
        raise ServiceError("InvalidRequest", "Forms aren't taken as a body here")


class _Json(JSONParser):
    """Takes JSON that has been read already."""

    def _parse_body_as_json(self, body_contents: Any) -> Any:  # noqa: ANN401 - as moto has it
        return body_contents or {}


class _RestJson(RestJSONParser):
    """The same."""

    def _parse_body_as_json(self, body_contents: Any) -> Any:  # noqa: ANN401 - as moto has it
        return body_contents or {}


def _is_signature(name: str) -> bool:
    return name.lower().startswith("x-amz-")


def _has_body(model: OperationModel) -> bool:
    shape = model.input_shape
    if shape is None:
        return False
    return any("location" not in m.serialization for m in shape.members.values())


def _has_data_as_body(model: OperationModel) -> bool:
    """Whether the body is the client's own, of whatever form, as `InvokeAgentRuntime`'s."""
    shape = model.input_shape
    payload = shape.serialization.get("payload") if shape is not None else None
    return shape is not None and payload is not None and shape.members[payload].type_name == "blob"


def _read(  # noqa: PLR0913 - the parts of a request
    model: OperationModel,
    parser: type[RequestParser],
    *,
    body: Any = b"",  # noqa: ANN401 - bytes, or JSON that has been read
    headers: Headers | None = None,
    labels: Mapping[str, Any] | None = None,
    values: Any = None,  # noqa: ANN401 - werkzeug's MultiDict, or a dict
) -> Mapping[str, Any]:
    try:
        found = parser(model).parse(
            {
                "method": "",
                "values": values,
                "headers": Headers() if headers is None else headers,
                "body": body,
                "url_path": "",
                "url_params": dict(labels or {}),
            }
        )
    except (
        RequestParserError,
        ValueError,
        TypeError,
        AttributeError,
        KeyError,
        RecursionError,
    ) as e:
        # The parser trusts its input's types; a number where a list belongs ends up here.
        raise ServiceError("SerializationException", "The request can't be read") from e
    return found if isinstance(found, dict) else {}
