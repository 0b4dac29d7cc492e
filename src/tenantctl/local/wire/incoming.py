"""A request as it came in and an answer as it goes out, free of any transport.

The path and query are kept as they were sent, percent-encoded: signatures are made over them, and
S3 keys hold characters that decoding would lose.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]"})
"""The only hosts that are answered to; a name that a web page points here isn't one."""

MAX_BODY = 512 * 1024 * 1024
"""Bytes that are read of one request; everything is held in memory."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """One HTTP request; header names are lower case, repeated headers are joined by commas."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def host(self) -> str:
        """The host without its port."""
        host = self.headers.get("host", "")
        return host if host.endswith("]") else host.rpartition(":")[0] or host


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP response."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = field(repr=False)


def joined(headers: Iterable[tuple[str, str | bytes]]) -> dict[str, str]:
    """Headers by lower-case name; a repeated one's values are joined, as SigV4 does."""
    found: dict[str, str] = {}
    for name, value in headers:
        text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
        key = name.lower()
        found[key] = f"{found[key]},{text}" if key in found else text
    return found


def from_url(
    method: str, url: str, headers: Iterable[tuple[str, str | bytes]], body: bytes
) -> Incoming:
    """A request from what an HTTP client was told to send."""
    parts = urlsplit(url)
    found = joined(headers)
    # As HTTP clients write it, and as botocore signs it: without the scheme's own port.
    found.setdefault("host", parts.netloc.rpartition("@")[2].removesuffix(":80"))
    return Incoming(method.upper(), parts.path or "/", parts.query, found, body)


def from_environ(environ: Mapping[str, Any]) -> Incoming:
    """A request from a WSGI server that keeps the request line in `RAW_URI`.

    Raises `ValueError` for a body that is longer than `MAX_BODY` or than was announced, or that
    isn't in the chunks that were announced.
    """
    raw = str(environ["RAW_URI"])
    path, _, query = raw.partition("?")
    length = int(environ.get("CONTENT_LENGTH") or 0)
    stream = environ["wsgi.input"]
    if environ.get("wsgi.input_terminated"):
        try:
            body = stream.read(MAX_BODY + 1)
        except OSError as error:  # werkzeug's own, too: it shows what was sent
            raise ValueError("the body's chunks can't be read") from error
    else:
        body = stream.read(min(length, MAX_BODY + 1))
        if len(body) != length:
            raise ValueError("the body has another length than announced")
    if len(body) > MAX_BODY:
        raise ValueError("the body is too long")
    names: Mapping[str, str] = environ.get("moto.preserved_header_names", {})
    headers = {
        names.get(key, key[5:].replace("_", "-")).lower(): str(value)
        for key, value in environ.items()
        if key.startswith("HTTP_")
    }
    for key, name in (("CONTENT_TYPE", "content-type"), ("CONTENT_LENGTH", "content-length")):
        if environ.get(key):
            headers[name] = str(environ[key])
    return Incoming(str(environ["REQUEST_METHOD"]), path, query, headers, body)
