"""The snapshot on disk: a line that says what it is, then the shards.

The line is JSON and is read first; versions, lengths and digests must fit before a pickle is
touched. A file is replaced in one step, so there is always a whole one.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import stat
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tenantctl.errors import StateError

FILE = "cloud.state"
FORMAT = 4
"""Counts up whenever this package's own pickled classes change, or what they must hold."""

_HINT = "start anew with `tenantctl local reset`"
_MAX_HEADER = 1 << 20


def stamp() -> dict[str, Any]:
    """What must be the same where a state is read: pickles name classes and their fields."""
    return {
        "format": FORMAT,
        "moto": version("moto"),
        "python": ".".join(platform.python_version_tuple()[:2]),
    }


def prepare(directory: Path) -> None:
    """Make the directory, or see that nobody else can write into it.

    Raises `StateError` when it belongs to somebody else or is open to others.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = directory.lstat()
    except OSError as error:
        raise StateError(
            f"`{directory}` can't be used: {error.strerror}", hint="set XDG_STATE_HOME elsewhere"
        ) from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise StateError(f"`{directory}` isn't yours", hint="set XDG_STATE_HOME elsewhere")
    if stat.S_IMODE(found.st_mode) & 0o077:
        raise StateError(f"`{directory}` is open to other users", hint=f"chmod 700 {directory}")


def read(directory: Path) -> dict[str, bytes] | None:
    """The shards by name; `None` when nothing has been saved yet.

    Raises `StateError` for a file of another version, a damaged one, or one of another owner.
    """
    path = directory / FILE
    try:
        # A pipe in the file's place would be waited for.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StateError(f"`{path}` can't be read: {error.strerror}", hint=_HINT) from error
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        os.close(descriptor)
        raise StateError(f"`{path}` is no file", hint=f"take away what is there: {path}")
    with os.fdopen(descriptor, "rb") as file:
        if found.st_uid != os.getuid():
            raise StateError(f"`{path}` isn't yours", hint=_HINT)
        if found.st_mode & 0o022:
            raise StateError(f"others may write to `{path}`", hint=f"chmod 600 {path}")
        try:
            return _shards(path, file.readline(_MAX_HEADER), file.read())
        except OSError as error:
            raise StateError(f"`{path}` can't be read: {error.strerror}", hint=_HINT) from error


def _shards(path: Path, line: bytes, rest: bytes) -> dict[str, bytes]:
    try:
        header = json.loads(line)
        found = {key: header[key] for key in stamp()}
        listed = [(str(name), int(size), str(digest)) for name, size, digest in header["shards"]]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise StateError(f"`{path}` is no saved state", hint=_HINT) from error
    if found != stamp():
        raise StateError(
            f"`{path}` is of other versions ({_versions(found)}; here {_versions(stamp())})",
            hint=_HINT,
        )
    shards: dict[str, bytes] = {}
    at = 0
    for name, size, digest in listed:
        data = rest[at : at + size]
        at += size
        if size < 0 or hashlib.sha256(data).hexdigest() != digest:
            raise StateError(f"`{path}` is damaged", hint=_HINT)
        shards[name] = data
    if at != len(rest):
        raise StateError(f"`{path}` is damaged", hint=_HINT)
    return shards


def _versions(stamped: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in stamped.items())


def write(directory: Path, shards: Mapping[str, bytes]) -> None:
    """Replace the snapshot in one step, on disk before it returns; raises `StateError`."""
    listed = [(name, len(data), hashlib.sha256(data).hexdigest()) for name, data in shards.items()]
    header = json.dumps({**stamp(), "shards": listed}).encode()
    replace(directory / FILE, b"".join((header, b"\n", *shards.values())))


def replace(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, in one step; raises `StateError`."""
    partial = path.with_name(f".{path.name}.partial")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    try:
        with os.fdopen(os.open(partial, flags, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    except OSError as error:
        raise StateError(
            f"`{path}` can't be written: {error.strerror}", hint="check the disk's space and rights"
        ) from error
