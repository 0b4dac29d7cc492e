"""Serve the embedded cloud until told to stop, tell about its state, forget it."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tenantctl.errors import StateError
from tenantctl.local.state import published, saved, state_file

if TYPE_CHECKING:
    from tenantctl.local.cloud import Cloud

_SAVE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Status:
    """What is known of the embedded cloud without opening it.

    `bytes` is the snapshot's size; `holder` the process that has the state now, `endpoint` where
    it serves. `trouble` says why the snapshot can't be used.
    """

    directory: str
    bytes: int | None
    saved: str | None
    services: tuple[str, ...]
    holder: int | None
    endpoint: str | None
    trouble: str | None


@dataclass(frozen=True, slots=True)
class Serving:
    """What to serve, and where.

    `clock` sets the clinics' clock. `ready_file` tells others where the cloud and its gateways
    are; `gateways` are the gateways' names by tier.
    """

    region: str
    account: str
    port: int
    clock: str | None = None
    ready_file: Path | None = None
    gateways: Mapping[str, str] = field(default_factory=dict)


def run(
    what: Serving,
    *,
    announce: Callable[[str], None],
    notify: Callable[[str], None],
    directory: Path | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM; what changed is saved every second and at the end.

    `announce` is given the endpoint once requests are answered. Raises `StateError` when another
    server has the state, `UsageError` when the port is taken.
    """
    from tenantctl.local.connect import held
    from tenantctl.local.state.ready import forget, told
    from tenantctl.local.wire.serve import serving

    where = directory or saved.default_directory()
    state_file.prepare(where)
    with (
        saved.locked(
            where, unless=lambda: published.find(where) is not None, notify=notify
        ) as mine,
        _stop_on_signals() as stop,
    ):
        if not mine:
            raise StateError("a server is running already", hint="see `tenantctl local status`")
        forget(what.ready_file)
        with (
            held(where, region=what.region, account=what.account) as cloud,
            serving(cloud, port=what.port, clock=what.clock) as endpoint,
            _published(where, cloud, endpoint),
            told(what.ready_file, cloud, what.gateways) as ready,
        ):
            announce(endpoint)
            while not stop.wait(_SAVE_SECONDS):
                with cloud.lock:
                    cloud.save()
                    if ready is not None:
                        ready.refresh()


@contextlib.contextmanager
def _published(where: Path, cloud: Cloud, endpoint: str) -> Iterator[None]:
    server = published.Published(
        endpoint=endpoint,
        pid=os.getpid(),
        region=cloud.region,
        account=cloud.account,
        operator=cloud.keys.operators[cloud.account],
        runtime=cloud.keys.service(cloud.account).credentials,
    )
    published.publish(where, server)
    try:
        yield
    finally:
        published.withdraw(where)


@contextlib.contextmanager
def _stop_on_signals() -> Iterator[threading.Event]:
    stop = threading.Event()
    before = {s: signal.signal(s, lambda *_: stop.set()) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def status(directory: Path | None = None) -> Status:
    """The state as it lies on disk, and who has it."""
    where = directory or saved.default_directory()
    server = published.find(where)
    size: int | None = None
    saved_at: str | None = None
    services: tuple[str, ...] = ()
    trouble: str | None = None
    try:
        found = (where / state_file.FILE).stat()
        size = found.st_size
        saved_at = datetime.fromtimestamp(found.st_mtime, UTC).isoformat(timespec="seconds")
        shards = state_file.read(where) or {}
        services = tuple(sorted({n.split("/")[1] for n in shards if n.startswith("moto/")}))
    except FileNotFoundError:
        pass
    except StateError as error:
        trouble = error.message
    return Status(
        directory=str(where),
        bytes=size,
        saved=saved_at,
        services=services,
        holder=saved.holder(where),
        endpoint=server.endpoint if server else None,
        trouble=trouble,
    )


def reset(*, notify: Callable[[str], None], directory: Path | None = None) -> bool:
    """Forget the state, readable or not; tells whether there was any.

    Raises `StateError` while a server has it.
    """
    where = directory or saved.default_directory()
    state_file.prepare(where)
    with saved.locked(
        where, unless=lambda: published.find(where) is not None, notify=notify
    ) as mine:
        if not mine:
            raise StateError(
                "the embedded cloud is being served", hint="end `tenantctl local serve` first"
            )
        published.withdraw(where)
        path = where / state_file.FILE
        existed = path.exists()
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            why = (error.strerror or "it can't be removed").lower()
            raise StateError(f"`{path}` can't be removed: {why}", hint="remove it") from error
        return existed
