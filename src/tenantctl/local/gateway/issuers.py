"""The keys of the issuers whose tokens gateways and runtimes take: fetched once, then kept.

An issuer is known by its discovery URL. Those of the embedded cloud's own user pools are answered
by it; others are asked only on this machine, because nothing of the embedded cloud leaves it.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, Request, build_opener

from tenantctl.errors import TokenError
from tenantctl.local.call import ServiceError
from tenantctl.vending.token import public_key

KEPT_SECONDS = 300.0
_AGAIN_SECONDS = 3.0
"""Between two looks for a key that isn't there: tokens name keys, and anybody makes tokens."""

_WELL_KNOWN = "/.well-known/openid-configuration"
_POOL = re.compile(
    r"https://cognito-idp\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/(?P<pool>[\w-]+)",
    re.ASCII,
)
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_LONGEST = 256 * 1024
_PATIENCE = 5.0  # seconds


@dataclass(slots=True)
class Issuer:
    """An issuer's name and keys; `fetched` is on the monotonic clock."""

    name: str
    document: Mapping[str, Any] = field(repr=False)
    fetched: float
    known: dict[str, Any] = field(default_factory=dict, repr=False)

    def key(self, header: Mapping[str, Any]) -> Any:  # noqa: ANN401 - PyJWT's key types vary
        """The key that a token's header names; raises `TokenError`."""
        kid = header.get("kid")
        found = self.known.get(kid) if isinstance(kid, str) else None
        if found is None:
            found = public_key(header, self.document)
            self.known[str(kid)] = found
        return found


class Issuers:
    """Issuers by discovery URL; `pool_keys(region, pool_id)` gives a user pool's JWKS document.

    `pool_keys` raises `ServiceError` for a pool that isn't there. May be used from many threads.
    """

    def __init__(self, pool_keys: Callable[[str, str], bytes]) -> None:
        self._pool_keys = pool_keys
        self._lock = threading.Lock()
        self._kept: dict[str, Issuer] = {}

    def find(self, discovery_url: str, header: Mapping[str, Any]) -> tuple[Issuer, Any]:
        """The issuer and its key of a token's header; raises `TokenError`.

        A key that isn't known is looked for once more, as after a rotation.
        """
        issuer = self._issuer(discovery_url, KEPT_SECONDS)
        try:
            return issuer, issuer.key(header)
        except TokenError:
            issuer = self._issuer(discovery_url, _AGAIN_SECONDS)
            return issuer, issuer.key(header)

    def name(self, discovery_url: str) -> str:
        """What the issuer calls itself; raises `TokenError`."""
        return self._issuer(discovery_url, KEPT_SECONDS).name

    def _issuer(self, url: str, older: float) -> Issuer:
        with self._lock:
            known = self._kept.get(url)
        now = time.monotonic()
        if known is not None and now - known.fetched < older:
            return known
        name, document = self._fetch(url)
        found = Issuer(name, document, now)
        with self._lock:
            self._kept[url] = found
        return found

    def _fetch(self, url: str) -> tuple[str, Mapping[str, Any]]:
        base = url.removesuffix(_WELL_KNOWN)
        pool = _POOL.fullmatch(base)
        if pool is not None and base != url:
            try:
                return base, _document(self._pool_keys(pool["region"], pool["pool"]))
            except ServiceError as error:
                raise TokenError("the issuer's keys aren't in the embedded cloud") from error
        if urlsplit(url).hostname not in _LOOPBACK:
            raise TokenError(f"the embedded cloud doesn't fetch `{url}`")
        described = _document(_get(url))
        name, keys = described.get("issuer"), described.get("jwks_uri")
        if not isinstance(name, str) or not isinstance(keys, str):
            raise TokenError("the discovery document names no issuer and keys")
        if urlsplit(keys).hostname not in _LOOPBACK:
            raise TokenError(f"the embedded cloud doesn't fetch `{keys}`")
        return name, _document(_get(keys))


def _get(url: str) -> bytes:
    if urlsplit(url).scheme not in {"http", "https"}:
        raise TokenError("a discovery URL begins with `http`")
    try:
        # No proxy: it would be asked for an address of its own machine.
        with build_opener(ProxyHandler({})).open(Request(url), timeout=_PATIENCE) as answer:  # noqa: S310 - the scheme was checked
            content: bytes = answer.read(_LONGEST)
    except (URLError, OSError, ValueError) as error:
        raise TokenError("the issuer can't be asked for its keys") from error
    return content


def _document(content: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise TokenError("the issuer's answer isn't JSON") from error
    if not isinstance(found, dict):
        raise TokenError("the issuer's answer isn't a JSON object")
    return found
