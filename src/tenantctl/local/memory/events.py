"""The operations on events, sessions and actors: short-term memory."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from tenantctl.local.call import ServiceError
from tenantctl.local.memory.filters import events_of
from tenantctl.local.memory.pages import page
from tenantctl.local.memory.records import MAIN, Event, Held, Session, event_id

Params = Mapping[str, Any]
Operation = Callable[[Held, Params, datetime], dict[str, Any]]


def missing(what: str, which: str) -> ServiceError:
    """The error for what isn't there, or isn't where the request says."""
    return ServiceError("ResourceNotFoundException", f"The {what} {which} doesn't exist", 404)


def _create(held: Held, params: Params, now: datetime) -> dict[str, Any]:
    actor, token = params["actorId"], params.get("clientToken", "")
    earlier = _earlier(held, actor, token)
    if earlier is not None:
        return {"event": earlier.answer(held.id)}
    session = params.get("sessionId") or str(uuid.uuid4())
    branch = dict(params.get("branch", {"name": MAIN}))
    home = held.sessions.get((actor, session))
    root = branch.get("rootEventId")
    if root is not None and (home is None or root not in home.events):
        raise missing("event", root)
    if home is None:
        home = held.sessions[actor, session] = Session(held.next(), now, now)
    event = Event(
        serial=held.next(),
        id=event_id(now),
        actor=actor,
        session=session,
        at=time_of(params["eventTimestamp"]),
        payload=tuple(params["payload"]),
        branch=branch,
        metadata=dict(params.get("metadata", {})),
        token=token,
    )
    home.events[event.id] = event
    home.changed = now
    return {"event": event.answer(held.id)}


def _earlier(held: Held, actor: str, token: str) -> Event | None:
    """What this actor's client token has made before."""
    if not token:
        return None
    own = (home for (owner, _), home in held.sessions.items() if owner == actor)
    return next((e for home in own for e in home.events.values() if e.token == token), None)


def time_of(given: datetime | float | str) -> datetime:
    """A timestamp of a request; raises `ServiceError` for one that no clock shows."""
    if isinstance(given, datetime):
        return given if given.tzinfo else given.replace(tzinfo=UTC)
    try:
        return datetime.fromtimestamp(float(given), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise ServiceError("ValidationException", "The timestamp is out of range") from error


def _session(held: Held, params: Params) -> Session | None:
    return held.sessions.get((params["actorId"], params["sessionId"]))


def _one(held: Held, params: Params) -> tuple[Session, Event]:
    home = _session(held, params)
    found = home.events.get(params["eventId"]) if home is not None else None
    if home is None or found is None:
        raise missing("event", params["eventId"])
    return home, found


def _get(held: Held, params: Params, _now: datetime) -> dict[str, Any]:
    return {"event": _one(held, params)[1].answer(held.id)}


def _delete(held: Held, params: Params, now: datetime) -> dict[str, Any]:
    home, found = _one(held, params)
    del home.events[found.id]
    home.changed = now
    return {"eventId": found.id}


def _list(held: Held, params: Params, _now: datetime) -> dict[str, Any]:
    home = _session(held, params)
    every = list(home.events.values()) if home is not None else []
    kept = events_of(params.get("filter", {}), every)
    shown, rest = page(params, [(e.serial, e) for e in kept])
    payload = params.get("includePayloads", True)
    return {"events": [e.answer(held.id, payload=payload) for e in shown], **rest}


def _sessions(held: Held, params: Params, _now: datetime) -> dict[str, Any]:
    full = params.get("filter", {}).get("eventFilter") == "HAS_EVENTS"
    found = [
        (home.serial, {"sessionId": session, "actorId": actor, "createdAt": home.created})
        for (actor, session), home in held.sessions.items()
        if actor == params["actorId"] and (home.events or not full)
    ]
    shown, rest = page(params, found)
    return {"sessionSummaries": shown, **rest}


def _actors(held: Held, params: Params, _now: datetime) -> dict[str, Any]:
    first: dict[str, int] = {}
    for (actor, _), home in held.sessions.items():
        first.setdefault(actor, home.serial)
    shown, rest = page(params, [(serial, {"actorId": actor}) for actor, serial in first.items()])
    return {"actorSummaries": shown, **rest}


OPERATIONS: Mapping[str, Operation] = {
    "CreateEvent": _create,
    "GetEvent": _get,
    "DeleteEvent": _delete,
    "ListEvents": _list,
    "ListSessions": _sessions,
    "ListActors": _actors,
}
