"""Headers in which only the interceptor may say who calls, sent by the caller.

Without an interceptor that overwrites them, the gateway passes on the client's own: the attacks
name the owner in all of them at once, so that a tool finds them to agree.
https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/gateway-headers.html
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from functools import partial
from urllib.parse import quote

from tenantctl.domain import headers as names_of
from tenantctl.domain.layout import object_prefix
from tenantctl.domain.names import Names
from tenantctl.domain.tools import Tool
from tenantctl.probes.gateway.client import Header
from tenantctl.probes.gateway.ground import Ground, any_of
from tenantctl.probes.gateway.guest import Guest, looked
from tenantctl.probes.probe import Got, Trial

_FIX = (
    "give the gateway the REQUEST interceptor, with `passRequestHeaders`, and let it set every "
    "header of the target's `allowedRequestHeaders` from the verified token"
)
_SAFE = "/:=+@"
_NO_PREFIX = "-"

Spelling = Callable[[Sequence[Header], Sequence[Header]], Sequence[Header]]
"""From the owner's headers and the actor's own to what is sent."""


def headers_of(names: Names, guest: Guest) -> tuple[Header, ...]:
    """The headers that name a user, as the interceptor writes them (templates/lambda/shared)."""
    tenant = guest.tenant
    buckets = names.pool.data.buckets[:1]
    prefix = next((object_prefix(bucket, tenant) for bucket in buckets), _NO_PREFIX)
    profile = {"name": tenant.name, "timezone": tenant.timezone, "settings": {}}
    packed = base64.urlsafe_b64encode(json.dumps(profile).encode()).decode().rstrip("=")
    return (
        (names_of.TIER_HEADER, quote(tenant.tier, safe=_SAFE)),
        (names_of.TENANT_HEADER, quote(tenant.id, safe=_SAFE)),
        (names_of.PREFIX_HEADER, quote(prefix, safe=_SAFE)),
        (names_of.USER_HEADER, quote(guest.user, safe=_SAFE)),
        (names_of.PROFILE_HEADER, packed),
    )


def trials(ground: Ground) -> tuple[Trial, ...]:
    """The headers as they are by every tool, and in other spellings by the first."""
    return (*plainly(ground), *_otherwise(ground))


def plainly(ground: Ground) -> tuple[Trial, ...]:
    """The headers as the interceptor itself would set them, by every tool."""
    return tuple(_trial(ground, "GW-HEADERS", "", tool, (_as_they_are,)) for tool in ground.readers)


def _otherwise(ground: Ground) -> tuple[Trial, ...]:
    """The headers in spellings that one reader takes for the same name and another doesn't."""
    return tuple(
        _trial(ground, rule, how, tool, spellings)
        for tool in ground.readers[:1]
        for rule, how, spellings in (
            ("GW-HEADERS-CASE", " in another case", (_lower, _upper)),
            ("GW-HEADERS-UNDERSCORE", " with underscores", (_underscores,)),
            ("GW-HEADERS-TWICE", " beside its own", (_before, _after)),
            ("GW-HEADERS-FOLDED", " folded over two lines", (_folded,)),
        )
    )


def _trial(ground: Ground, rule: str, how: str, tool: Tool, spellings: Sequence[Spelling]) -> Trial:
    owner, actor = ground.owner, ground.actor
    theirs, own = headers_of(ground.names, owner), headers_of(ground.names, actor)

    def sent(spelling: Spelling) -> Got:
        headers = [actor.token, *spelling(theirs, own)]
        answer = ground.endpoint.call(tool, ground.wanted(tool), headers)
        # A server may refuse what is no proper HTTP; it must only not believe it.
        return looked(answer, actor, owner, malformed=spelling is not _as_they_are)

    return ground.trial(
        rule,
        f"read data of {{owner}} with `{tool.name}` by naming it in the headers{how}",
        _FIX,
        lambda: any_of(partial(sent, spelling) for spelling in spellings),
        *ground.reads(tool),
    )


def _as_they_are(theirs: Sequence[Header], _: Sequence[Header]) -> Sequence[Header]:
    return theirs


def _lower(theirs: Sequence[Header], _: Sequence[Header]) -> Sequence[Header]:
    return [(name.lower(), value) for name, value in theirs]


def _upper(theirs: Sequence[Header], _: Sequence[Header]) -> Sequence[Header]:
    return [(name.upper(), value) for name, value in theirs]


def _underscores(theirs: Sequence[Header], _: Sequence[Header]) -> Sequence[Header]:
    """CGI and its heirs read `_` and `-` in names alike."""
    return [(name.replace("-", "_"), value) for name, value in theirs]


def _before(theirs: Sequence[Header], own: Sequence[Header]) -> Sequence[Header]:
    return [*theirs, *own]


def _after(theirs: Sequence[Header], own: Sequence[Header]) -> Sequence[Header]:
    return [*own, *theirs]


def _folded(theirs: Sequence[Header], _: Sequence[Header]) -> Sequence[Header]:
    """`obs-fold`, which servers refuse or read as a space (RFC 9112, 5.2)."""
    return [(name, f"\r\n {value}") for name, value in theirs]
