"""What the embedded memories keep: events of actors' sessions, and records in namespaces."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

MAIN = "main"
"""The branch of an event that names none."""

NO_STRATEGY = "self-managed"
"""What a record shows that was written without a strategy."""

_EMPTY_SESSION = timedelta(days=1)
"""How long a session stays without events.
https://docs.aws.amazon.com/bedrock-agentcore/latest/APIReference/API_ListSessions.html
"""


def event_id(at: datetime) -> str:
    """An event's id as the service makes them: milliseconds, `#`, and a random word."""
    return f"{int(at.timestamp() * 1000):019d}#{secrets.token_hex(4)}"


def record_id() -> str:
    """A record's id as the service makes them."""
    return f"mem-{secrets.token_hex(18)}"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a session; `serial` counts up, for pages.

    `token` is the client token of its creation.
    """

    serial: int
    id: str
    actor: str
    session: str
    at: datetime
    payload: tuple[Mapping[str, Any], ...]
    branch: Mapping[str, str]
    metadata: Mapping[str, Any]
    token: str = ""

    def answer(self, memory: str, *, payload: bool = True) -> dict[str, Any]:
        """The event as the service shows it."""
        shown = {
            "memoryId": memory,
            "actorId": self.actor,
            "sessionId": self.session,
            "eventId": self.id,
            "eventTimestamp": self.at,
            "payload": list(self.payload) if payload else [],
            "branch": dict(self.branch),
        }
        return shown | {"metadata": dict(self.metadata)} if self.metadata else shown


@dataclass(slots=True)
class Record:
    """Something that is remembered; `namespace` is `None` for one that lies in none.

    `token` is the client token of its creation, with what the request called it.
    """

    serial: int
    id: str
    namespace: str | None
    text: str
    created: datetime
    at: datetime
    strategy: str = NO_STRATEGY
    metadata: Mapping[str, Any] = field(default_factory=dict)
    expires: datetime | None = None
    token: tuple[str, str] = ("", "")

    def summary(self) -> dict[str, Any]:
        """The record as lists show it."""
        shown: dict[str, Any] = {
            "memoryRecordId": self.id,
            "content": {"text": self.text},
            "memoryStrategyId": self.strategy,
            "namespaces": [] if self.namespace is None else [self.namespace],
            "createdAt": self.created,
            "timestamp": self.at,
        }
        return shown | {"metadata": dict(self.metadata)} if self.metadata else shown

    def answer(self) -> dict[str, Any]:
        """The whole record."""
        shown = self.summary()
        return shown if self.expires is None else shown | {"expiresAt": self.expires}


@dataclass(slots=True)
class Session:
    """One actor's session; its events by id, oldest first."""

    serial: int
    created: datetime
    changed: datetime
    events: dict[str, Event] = field(default_factory=dict)


@dataclass(slots=True)
class Held:
    """What one memory holds: sessions by actor and session id, records by id."""

    id: str
    sessions: dict[tuple[str, str], Session] = field(default_factory=dict)
    records: dict[str, Record] = field(default_factory=dict)
    serial: int = 0

    def next(self) -> int:
        """A serial number that is above all before it."""
        self.serial += 1
        return self.serial

    def prune(self, now: datetime) -> None:
        """Forget the sessions that have been empty for a day."""
        for key, session in list(self.sessions.items()):
            if not session.events and now - session.changed > _EMPTY_SESSION:
                del self.sessions[key]
