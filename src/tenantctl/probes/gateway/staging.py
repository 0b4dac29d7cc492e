"""Set the gateways' plane up: who is signed in, whose canaries lie where, who attacks whom."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tenantctl.aws.lookup import UserPool, find_engine
from tenantctl.domain.tenant import Tenant
from tenantctl.errors import TenantctlError
from tenantctl.probes import forge
from tenantctl.probes.canary_pool import pool_keys
from tenantctl.probes.canary_user import CanaryUser, at_other_client, create
from tenantctl.probes.gateway import inputs, rules, spoofed, tokens
from tenantctl.probes.gateway.canaries import plant
from tenantctl.probes.gateway.client import message
from tenantctl.probes.gateway.endpoints import Endpoint, endpoints
from tenantctl.probes.gateway.ground import Ground
from tenantctl.probes.gateway.guest import Guest
from tenantctl.probes.gateway.readers import readers
from tenantctl.probes.gateway.said import assumed
from tenantctl.probes.gateway.tokens import Forger
from tenantctl.probes.identity import public_bytes
from tenantctl.probes.key_server import KeyServer
from tenantctl.probes.pairs import Pair
from tenantctl.probes.parties import user_id
from tenantctl.probes.probe import Plane, Trial
from tenantctl.probes.stage import Stage


@dataclass(frozen=True, slots=True)
class Staged:
    """The trials of the plane, and what they take for granted or leave out."""

    trials: tuple[Trial, ...] = ()
    said: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Doors:
    """The gateways that there are, and what they are attacked with. `server` is for local ones."""

    found: Mapping[str, Endpoint]
    engine: str
    pool: UserPool
    server: KeyServer | None
    guests: dict[str, Guest] = field(default_factory=dict)
    users: dict[str, CanaryUser] = field(default_factory=dict, repr=False)


def gateway_trials(
    stage: Stage,
    pool: UserPool,
    tried: Sequence[Pair],
    made_up: Sequence[Tenant],
    server: KeyServer | None,
) -> Staged:
    """All of the plane; what can't be put in place becomes a problem of the stage's.

    Canary users are swept by whoever opened the user pool, canary records with the stage.
    """
    names = stage.names
    try:
        found = endpoints(stage.operator, names)
        engine = find_engine(stage.operator, names) if found else None
        if not found:
            return Staged(said=assumed(stage.operator, names, pool, found, server))
        doors = Doors(found, "" if engine is None else engine.arn, pool, server)
        chosen = _chosen(tried, made_up, found)
        _invite(stage, doors, chosen, made_up)
        keys = pool_keys(stage.operator, pool)
        trials = tuple(t for pair in chosen for t in _of_pair(stage, doors, pair, chosen, keys))
    except TenantctlError as error:
        said = f"the gateways could not be tried: {error.message}"
        if error.hint:
            said = f"{said} ({error.hint})"
        stage.problem("GW-CANARY", Plane.GATEWAY, said, names.gateway_patterns[0])
        return Staged()
    return Staged(trials, assumed(stage.operator, names, pool, found, server))


def _chosen(
    tried: Sequence[Pair], made_up: Sequence[Tenant], found: Mapping[str, Endpoint]
) -> tuple[Pair, ...]:
    """One pair within each tier, one from each to each other; real owners before made-up ones."""
    chosen: dict[tuple[str, str], Pair] = {}
    for pair in tried:
        if pair.actor in made_up or pair.actor.tier not in found:
            continue
        tiers = (pair.actor.tier, pair.owner.tier)
        known = chosen.get(tiers)
        if known is None or (known.owner in made_up and pair.owner not in made_up):
            chosen[tiers] = pair
    return tuple(chosen.values())


def _invite(stage: Stage, doors: Doors, chosen: Sequence[Pair], made_up: Sequence[Tenant]) -> None:
    """A user and canaries for every party; nobody is signed in for a tenant that is made up."""
    for pair in chosen:
        for tenant in (pair.actor, pair.owner):
            if tenant.id in doors.guests:
                continue
            number = len(doors.guests)
            patient, secret = stage.run.sort_key(f"only-{number}"), secrets.token_hex(16)
            if tenant in made_up:
                user = user_id(tenant, stage.names.pool.identity.user, stage.tenants)
                guest = Guest(tenant, user, patient, secret)
            else:
                made = create(
                    stage.operator, stage.names, doors.pool, tenant, stage.run, f"guest-{number}"
                )
                doors.users[tenant.id] = made
                guest = Guest(tenant, made.sub, patient, secret, made.id_token, made.access_token)
            plant(stage.operator, stage.names, stage.run, guest)
            doors.guests[tenant.id] = guest


def _of_pair(
    stage: Stage,
    doors: Doors,
    pair: Pair,
    chosen: Sequence[Pair],
    keys: Mapping[str, object],
) -> Iterator[Trial]:
    here = doors.found[pair.actor.tier]
    ground = Ground(
        names=stage.names,
        run=stage.run,
        endpoint=here,
        actor=doors.guests[pair.actor.id],
        owner=doors.guests[pair.owner.id],
        readers=readers(stage.names, here),
        home=doors.found.get(pair.owner.tier, here),
    )
    for at in doors.found.values():
        if at.tier == pair.owner.tier != here.tier and ground.owner.id_token:
            yield tokens.crossing(ground, at, ground.owner)
    if pair is not _first(pair.actor.tier, chosen):
        yield from spoofed.plainly(ground)[:1]
        return
    yield from tokens.trials(ground, _forger(stage, doors, pair, keys))
    yield from spoofed.trials(ground)
    yield from inputs.trials(ground)
    yield from rules.trials(stage.operator, ground, doors.engine)
    yield from _session(ground)


def _first(tier: str, chosen: Sequence[Pair]) -> Pair:
    """The pair by which all is tried at a tier's gateway: within the tier, if there is one."""
    of_tier = [pair for pair in chosen if pair.actor.tier == tier]
    return next((pair for pair in of_tier if pair.owner.tier == tier), of_tier[0])


def _forger(stage: Stage, doors: Doors, pair: Pair, keys: Mapping[str, object]) -> Forger:
    user = doors.users[pair.actor.id]
    return Forger(
        pool_pem=public_bytes(keys, forge.header_of(user.id_token).get("kid")),
        other_client=at_other_client(stage.operator, stage.names, doors.pool, user, stage.run),
        server=doors.server,
    )


def _session(ground: Ground) -> Iterator[Trial]:
    """Where the gateway keeps MCP sessions, another's is tried with one's own token."""
    if not ground.owner.id_token or ground.home.url != ground.endpoint.url:
        return
    hello = message(
        "initialize",
        {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "tenantctl-probe", "version": "1"},
        },
    )
    reply = ground.endpoint.send(hello, [ground.owner.token])
    session = reply.headers.get("mcp-session-id")
    if session is not None:
        yield from inputs.in_session(ground, session)
