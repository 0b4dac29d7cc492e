"""Where a running `local serve` can be reached, and as whom: a file that only its owner reads."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tenantctl.aws.session import Credentials
from tenantctl.local.state import state_file

FILE = "server.json"


@dataclass(frozen=True, slots=True)
class Published:
    """A server of this user on this machine."""

    endpoint: str
    pid: int
    region: str
    account: str
    operator: Credentials = field(repr=False)
    runtime: Credentials = field(repr=False)

    @property
    def alive(self) -> bool:
        """Whether somebody listens there; a server that died leaves its file behind."""
        parts = urlsplit(self.endpoint)
        try:
            with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=2):
                return True
        except OSError:
            return False


def publish(directory: Path, server: Published) -> None:
    """Tell other commands; raises `StateError`."""
    fields = {
        "endpoint": server.endpoint,
        "pid": server.pid,
        "region": server.region,
        "account": server.account,
        "operator": _keys(server.operator),
        "runtime": _keys(server.runtime),
    }
    state_file.replace(directory / FILE, json.dumps(fields).encode())


def find(directory: Path) -> Published | None:
    """The server that was published, if it is alive."""
    try:
        descriptor = os.open(directory / FILE, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        return None
    with os.fdopen(descriptor, encoding="utf-8") as file:
        if status.st_uid != os.getuid() or status.st_mode & 0o077:
            return None
        try:
            found = _read(json.load(file))
        except (ValueError, KeyError, TypeError, RecursionError):
            return None
    return found if found.alive else None


def withdraw(directory: Path) -> None:
    """The server is gone."""
    with contextlib.suppress(FileNotFoundError):
        (directory / FILE).unlink()


def _keys(credentials: Credentials) -> list[str]:
    return [credentials.access_key_id, credentials.secret_access_key]


def _read(fields: dict[str, Any]) -> Published:
    return Published(
        endpoint=str(fields["endpoint"]),
        pid=int(fields["pid"]),
        region=str(fields["region"]),
        account=str(fields["account"]),
        operator=Credentials(*map(str, fields["operator"])),
        runtime=Credentials(*map(str, fields["runtime"])),
    )
