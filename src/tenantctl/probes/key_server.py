"""Keys of our own at an address of this machine, for tokens that name where their key is.

Whoever comes for one has already let the token say whom to ask.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from urllib.parse import urlsplit

from tenantctl.probes import forge

_LOOPBACK = "127.0.0.1"
_CERTIFICATE = ".pem"
_DISCOVERY = "/.well-known/openid-configuration"
_KEYS = "/.well-known/jwks.json"


@dataclass(frozen=True, slots=True)
class KeyServer:
    """Where it listens, and the first parts of the paths that it was asked for."""

    base: str
    _asked: set[str] = field(default_factory=set, repr=False)
    _next: Iterator[int] = field(default_factory=count, repr=False)

    def key_set(self) -> str:
        """An address of our key set that nobody was given before."""
        return f"{self.issuer()}{_KEYS}"

    def certificate(self) -> str:
        """An address of a certificate over our key that nobody was given before."""
        return f"{self.issuer()}/key{_CERTIFICATE}"

    def issuer(self) -> str:
        """An issuer with OpenID configuration and keys that nobody was given before."""
        return f"{self.base}/{next(self._next)}"

    def was_asked(self, url: str) -> bool:
        """Whether somebody came for what lies there, or beside it."""
        return _part(urlsplit(url).path) in self._asked

    def note(self, path: str) -> None:
        """Remember that a path was asked for."""
        self._asked.add(_part(path))


@contextmanager
def key_server() -> Iterator[KeyServer]:
    """Serve our public key for the length of a `with` block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.note(self.path)
            content = _content(server.base, self.path)
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's own
            """Nothing."""

    with ThreadingHTTPServer((_LOOPBACK, 0), Handler) as listening:
        server = KeyServer(f"http://{_LOOPBACK}:{listening.server_port}")
        thread = threading.Thread(target=listening.serve_forever, name="key-server", daemon=True)
        thread.start()
        try:
            yield server
        finally:
            listening.shutdown()
            thread.join()


def _part(path: str) -> str:
    return path.split("/")[1] if "/" in path else ""


def _content(base: str, path: str) -> bytes:
    if path.endswith(_CERTIFICATE):
        return _certificate()
    if path.endswith(_DISCOVERY):
        issuer = f"{base}{path.removesuffix(_DISCOVERY)}"
        return json.dumps({"issuer": issuer, "jwks_uri": f"{issuer}{_KEYS}"}).encode()
    return json.dumps(forge.own_key().jwks).encode()


@cache
def _certificate() -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509.oid import NameOID

    key, now = forge.own_key().private, datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tenantctl-probe")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, SHA256())
    )
    return made.public_bytes(Encoding.PEM)
