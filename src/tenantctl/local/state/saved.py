"""The embedded cloud's state between commands: loaded, saved as it changes, held by one process.

After `kill -9` the file is that of an earlier moment between two requests, never half of one.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tenantctl.errors import StateError
from tenantctl.local.call import Change
from tenantctl.local.state import shards, state_file

if TYPE_CHECKING:
    from tenantctl.local.cloud import Cloud

_log = logging.getLogger(__name__)
_log.addHandler(logging.NullHandler())

LOCK = "lock"
HOLDER = "holder"
WAIT_SECONDS = 120.0
"""How long a command waits for another to finish."""

_SHARE = 10
"""Saving may take about one part in so many of the time."""

_POLL = 0.05


def default_directory() -> Path:
    """`$XDG_STATE_HOME/tenantctl`, or the platform's like."""
    from platformdirs import user_state_path

    return user_state_path("tenantctl", appauthor=False)


@contextmanager
def locked(
    directory: Path,
    *,
    unless: Callable[[], bool] = lambda: False,
    notify: Callable[[str], None] = lambda _text: None,
    seconds: float = WAIT_SECONDS,
) -> Iterator[bool]:
    """Hold the state for the length of a `with` block; yields False when `unless` came true.

    The lock is the kernel's: it is free again when its holder dies. `notify` is told once that
    there is somebody to wait for. Raises `StateError` after `seconds`.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(directory / LOCK, mode=0o600)
    deadline = time.monotonic() + seconds
    told = False
    while True:
        try:
            lock.acquire(timeout=0)
            break
        except Timeout:
            if unless():
                yield False
                return
            if not told:
                notify("waiting for another tenantctl to finish with the embedded cloud")
                told = True
            if time.monotonic() > deadline:
                raise StateError(
                    f"another tenantctl has held the embedded cloud for {seconds:.0f} seconds",
                    hint="wait for it, or end it; `tenantctl local status` tells its process",
                ) from None
            time.sleep(_POLL)
        except OSError as error:
            raise _unusable(directory / LOCK, error) from error
    note = directory / HOLDER
    try:
        try:
            note.write_text(str(os.getpid()), encoding="ascii")
        except OSError as error:
            raise _unusable(note, error) from error
        try:
            yield True
        finally:
            note.unlink(missing_ok=True)
    finally:
        lock.release()


def _unusable(path: Path, error: OSError) -> StateError:
    why = (error.strerror or "it can't be opened").lower()
    return StateError(f"`{path}` can't be used: {why}", hint="check the disk's space and rights")


def holder(directory: Path) -> int | None:
    """The process that has the state, as far as it has said so and lives."""
    try:
        pid = int((directory / HOLDER).read_text(encoding="ascii"))
        os.kill(pid, 0)  # asks, sends nothing
    except (OSError, ValueError):
        return None
    return pid


class Saver:
    """Saves one cloud's state into a directory that is locked.

    Shards that didn't change keep the bytes that they were last saved as.
    """

    def __init__(self, cloud: Cloud, directory: Path) -> None:
        self._cloud = cloud
        self._directory = directory
        self._saved: dict[str, bytes] = {}
        self._dirty: set[str] = set()
        self._took = 0.0
        self._last = time.monotonic()

    def load(self) -> bool:
        """Put the saved state in place; tells whether there was one. Raises `StateError`."""
        found = state_file.read(self._directory)
        if found is None:
            return False
        shards.restore(self._cloud, found)
        self._saved = found
        return True

    def changed(self, change: Change) -> None:
        """Note what a request may have changed, and save if that is due."""
        self._dirty.update(shards.changed_by(change))
        if time.monotonic() - self._last > _SHARE * self._took:
            try:
                self.save()
            except StateError as error:
                # The request is done; saving is tried again, at the latest when all ends.
                _log.warning("%s", error)
                self._last = time.monotonic()

    def own_changed(self) -> None:
        """Note that the cloud's own secrets changed."""
        self._dirty |= shards.OWN

    def save(self) -> None:
        """Write what changed since the last time; the caller holds the cloud's lock.

        A cloud in which a request was interrupted half way isn't saved: the file stays that of
        the moment before. Raises `StateError` when it can't be written; the earlier state stays.
        """
        if not self._dirty or self._cloud.torn:
            return
        started = time.monotonic()
        self._saved |= shards.dump(self._cloud, sorted(self._dirty))
        state_file.write(self._directory, self._saved)
        self._dirty.clear()
        self._last = time.monotonic()
        self._took = self._last - started
