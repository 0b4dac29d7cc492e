"""Fifty users of ten clinics at once, by MCP's own client, on `tenantctl local serve`.

Every patient record bears its clinic's canary, so that an answer with another clinic's data can't
go unseen: one such answer ends the benchmark. The baseline is one session alone on the same server:
many users may wait for one another, but together they must get as much done.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from bench.result import Result
from tenantctl.domain.tools import TOOLS

SECONDS = 60.0
TENANTS, EACH = 10, 5
LIMIT = 0.8
NIGHT = "2026-01-05T02:00Z"
"""Outside the hours in which Basic clinics have `patient_context`: some calls must be refused."""

_CANARY = "canary-of-clinic-{:02}-"
_READY = 30  # seconds


@dataclass
class Seen:
    """What the sessions saw; `took` is in seconds, by tool."""

    took: dict[str, list[float]] = field(default_factory=dict)
    ends: Counter[str] = field(default_factory=Counter)
    foreign: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def calls(self) -> int:
        """How many calls ended."""
        return sum(self.ends.values())

    def lines(self) -> Iterator[str]:
        """The figures in words."""
        ends = ", ".join(f"{n} {what}" for what, n in sorted(self.ends.items()))
        yield f"  {self.calls} calls in {self.seconds:.0f} s: {ends}; {len(self.foreign)} foreign"
        for tool, took in sorted(self.took.items()):
            p50, p95, p99 = (1000 * _at(took, share) for share in (0.5, 0.95, 0.99))
            yield f"  {tool:20} p50 {p50:6.0f} ms  p95 {p95:6.0f} ms  p99 {p99:6.0f} ms"


@dataclass(frozen=True, slots=True)
class User:
    """A signed-in user, and whose data may be seen."""

    number: int
    url: str
    token: str = field(repr=False)

    @property
    def canary(self) -> str:
        """What every record of the clinic bears."""
        return _CANARY.format(self.number)


def run() -> Iterator[Result]:
    """Calls a second of many sessions and of one."""
    with served(TENANTS) as users:
        _would_see(users)
        crowd = [user for user in users for _ in range(EACH)]
        alone = seen(crowd[:1], SECONDS / 6)
        many = seen(crowd, SECONDS)
    for line in many.lines():
        print(line, flush=True)
    yield Result(
        f"{len(crowd)} MCP sessions, calls",
        many.calls / many.seconds,
        alone.calls / alone.seconds,
        "/s",
        "one session",
        at_least=LIMIT,
    )


def _would_see(users: Sequence[User]) -> None:
    """Take one clinic's user for another's: that its answers are foreign must be seen."""
    try:
        seen([replace(users[0], number=users[1].number)], 0)
    except RuntimeError:
        return
    raise AssertionError("another clinic's data would not be seen")


def seen(users: Sequence[User], seconds: float) -> Seen:
    """Let every user call tools for so long; raises `RuntimeError` for an answer of another's."""
    found = Seen()

    async def all_of_them() -> None:
        start = time.perf_counter()
        await asyncio.gather(*(_session(user, start + seconds, found) for user in users))
        found.seconds = time.perf_counter() - start

    asyncio.run(all_of_them())
    if found.foreign:
        raise RuntimeError(f"an answer held another clinic's data: {found.foreign[0]}")
    return found


async def _session(user: User, until: float, found: Seen) -> None:
    headers = {"Authorization": f"Bearer {user.token}"}
    http = httpx2.AsyncClient(headers=headers, trust_env=False, timeout=60)
    transport = streamable_http_client(user.url, http_client=http)
    async with http, Client(transport, mode="legacy") as client:
        number = 0
        while number < len(_CALLS) or time.perf_counter() < until:
            name, given = _CALLS[number % len(_CALLS)]
            number += 1
            start = time.perf_counter()
            said, text = await _called(client, TOOLS[name].action, given)
            found.took.setdefault(name, []).append(time.perf_counter() - start)
            found.ends[said] += 1
            own = name not in _RECORDS or said != "answered" or user.canary in text
            if not own or "canary-of-" in text.replace(user.canary, ""):
                found.foreign.append(f"{user.canary} was answered {text}")


_PATIENT = "P-1"
_RECORDS = frozenset({"get_patient_records"})
_CALLS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("get_patient_records", {}),
    ("get_patient_records", {"patient_id": _PATIENT}),
    ("clinic_config", {}),
    ("patient_context", {"patient_id": _PATIENT}),
)


async def _called(client: Client, name: str, given: Mapping[str, Any]) -> tuple[str, str]:
    from mcp import MCPError

    try:
        result = await client.call_tool(name, dict(given))
    except MCPError as error:
        return f"refused ({error.error.code})", str(error)
    text = "".join(getattr(part, "text", "") for part in result.content)
    return ("failed in the tool" if result.is_error else "answered"), text


@contextmanager
def served(tenants: int) -> Iterator[tuple[User, ...]]:
    """A pool with so many clinics of both tiers, served; a signed-in user of each."""
    with tempfile.TemporaryDirectory(prefix="tenantctl-bench-") as place:
        home = Path(place)
        _write_tenants(home, tenants)
        _tenantctl(home, "init")
        _tenantctl(home, "pool", "apply")
        _tenantctl(home, "onboard", "batch", "clinics.yaml", "--items", "items.jsonl")
        with _server(home) as gateways:
            yield tuple(
                User(n, gateways[_tier(n)], _tenantctl(home, *_SIGN_IN, *_who(n)).strip())
                for n in range(tenants)
            )


_SIGN_IN = ("token", "issue", "--as-operator", "--raw", "--yes")


def _who(number: int) -> tuple[str, ...]:
    return "--tenant", f"clinic-{number:02}", "--user", f"user{number:02}@clinic.example"


def _tier(number: int) -> str:
    return ("basic", "premium")[number % 2]


def _write_tenants(home: Path, tenants: int) -> None:
    clinics = [
        {
            "id": f"clinic-{n:02}",
            "name": f"Clinic {n}",
            "tier": _tier(n),
            "timezone": "Etc/UTC",
            "users": [{"email": _who(n)[-1], "name": "A User", "role": "physician"}],
        }
        for n in range(tenants)
    ]
    items = [
        {
            "patient_id": f"P-{m}",
            "clinic_id": f"clinic-{n:02}",
            "last_visit": f"2026-01-0{m}",
            "note": _CANARY.format(n),
        }
        for n in range(tenants)
        for m in range(1, 6)
    ]
    # JSON is YAML.
    (home / "clinics.yaml").write_text(json.dumps({"version": 1, "tenants": clinics}))
    (home / "items.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items))


@contextmanager
def _server(home: Path) -> Iterator[Mapping[str, str]]:
    command = ("local", "serve", "--port", "0", "--ready-file", "ready.json", "--clock", NIGHT)
    server = subprocess.Popen(
        [sys.executable, "-m", "tenantctl", *command],
        cwd=home,
        env=_environment(home),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield _ready(home / "ready.json", server)
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(_READY)


def _ready(file: Path, server: subprocess.Popen[bytes]) -> Mapping[str, str]:
    end = time.monotonic() + _READY
    while time.monotonic() < end and server.poll() is None:
        if file.exists():
            gateways: dict[str, str] = json.loads(file.read_text())["gateways"]
            return gateways
        time.sleep(0.1)
    raise RuntimeError("the embedded cloud isn't served")


def _tenantctl(home: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "tenantctl", *arguments],
        cwd=home,
        env=_environment(home),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"tenantctl {' '.join(arguments)}: {done.stderr}")
    return done.stdout


def _environment(home: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "TENANTCTL_"))}
    return kept | {"XDG_STATE_HOME": str(home / "state"), "XDG_CACHE_HOME": str(home / "cache")}


def _at(took: Sequence[float], share: float) -> float:
    return statistics.quantiles(took, n=100)[round(share * 100) - 1] if len(took) > 1 else took[0]
