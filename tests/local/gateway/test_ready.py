"""`local serve` tells where the gateways are, also those that are made while it serves."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tenantctl.errors import UsageError
from tenantctl.local.set_clock import moment


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-05T20:00", "2026-01-05T20:00:00+00:00"),
        ("2026-01-05T20:00Z", "2026-01-05T20:00:00+00:00"),
        ("2026-01-05T20:00:30-05:00", "2026-01-05T20:00:30-05:00"),
        ("2026-01-05", "2026-01-05T00:00:00+00:00"),
    ],
)
def test_a_moment(text: str, expected: str) -> None:
    assert moment(text) == expected


@pytest.mark.parametrize("text", ["", "20:00", "tomorrow", "2026-13-01T00:00", "now"])
def test_no_moment(text: str) -> None:
    with pytest.raises(UsageError, match="is no moment"):
        moment(text)


class Home:
    """A configuration and a state of their own, and the program in them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ready = path / "ready.json"
        self.environment = {
            **os.environ,
            "XDG_STATE_HOME": str(path / "state"),
            "XDG_CACHE_HOME": str(path / "cache"),
        }
        self.run("init", str(path))

    def command(self, *args: str) -> list[str]:
        return [sys.executable, "-m", "tenantctl", *args]

    def run(self, *args: str) -> None:
        subprocess.run(
            self.command(*args),
            cwd=self.path,
            env=self.environment,
            check=True,
            timeout=60,
            capture_output=True,
        )

    def told(self, *, gateways: int) -> dict[str, Any]:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if self.ready.exists():
                found: dict[str, Any] = json.loads(self.ready.read_text())
                if len(found["gateways"]) == gateways:
                    return found
            time.sleep(0.05)
        raise AssertionError("the file never told of the gateways")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_the_file_is_there_while_it_serves(home: Home) -> None:
    serve = ("local", "serve", "--port", "0", "--ready-file", str(home.ready))
    server = subprocess.Popen(
        home.command(*serve, "--clock", "2026-01-05T20:00"),
        cwd=home.path,
        env=home.environment,
        stderr=subprocess.DEVNULL,
    )
    try:
        told = home.told(gateways=0)
        assert told["pid"] == server.pid
        assert told["endpoint"].startswith("http://127.0.0.1:")
        home.run("pool", "apply", "--yes")
        told = home.told(gateways=2)
        for tier, url in told["gateways"].items():
            assert url.startswith(f"{told['endpoint']}/gateways/clinic-agent-{tier}-")
            assert url.endswith("/mcp")
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(20) == 0
    assert not home.ready.exists()


def test_what_a_killed_server_left_leads_nobody_astray(home: Home) -> None:
    home.ready.write_text('{"endpoint": "http://127.0.0.1:1", "gateways": {}, "pid": 1}')
    with socket.create_server(("127.0.0.1", 0)) as taken:
        serve = ("local", "serve", "--port", str(taken.getsockname()[1]))
        done = subprocess.run(
            home.command(*serve, "--ready-file", str(home.ready)),
            cwd=home.path,
            env=home.environment,
            check=False,
            timeout=60,
            capture_output=True,
        )
    assert done.returncode == 2
    assert not home.ready.exists()
