"""Tokens that a gateway's authorizer must not take, and whose tier's it may.

Nobody can sign with the user pool's key, so a token that lies about its expiry, its beginning or
its issuer would be refused for its signature whatever else the authorizer checks: such lies are
tried on the verifier that guards vending, which can be given a key. Another audience can be had
genuinely, from another app client of the pool.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tenantctl.domain.tools import Tool
from tenantctl.probes import forge
from tenantctl.probes.gateway.client import Header, bearer
from tenantctl.probes.gateway.endpoints import Endpoint
from tenantctl.probes.gateway.ground import Ground, any_of, let_in
from tenantctl.probes.gateway.guest import Guest, looked
from tenantctl.probes.key_server import KeyServer
from tenantctl.probes.probe import Control, Got, Trial

_AUTHORIZER = (
    "let the gateway's authorizer be CUSTOM_JWT with the user pool's discovery URL and the app "
    "client in `allowedAudience`"
)
_TIER = "require the tier in the authorizer's `customClaims`: the tier's claim EQUALS the tier"
_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Forger:
    """What is forged with: the pool's public key as PEM, a genuine token of another app client.

    `server` hands out keys of our own where the gateway could come and fetch them.
    """

    pool_pem: bytes = field(repr=False)
    other_client: str | None = field(default=None, repr=False)
    server: KeyServer | None = None


def trials(ground: Ground, forger: Forger) -> tuple[Trial, ...]:
    """All forged tokens at the actor's own gateway."""
    actor, lie = ground.actor, _lie(ground)
    token = actor.id_token
    key, now = forge.own_key(), int(time.time())
    kid = forge.header_of(token).get("kid")
    good = forge.claims_of(token) | {"iat": now, "auth_time": now, "exp": now + _HOUR} | lie
    lying = "pass for a user of {owner}"
    forged: tuple[tuple[str, str, str], ...] = (
        ("GW-CLAIMS", f"{lying} by changing a token's claims", forge.with_claims(token, lie)),
        ("GW-ALG-NONE", f"{lying} with an unsigned token", forge.unsigned(token, lie)),
        (
            "GW-ALG-HS256",
            f"{lying} with the public key as an HMAC secret",
            forge.hmac_signed(token, lie, forger.pool_pem),
        ),
        (
            "GW-OTHER-KEY",
            f"{lying} with a token signed by another key",
            key.sign(good, {"kid": kid}),
        ),
        (
            "GW-OWN-JWK",
            f"{lying} with a key that the token brings itself",
            key.sign(good, {"jwk": key.jwk}),
        ),
        (
            "GW-KID-PATH",
            f"{lying} with a `kid` that is the path of an empty file",
            forge.hmac_signed(token, lie, b"", kid=forge.EMPTY_FILE),
        ),
        (
            "GW-KID-SQL",
            f"{lying} with a `kid` that is SQL",
            forge.hmac_signed(token, lie, forge.SQL_SECRET, kid=forge.SQL_KID),
        ),
    )
    return (
        *(_lists(ground, rule, tries, [bearer(made)]) for rule, tries, made in forged),
        _lists(
            ground, "GW-ACCESS-TOKEN", "use an access token", [bearer(ground.actor.access_token)]
        ),
        *_other_client(ground, forger),
        *_fetched(ground, forger, good),
        _lists(ground, "GW-NO-TOKEN", "do without a token", []),
        _in_address(ground),
        *_two_tokens(ground, forge.with_claims(token, lie)),
    )


def crossing(ground: Ground, at: Endpoint, genuine: Guest) -> Trial:
    """A genuine token at the gateway of another tier."""
    tries = f"use the gateway of tier `{at.tier}`"
    return _lists(ground, "GW-TIER", tries, [ground.actor.token], at=at, genuine=genuine)


def _lie(ground: Ground) -> dict[str, str]:
    identity, owner = ground.names.pool.identity, ground.owner.tenant
    return {identity.tenant.claim: owner.id, identity.tier.claim: owner.tier}


def _lists(  # noqa: PLR0913 - who presents what, where, and who shows that it works
    ground: Ground,
    rule: str,
    tries: str,
    headers: Sequence[Header],
    *,
    at: Endpoint | None = None,
    genuine: Guest | None = None,
) -> Trial:
    """Listing tools is the least that a caller who was let in may do."""
    where = at or ground.endpoint

    def attack() -> Got:
        where.listed(headers).must()
        return Got(detail="the gateway let it in")

    fix = _AUTHORIZER if at is None else _TIER
    control = let_in(where, genuine or ground.actor)
    return ground.trial(rule, tries, fix, attack, control, at=where)


def _other_client(ground: Ground, forger: Forger) -> tuple[Trial, ...]:
    if forger.other_client is None:
        return ()
    tries = "use a token for another app client of the user pool"
    return (_lists(ground, "GW-AUDIENCE", tries, [bearer(forger.other_client)]),)


def _fetched(ground: Ground, forger: Forger, claims: Mapping[str, Any]) -> tuple[Trial, ...]:
    """Keys at an address that the token names: not even asked for may they be."""
    server = forger.server
    if server is None:
        return ()

    def of(rule: str, parameter: str, address: Callable[[], str]) -> Trial:
        def attack() -> Got:
            url = address()
            token = forge.own_key().sign(claims, {parameter: url})
            answer = ground.endpoint.listed([bearer(token)])
            if server.was_asked(url):
                return Got(detail="the gateway fetched a key from where the token said")
            answer.must()
            return Got(detail="the gateway let it in")

        tries = f"make the gateway fetch a key from where the token's `{parameter}` says"
        return ground.trial(rule, tries, _AUTHORIZER, attack, let_in(ground.endpoint, ground.actor))

    return (of("GW-JKU", "jku", server.key_set), of("GW-X5U", "x5u", server.certificate))


def _in_address(ground: Ground) -> Trial:
    """RFC 6750, 2.3: a token in an address is written to logs."""

    def attack() -> Got:
        ground.endpoint.listed([], query=f"access_token={ground.actor.id_token}").must()
        return Got(detail="the gateway took it")

    tries = "present a token in the address, which logs keep"
    control = let_in(ground.endpoint, ground.actor)
    return ground.trial("GW-TOKEN-IN-QUERY", tries, _AUTHORIZER, attack, control)


def _two_tokens(ground: Ground, forged: str) -> tuple[Trial, ...]:
    """One token for the authorizer, another for whoever reads the header after it."""

    def sent(tool: Tool, headers: Sequence[Header]) -> Got:
        answer = ground.endpoint.call(tool, ground.wanted(tool), headers)
        return looked(answer, ground.actor, ground.owner, malformed=True)

    genuine, other = ground.actor.token, bearer(forged)
    forms: tuple[Sequence[Header], ...] = (
        [genuine, other],
        [other, genuine],
        [("Authorization", f"{genuine[1]}, {other[1]}")],
    )

    def of(tool: Tool) -> Trial:
        controls: tuple[Control, ...] = ground.reads(tool)
        return ground.trial(
            "GW-TWO-TOKENS",
            f"read data of {{owner}} with `{tool.name}` by a forged token beside its own",
            _AUTHORIZER,
            lambda: any_of(partial(sent, tool, headers) for headers in forms),
            *controls,
        )

    return tuple(of(tool) for tool in ground.readers[:1])
