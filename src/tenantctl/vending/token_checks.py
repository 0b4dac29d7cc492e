"""All checks of a token, each with its own outcome; `verify` stops at the first, this goes on.

A token is believed only if every check passed, and `verify` agrees. What can't be checked because
of an earlier failure is `unchecked`, which is no pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tenantctl.domain.pool import Claim, Identity
from tenantctl.domain.tenant import check_value
from tenantctl.errors import TokenError, UsageError
from tenantctl.vending.token import LEEWAY, Issuer, check_header, public_key, verify
from tenantctl.vending.token_text import Decoded, decode

_KEY_SOURCES = ("jwk", "jku", "x5u", "x5c", "x5t", "x5t#S256")
"""Header parameters that name or bring a key (RFC 7515, 4.1); Cognito's headers have only `kid`."""


_END_OF_TIME = 253_402_300_800
"""The year 10000, in seconds since the epoch."""


class Outcome(StrEnum):
    """What became of a check."""

    PASSED = "passed"
    FAILED = "failed"
    UNCHECKED = "unchecked"


@dataclass(frozen=True, slots=True)
class Check:
    """One check; `reason` says why it didn't pass."""

    name: str
    outcome: Outcome
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Examined:
    """A token with what the checks said of it; `decoded` is None when it can't be read."""

    checks: tuple[Check, ...]
    decoded: Decoded | None = None

    @property
    def believed(self) -> bool:
        """Whether every check passed."""
        return bool(self.checks) and all(c.outcome is Outcome.PASSED for c in self.checks)

    def passed(self, name: str) -> bool:
        """Whether the check of that name was made and passed."""
        return any(c.name == name and c.outcome is Outcome.PASSED for c in self.checks)


def examine(token: str, issuer: Issuer, identity: Identity, *, now: float) -> Examined:
    """Make every check that needs no cloud; `now` is in seconds since the epoch."""
    try:
        decoded = decode(token)
    except TokenError as error:
        return Examined((Check("form", Outcome.FAILED, error.message),))
    checks = (
        Check("form", Outcome.PASSED),
        *_of_signature(decoded, issuer),
        *_of_claims(decoded.claims, issuer, identity, now),
    )
    found = Examined(checks, decoded)
    if not found.believed:
        return found
    return Examined((*checks, check("verifier", lambda: verify(token, issuer, identity))), decoded)


def check(name: str, make: Callable[[], object]) -> Check:
    """Make a check that raises `TokenError` or `UsageError` where it fails."""
    try:
        make()
    except (TokenError, UsageError) as error:
        return Check(name, Outcome.FAILED, error.message)
    return Check(name, Outcome.PASSED)


def _of_signature(decoded: Decoded, issuer: Issuer) -> Iterator[Check]:
    header = decoded.header
    brought = [f"`{name}`" for name in _KEY_SOURCES if name in header]
    yield check("algorithm", lambda: check_header(header))
    yield _judge("header", brought and f"it brings a key of its own: {', '.join(brought)}")
    known = check("key", lambda: public_key(header, issuer.keys))
    yield known
    if known.outcome is Outcome.PASSED:
        right = _signed_by(public_key(header, issuer.keys), decoded)
        yield _judge("signature", not right and "it isn't the pool's over these claims")
    else:
        yield Check("signature", Outcome.UNCHECKED, "there is no key to check it with")


def _signed_by(key: Any, decoded: Decoded) -> bool:  # noqa: ANN401 - PyJWT's key types vary
    """Whether the signature is RS256 of that key, whatever algorithm the header claims."""
    from jwt.algorithms import RSAAlgorithm

    return RSAAlgorithm(RSAAlgorithm.SHA256).verify(decoded.signed, key, decoded.signature)


def _of_claims(
    claims: Mapping[str, Any], issuer: Issuer, identity: Identity, now: float
) -> Iterator[Check]:
    yield _same("issuer", claims, "iss", issuer.url)
    yield _same("audience", claims, "aud", issuer.audience)
    yield _same("use", claims, "token_use", "id")
    yield _judge("expiry", _expired(claims, now))
    yield _judge("start", _early(claims, now))
    yield check("tier claim", lambda: _format(claims, identity.tier, "tier"))
    yield check("tenant claim", lambda: _format(claims, identity.tenant, "tenant"))
    yield check("user claim", lambda: _format(claims, identity.user, "user"))


def _same(name: str, claims: Mapping[str, Any], claim: str, wanted: str) -> Check:
    value = claims.get(claim)
    if claim not in claims:
        return Check(name, Outcome.FAILED, f"there is no `{claim}` claim")
    # A list of audiences is refused too: Cognito names one.
    return _judge(name, value != wanted and f"`{claim}` is `{_shown(value)}`, not `{wanted}`")


def _expired(claims: Mapping[str, Any], now: float) -> str | None:
    end = _seconds(claims.get("exp"))
    if end is None:
        return "`exp` is no time" if "exp" in claims else "there is no `exp` claim"
    return f"it expired {span(now - end)} ago" if end <= now - LEEWAY else None


def _early(claims: Mapping[str, Any], now: float) -> str | None:
    """Cognito's ID tokens have no `nbf`; where there is one, it counts."""
    reasons = []
    for claim, needed, says in (
        ("iat", True, "it will have been issued"),
        ("nbf", False, "it will be valid"),
    ):
        start = _seconds(claims.get(claim))
        if start is None:
            if needed or claim in claims:
                said = (
                    f"`{claim}` is no time" if claim in claims else f"there is no `{claim}` claim"
                )
                reasons.append(said)
        elif start > now + LEEWAY:
            reasons.append(f"{says} in {span(start - now)} (`{claim}`)")
    return "; ".join(reasons)


def _format(claims: Mapping[str, Any], claim: Claim, what: str) -> None:
    value = claims.get(claim.claim)
    if not isinstance(value, str):
        raise TokenError(f"there is no `{claim.claim}` claim that is a text, so it names no {what}")
    check_value(value, claim, f"the token's {what}")


def _seconds(value: object) -> int | None:
    """A time of Cognito's, which are whole seconds; None for what isn't one, or no calendar has."""
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 <= value < _END_OF_TIME else None


def span(seconds: float) -> str:
    """A length of time for people: `59 min`, `2 h 3 min`, `4 d`."""
    whole = int(seconds)
    if whole < 60:  # noqa: PLR2004 - seconds in a minute
        return f"{whole} s"
    minutes = whole // 60
    if minutes < 60:  # noqa: PLR2004 - minutes in an hour
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours < 48 else f"{hours // 24} d"  # noqa: PLR2004 - two days


def _judge(name: str, reason: object) -> Check:
    """Passed where there is no reason against it."""
    return Check(name, Outcome.FAILED, str(reason)) if reason else Check(name, Outcome.PASSED)


def _shown(value: object) -> str:
    return str(value)[:80]
