"""Which headers of a request a target is passed, and with whose value.

A name that the target allows is passed with the interceptor's value, or else with the client's:
without an interceptor that sets it, a header is whatever the client says.
https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/gateway-headers.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

MAX_BYTES = 4096
"""A longer value isn't passed."""

# The page's table of headers that can't be configured for propagation.
_RESTRICTED = frozenset(
    {
        "accept",
        "accept-charset",
        "accept-encoding",
        "accept-language",
        "accept-ranges",
        "access-control-allow-credentials",
        "access-control-allow-headers",
        "access-control-allow-methods",
        "access-control-allow-origin",
        "access-control-expose-headers",
        "authorization",
        "cache-control",
        "connection",
        "content-encoding",
        "content-language",
        "content-length",
        "content-location",
        "content-range",
        "content-security-policy",
        "content-security-policy-report-only",
        "content-type",
        "cookie",
        "cross-origin-embedder-policy",
        "cross-origin-opener-policy",
        "cross-origin-resource-policy",
        "date",
        "etag",
        "expires",
        "from",
        "host",
        "if-match",
        "if-modified-since",
        "if-none-match",
        "if-range",
        "if-unmodified-since",
        "keep-alive",
        "last-modified",
        "location",
        "permissions-policy",
        "pragma",
        "proxy-authorization",
        "proxy-connection",
        "range",
        "referer",
        "referrer-policy",
        "retry-after",
        "server",
        "set-cookie",
        "strict-transport-security",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
        "vary",
        "www-authenticate",
        "x-content-type-options",
        "x-frame-options",
        "x-xss-protection",
    }
)


def merged(sent: Mapping[str, str], set_by_interceptor: Mapping[str, str]) -> dict[str, str]:
    """The client's headers and over them the interceptor's; names in lower case."""
    return {
        **{name.lower(): value for name, value in sent.items()},
        **{name.lower(): value for name, value in set_by_interceptor.items()},
    }


def propagated(headers: Mapping[str, str], allowed: Sequence[str]) -> dict[str, str]:
    """What a target is passed, by the names as it allows them; `headers` have lower-case names."""
    return {
        name: headers[name.lower()]
        for name in allowed
        if name.lower() in headers
        and name.lower() not in _RESTRICTED
        and len(headers[name.lower()].encode()) <= MAX_BYTES
    }
