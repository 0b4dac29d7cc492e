"""The sessions of runtimes: each has its own process, and ends when nobody has called it for long.

A session is what its id says, whoever says it: AgentCore doesn't bind it to a user. Who calls with
the id of a session that has ended begins one anew.
https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/runtime-sessions.html
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tenantctl.local.call import ServiceError
from tenantctl.local.runtime.process import AgentProcess, Program, Reply

MOST = 50
"""Sessions at a time: each is a process of this machine."""

_LOOK_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Key:
    """What tells sessions apart: runtime, endpoint, and the id that callers give."""

    runtime_id: str
    qualifier: str
    session_id: str


@dataclass(frozen=True, slots=True)
class Start:
    """What a session begins with; seconds without a call, and in all, after which it ends."""

    program: Program = field(repr=False)
    idle: float
    lifetime: float


@dataclass(slots=True)
class _Session:
    """One session; times are on the sessions' clock. `starting` is held until the agent answers."""

    process: AgentProcess
    idle: float
    ends: float
    used: float
    calls: int = 1
    starting: threading.Lock = field(default_factory=threading.Lock)


class Sessions:
    """The sessions of a cloud; may be used from many threads. `clock` is in seconds, and steady."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._sessions: dict[Key, _Session] = {}
        self._closed = threading.Event()
        self._looking: threading.Thread | None = None

    def invoke(
        self, key: Key, start: Callable[[], Start], payload: bytes, headers: Mapping[str, str]
    ) -> Reply:
        """Call a session's agent; `start` says what it begins with, if it isn't there.

        Raises `ServiceError` where the agent doesn't start or doesn't answer.
        """
        session = None
        while session is None:
            session = self._found(key) or self._begun(key, start())
        try:
            return session.process.invoke(payload, headers)
        finally:
            self._done(session)

    def stop(self, key: Key) -> None:
        """End a session; raises `ServiceError` where there is none."""
        with self._lock:
            session = self._sessions.pop(key, None)
        if session is None:
            raise ServiceError(
                "ResourceNotFoundException", "The session isn't there, or has ended", 404
            )
        session.process.end()

    def end_idle(self) -> None:
        """End the sessions whose time is over."""
        with self._lock:
            found = list(self._sessions.items())
        for key, session in found:
            if self._is_over(session):
                self._forget(key, session)

    def close(self) -> None:
        """End every session."""
        with self._lock:
            self._closed.set()
            found = list(self._sessions.values())
            self._sessions.clear()
        for session in found:
            session.process.end()

    def _found(self, key: Key) -> _Session | None:
        with self._lock:
            session = self._sessions.get(key)
            if session is not None:
                session.calls += 1
        if session is None:
            return None
        with session.starting:
            pass
        if session.process.alive and not self._is_over(session, but=1):
            return session
        self._done(session)
        self._forget(key, session)
        return None

    def _begun(self, key: Key, start: Start) -> _Session | None:
        """A new session whose agent answers; `None` where another was faster."""
        now = self._clock()
        with self._lock:
            if self._closed.is_set():
                raise ServiceError("ResourceNotFoundException", "The runtimes have ended", 404)
            if key in self._sessions:
                return None
            if len(self._sessions) >= MOST:
                raise ServiceError(
                    "ServiceQuotaExceededException", f"There are {MOST} sessions already", 402
                )
            process = AgentProcess(start.program)
            made = _Session(process, start.idle, now + start.lifetime, now)
            made.starting.acquire()
            self._sessions[key] = made
            self._look()
        try:
            process.await_health()
        except BaseException:
            self._forget(key, made)
            raise
        finally:
            made.starting.release()
        return made

    def _is_over(self, session: _Session, *, but: int = 0) -> bool:
        """Whether its time is over; `but` calls under way are the asker's own."""
        now = self._clock()
        if now >= session.ends:
            return True
        if session.calls > but or now - session.used < session.idle:
            return False
        if session.process.busy():  # which counts as use
            session.used = now
            return False
        return True

    def _done(self, session: _Session) -> None:
        with self._lock:
            session.calls -= 1
            session.used = self._clock()

    def _forget(self, key: Key, session: _Session) -> None:
        with self._lock:
            if self._sessions.get(key) is session:
                del self._sessions[key]
        session.process.end()

    def _look(self) -> None:
        if self._looking is None:
            self._looking = threading.Thread(target=self._watch, name="agent-sessions", daemon=True)
            self._looking.start()

    def _watch(self) -> None:
        while not self._closed.wait(_LOOK_SECONDS):
            self.end_idle()
