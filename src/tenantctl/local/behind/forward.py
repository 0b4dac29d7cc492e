"""Hand an authorized request on to moto, rebuilt from what was authorized.

moto looks at many places for the same thing: the account in a header, the region in the user
agent, an action in the URL, parameters in a form, in a JSON body or in headers. So it never sees
the client's request: the one that it gets is made of the operation's own parts, and only of those.
"""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Mapping
from functools import cache
from typing import Any, cast
from urllib.parse import quote, unquote, urlencode

from botocore.awsrequest import HeadersDict
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from moto.core.utils import get_service_model

from tenantctl.local.call import ServiceError
from tenantctl.local.cognito.signing_keys import key_set
from tenantctl.local.failure import Failure, Protocol, RefusedError
from tenantctl.local.wire.incoming import Answer, Incoming
from tenantctl.local.wire.services import SERVICES, Parsed, Service, header_names

_COMMON = frozenset({"content-type", "content-length", "content-encoding"})

_IN_BACKGROUND = frozenset({"ExportTableToPointInTime", "ImportTable"})
_PAGE = b"<!doctype html"  # flask's own, where it has no route
_PATIENCE = 10.0  # seconds

# Answers are for SDKs, not for web pages of other origins.
_DROPPED = ("access-control-",)


def environ_of(request: Incoming) -> dict[str, Any]:
    """A WSGI environ for moto's router, which reads method, path, query and headers of it."""
    environ = _base(request.method, request.path, request.query)
    for name, value in request.headers.items():
        environ[_key(name)] = value
    return environ


def forward(parsed: Parsed, request: Incoming, *, region: str, account: str) -> Answer:
    """Moto's answer to the operation that was authorized.

    Raises `RefusedError` (not implemented) for what moto doesn't have, or fails on.
    """
    environ = _canonical(parsed, request)
    environ["HTTP_HOST"] = "127.0.0.1"
    environ["HTTP_AUTHORIZATION"] = (
        f"AWS4-HMAC-SHA256 Credential=tenantctl/20000101/{region}/{parsed.service.signing}/"
        "aws4_request, SignedHeaders=host, Signature=0"
    )
    environ["HTTP_X_MOTO_ACCOUNT_ID"] = account
    name = f"{parsed.service.name}:{parsed.operation}"
    try:
        answer = _run(_application(parsed.service.name), environ)
    except NotImplementedError as error:
        raise _unserved(f"{name} isn't implemented by the embedded cloud") from error
    except Exception as error:  # moto's own defects; a 500 would be tried again for minutes
        raise _unserved(f"{name} fails in the embedded cloud: {type(error).__name__}") from error
    if answer.status >= 400 and answer.body[:14].lower() == _PAGE:  # noqa: PLR2004 - HTTP's classes
        raise _unserved(f"{name} has no route in the embedded cloud")
    if parsed.operation in _IN_BACKGROUND:
        _finish()
    return answer


def _unserved(message: str) -> RefusedError:
    return RefusedError(Failure.NOT_IMPLEMENTED, message)


def _finish() -> None:
    """Let moto's own threads end while the cloud is held: they write into its backends."""
    for thread in threading.enumerate():
        if type(thread).__module__.startswith("moto."):
            thread.join(_PATIENCE)


def forward_well_known(path: str, *, region: str, account: str) -> Answer:
    """A user pool's public keys, or its OpenID configuration; raises `ServiceError`."""
    pool_id, _, document = path.lstrip("/").partition("/.well-known/")
    if document == "jwks.json":
        keys = key_set(pool_id, region=region, account=account)
        return Answer(200, (("Content-Type", "application/json"),), keys)
    environ = _base("GET", path, "")
    environ["HTTP_HOST"] = "127.0.0.1"
    environ["HTTP_AUTHORIZATION"] = (
        f"AWS4-HMAC-SHA256 Credential=tenantctl/20000101/{region}/cognito-idp/aws4_request"
    )
    environ["HTTP_X_MOTO_ACCOUNT_ID"] = account
    return _run(_application("cognito-idp"), environ)


def _base(method: str, path: str, query: str) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(path, encoding="latin-1"),
        "QUERY_STRING": query,
        "RAW_URI": f"{path}?{query}" if query else path,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "wsgi.version": (1, 0),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgi.errors": io.StringIO(),
        "wsgi.input": io.BytesIO(),
        "CONTENT_LENGTH": "0",
    }


def _key(name: str) -> str:
    key = name.upper().replace("-", "_")
    return key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"


def _canonical(parsed: Parsed, request: Incoming) -> dict[str, Any]:
    protocol = parsed.service.protocol
    path, query, body = "/", "", request.body
    if protocol is Protocol.JSON:
        environ = _base("POST", "/", "")
        environ["HTTP_X_AMZ_TARGET"] = request.headers["x-amz-target"]
        environ["CONTENT_TYPE"] = (
            f"application/x-amz-json-{parsed.service.model.metadata.get('jsonVersion', '1.0')}"
        )
        body = _inert(parsed.document)
    elif protocol is Protocol.QUERY:
        environ = _base("POST", "/", "")
        environ["CONTENT_TYPE"] = "application/x-www-form-urlencoded"
        body = urlencode(parsed.query).encode()
    else:
        path, query = request.path, urlencode(parsed.query, quote_via=quote)
        if protocol is Protocol.S3:
            path = _s3_path(parsed)
        environ = _base(request.method, path, query)
        names, prefixes = header_names(parsed.service.name, parsed.operation)
        _copy_headers(environ, request, names | _COMMON, prefixes)
        if protocol is Protocol.S3:
            environ["PATH_INFO"] = _s3_route(parsed)
            body = _s3_body(parsed, body)
        else:
            environ["CONTENT_TYPE"] = "application/json"
            body = b"" if parsed.document is None else _inert(parsed.document)
    environ["CONTENT_LENGTH"] = str(len(body))
    environ["wsgi.input"] = io.BytesIO(body)
    return environ


def _copy_headers(
    environ: dict[str, Any], request: Incoming, names: frozenset[str], prefixes: tuple[str, ...]
) -> None:
    spelt: dict[str, str] = {}
    for name, value in request.headers.items():
        if name in names or (prefixes and name.startswith(prefixes)):
            environ[_key(name)] = value
            if "_" in name:
                spelt[_key(name)] = name
    # moto's own way to keep `x-amz-meta-a_b` apart from `x-amz-meta-a-b`.
    environ["moto.preserved_header_names"] = spelt


def _inert(document: Mapping[str, Any] | None) -> bytes:
    """JSON without `&` and `=`: moto also tries a JSON body as a form, and believes it first."""
    text = json.dumps(document)
    return text.replace("&", "\\u0026").replace("=", "\\u003d").encode()


def _s3_path(parsed: Parsed) -> str:
    path = f"/{parsed.params.get('Bucket', '')}"
    return f"{path}/{quote(parsed.params['Key'], safe='/~')}" if "Key" in parsed.params else path


def _s3_body(parsed: Parsed, body: bytes) -> bytes:
    """The body as given where it is data; XML is written anew from what was read of it."""
    shape = parsed.model.input_shape
    payload = shape.serialization.get("payload") if shape is not None else None
    if payload is None or shape is None:
        return b""
    if shape.members[payload].type_name != "structure":
        return body
    written = create_serializer("rest-xml", include_validation=False).serialize_to_request(
        dict(parsed.params), parsed.model
    )["body"]
    return written if isinstance(written, bytes) else str(written).encode()


def _s3_route(parsed: Parsed) -> str:
    """A path that flask routes as that kind of request; moto's S3 reads the raw one."""
    if "Key" in parsed.params:
        return "/bucket/key"
    return "/bucket" if "Bucket" in parsed.params else "/"


@cache
def _application(service: str) -> Any:  # noqa: ANN401 - flask isn't typed here
    from moto.moto_server.werkzeug_app import create_backend_app

    return create_backend_app(cast("Any", service))


def _run(application: Any, environ: dict[str, Any]) -> Answer:  # noqa: ANN401 - the same
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start(status: str, headers: list[tuple[str, str]], _info: object = None) -> None:
        started.append((status, headers))

    chunks = application(environ, start)
    try:
        body = b"".join(chunks)
    finally:
        if hasattr(chunks, "close"):
            chunks.close()
    status, headers = started[-1]
    kept = tuple((n, v) for n, v in headers if not n.lower().startswith(_DROPPED))
    return Answer(int(status[:3]), kept, body)


def invoke(
    service: str, operation: str, params: Mapping[str, Any], region: str, account: str
) -> Mapping[str, Any]:
    """One operation of a JSON service carried out by moto, without asking anybody.

    `params` and the result are as boto3 has them. Raises `ServiceError` where moto refuses.
    """
    model = get_service_model(service).operation_model(operation)
    wire = create_serializer("json", include_validation=False).serialize_to_request(
        dict(params), model
    )
    parsed = Parsed(_named(service), model, params, document=json.loads(wire["body"]))
    request = Incoming("POST", "/", "", {"x-amz-target": wire["headers"]["X-Amz-Target"]}, b"")
    answer = forward(parsed, request, region=region, account=account)
    read: dict[str, Any] = create_parser("json").parse(
        {
            "status_code": answer.status,
            "headers": HeadersDict(dict(answer.headers)),
            "body": answer.body,
        },
        model.output_shape,
    )
    if answer.status >= 300:  # noqa: PLR2004 - HTTP's classes
        failed = read.get("Error", {})
        raise ServiceError(failed.get("Code", ""), failed.get("Message", ""), answer.status)
    read.pop("ResponseMetadata", None)
    return read


def _named(name: str) -> Service:
    return next(s for s in SERVICES if s.name == name)
