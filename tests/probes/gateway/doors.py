"""The embedded gateway with one of its guards broken."""

from __future__ import annotations

import base64
import hmac
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from urllib.request import urlopen

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from werkzeug.serving import WSGIRequestHandler

from tenantctl.errors import TokenError
from tenantctl.local.gateway import authorizer, front, tools
from tenantctl.local.gateway.address import Place
from tenantctl.local.gateway.authorizer import Admitted, Refusal
from tenantctl.local.gateway.issuers import Issuers
from tenantctl.local.gateway.propagation import merged, propagated
from tenantctl.local.gateway.settings import Gateway
from tenantctl.local.wire.incoming import Answer, Incoming
from tenantctl.vending.token_text import Decoded, decode

Patch = pytest.MonkeyPatch


def _signature(verify: Callable[[Decoded, str, Issuers], bool]) -> Callable[[Patch], None]:
    """A token passes by `verify` too, besides the sound way."""
    sound = authorizer._signed  # noqa: SLF001 - what is broken is inside

    def signed(decoded: Decoded, discovery_url: str, issuers: Issuers) -> None:
        if not verify(decoded, discovery_url, issuers):
            sound(decoded, discovery_url, issuers)

    return lambda patch: patch.setattr(authorizer, "_signed", signed)


def _by(decoded: Decoded, key: Any) -> bool:  # noqa: ANN401 - PyJWT's key types vary
    rsa = jwt.algorithms.RSAAlgorithm(jwt.algorithms.RSAAlgorithm.SHA256)
    return rsa.verify(decoded.signed, key, decoded.signature)


def _hmac(decoded: Decoded, secret: bytes) -> bool:
    made = hmac.new(secret, decoded.signed, sha256).digest()
    return decoded.header["alg"] == "HS256" and hmac.compare_digest(made, decoded.signature)


def _brought(decoded: Decoded, *_: object) -> bool:
    brought = decoded.header.get("jwk")
    return brought is not None and _by(decoded, jwt.PyJWK(brought, algorithm="RS256").key)


def _fetched(decoded: Decoded, *_: object) -> bool:
    for parameter in ("jku", "x5u"):
        if parameter in decoded.header:
            with urlopen(decoded.header[parameter], timeout=5) as answer:  # noqa: S310 - that is the mistake
                content = answer.read()
            if parameter == "x5u":
                return _by(decoded, x509.load_pem_x509_certificate(content).public_key())
            return _by(decoded, jwt.PyJWK(json.loads(content)["keys"][0], algorithm="RS256").key)
    return False


def _public_as_secret(decoded: Decoded, discovery_url: str, issuers: Issuers) -> bool:
    if decoded.header["alg"] != "HS256":
        return False
    _, key = issuers.find(discovery_url, decoded.header)
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return _hmac(decoded, pem)


def _file(decoded: Decoded, *_: object) -> bool:
    path = Path("/etc") / str(decoded.header.get("kid"))
    return ".." in path.parts and _hmac(decoded, path.read_bytes())


def _database(decoded: Decoded, *_: object) -> bool:
    with sqlite3.connect(":memory:") as database:
        database.execute("CREATE TABLE keys (id TEXT, secret TEXT)")
        query = f"SELECT secret FROM keys WHERE id = '{decoded.header.get('kid')}'"  # noqa: S608 - that is the mistake
        found = database.execute(query).fetchone()
    return found is not None and _hmac(decoded, found[0].encode())


def _tokenless(patch: Patch) -> None:
    sound = authorizer.authorize

    def authorize(*args: Any) -> Admitted | Refusal:  # noqa: ANN401 - passed on as they are
        found = sound(*args)
        lenient = isinstance(found, Refusal) and found.missing
        return Admitted({"sub": "anybody"}) if lenient else found

    admitted = front.Front._admitted  # noqa: SLF001 - what is broken is inside

    def past(
        self: front.Front,
        gateway: Gateway,
        request: Incoming,
        claims: Mapping[str, Any],
    ) -> Answer:
        """There are no claims that the interceptor could read."""
        nobody = claims["sub"] == "anybody"
        seen = replace(gateway, interceptor=None) if nobody else gateway
        return admitted(self, seen, request, claims)

    patch.setattr(front, "authorize", authorize)
    patch.setattr(front.Front, "_admitted", past)


def _token_in_address(patch: Patch) -> None:
    sound = front.Front._answer  # noqa: SLF001 - what is broken is inside

    def answer(self: front.Front, request: Incoming, place: Place) -> Answer:
        for token in parse_qs(request.query).get("access_token", ()):
            headers = {**request.headers, "authorization": f"Bearer {token}"}
            return sound(self, replace(request, headers=headers), place)
        return sound(self, request, place)

    patch.setattr(front.Front, "_answer", answer)


def _first_token(patch: Patch) -> None:
    sound = authorizer.authorize

    def authorize(
        rules: Mapping[str, Any],
        headers: Mapping[str, str],
        *rest: Any,  # noqa: ANN401 - passed on
    ) -> Admitted | Refusal:
        first = headers.get("authorization", "").split(",")[0]
        return sound(rules, {**headers, "authorization": first}, *rest)

    patch.setattr(front, "authorize", authorize)


def _underscores(patch: Patch) -> None:
    """werkzeug drops such names, as servers should; here it takes them for hyphens, and last."""
    sound = WSGIRequestHandler.make_environ

    def environ(self: WSGIRequestHandler) -> Any:  # noqa: ANN401 - WSGI's own
        found = sound(self)
        for name, value in self.headers.items():
            if "_" in name:
                found[f"HTTP_UNDERSCORE_{name.upper()}"] = value
        return found

    def let_win(sent: Mapping[str, str], by_interceptor: Mapping[str, str]) -> dict[str, str]:
        begin = "underscore-"
        late = {n.removeprefix(begin): v for n, v in sent.items() if n.startswith(begin)}
        return {**merged(sent, by_interceptor), **late}

    patch.setattr(WSGIRequestHandler, "make_environ", environ)
    patch.setattr(front, "merged", let_win)


def _first_of_two(patch: Patch) -> None:
    def let_win(sent: Mapping[str, str], by_interceptor: Mapping[str, str]) -> dict[str, str]:
        twice = {name: v.split(",")[0] for name, v in sent.items() if "," in v and "x-" in name}
        return {**merged(sent, by_interceptor), **twice}

    patch.setattr(front, "merged", let_win)


def _folds(patch: Patch) -> None:
    def let_win(sent: Mapping[str, str], by_interceptor: Mapping[str, str]) -> dict[str, str]:
        folded = {name: value.strip() for name, value in sent.items() if value != value.strip()}
        return {**merged(sent, by_interceptor), **folded}

    patch.setattr(front, "merged", let_win)


def _no_algorithm(patch: Patch) -> None:
    def unsigned(token: str) -> Decoded:
        """The sound reader takes no empty signature."""
        return decode(f"{token}AA" if token.endswith(".") else token)

    patch.setattr(authorizer, "decode", unsigned)
    _signature(lambda decoded, *_: decoded.header["alg"] == "none")(patch)


def _client_context(patch: Patch) -> None:
    def context(headers: Mapping[str, str], allowed: Sequence[str]) -> dict[str, str]:
        given = headers.get("x-amz-client-context")
        if given is None:
            return propagated(headers, allowed)
        custom: dict[str, Any] = json.loads(base64.b64decode(given))["custom"]
        return dict(custom["bedrockAgentCorePropagatedHeaders"])

    patch.setattr(tools, "propagated", context)


def _batches(patch: Patch) -> None:
    sound = front.Front._admitted  # noqa: SLF001 - what is broken is inside

    def admitted(
        self: front.Front,
        gateway: Gateway,
        request: Incoming,
        claims: Mapping[str, Any],
    ) -> Answer:
        body = json.loads(request.body)
        if not isinstance(body, list):
            return sound(self, gateway, request, claims)
        past = replace(gateway, interceptor=None)
        parts = [
            sound(self, past, replace(request, body=json.dumps(part).encode()), claims)
            for part in body
        ]
        joined = b",".join(part.body for part in parts)
        return Answer(200, (("Content-Type", "application/json"),), b"[" + joined + b"]")

    patch.setattr(front.Front, "_admitted", admitted)


def _sessions(patch: Patch) -> None:
    sound = front.Front._admitted  # noqa: SLF001 - what is broken is inside
    numbers: Iterator[int] = count()
    known: dict[str, str] = {}

    def admitted(
        self: front.Front,
        gateway: Gateway,
        request: Incoming,
        claims: Mapping[str, Any],
    ) -> Answer:
        session = request.headers.get("mcp-session-id")
        if session in known:
            headers = {**request.headers, "authorization": known[session]}
            del headers["mcp-session-id"]
            claims = decode(known[session].partition(" ")[2]).claims
            return sound(self, gateway, replace(request, headers=headers), claims)
        answer = sound(self, gateway, request, claims)
        if b'"initialize"' not in request.body:
            return answer
        session = f"session-{next(numbers)}"
        known[session] = request.headers["authorization"]
        return replace(answer, headers=(*answer.headers, ("Mcp-Session-Id", session)))

    patch.setattr(front.Front, "_admitted", admitted)


def _failing(verify: Callable[..., bool]) -> Callable[..., bool]:
    """What can't be read is refused."""

    def verified(*args: Any) -> bool:  # noqa: ANN401 - passed on
        try:
            return verify(*args)
        except (TokenError, OSError, ValueError, sqlite3.Error):
            return False

    return verified


DOORS: Mapping[str, Callable[[Patch], None]] = {
    "signature": _signature(lambda *_: True),
    "key-in-the-header": _signature(_brought),
    "key-at-an-address": _signature(_fetched),
    "algorithm-of-the-header": _no_algorithm,
    "public-key-as-secret": _signature(_failing(_public_as_secret)),
    "key-file": _signature(_failing(_file)),
    "key-database": _signature(_failing(_database)),
    "token-optional": _tokenless,
    "token-in-the-address": _token_in_address,
    "any-claims": lambda patch: patch.setattr(authorizer, "_fits", lambda *_: None),
    "first-token": _first_token,
    "underscores": _underscores,
    "first-of-two": _first_of_two,
    "folds": _folds,
    "client-context": _client_context,
    "batches": _batches,
    "sessions": _sessions,
}
