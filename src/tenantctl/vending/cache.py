"""Vended sessions kept on disk, each in a file that only its owner can read.

A session is served from here until a quarter of its hour is left, so that what a caller gets
lives long enough to be of use. Whatever isn't exactly as this module writes it is fetched anew.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tenantctl.aws.chain import TenantSession
from tenantctl.aws.session import Credentials
from tenantctl.errors import TenantctlError

EARLY = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class _Kept:
    """The file's content; `keys` are id, secret and session token."""

    keys: tuple[str, str, str] = field(repr=False)
    arn: str
    expires: datetime
    tags: tuple[tuple[str, str], ...]


def cache_directory() -> Path:
    """`$XDG_CACHE_HOME/tenantctl/creds`, or the platform's own place."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("tenantctl", appauthor=False)) / "creds"


def cache_key(*parts: str) -> str:
    """A file name for everything that a session depends on; nothing of it can be read off."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def cached(directory: Path, key: str, vend: Callable[[], TenantSession]) -> TenantSession:
    """The session under `key` while it is fresh, else what `vend` gives, kept for the next time.

    Concurrent callers of one key wait for each other, so that STS is asked once.
    """
    from filelock import FileLock

    path = directory / f"{key}.json"
    lock = FileLock(directory / f"{key}.lock", mode=0o600)
    with _usable(directory):
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock.acquire()
    try:
        found = _read(path)
        if found is not None and found.expires - datetime.now(UTC) > EARLY:
            return found
        session = vend()
        with _usable(directory):
            _write(path, session)
        return session
    finally:
        lock.release()


@contextmanager
def _usable(directory: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise TenantctlError(
            f"credentials can't be kept in `{directory}`: {(error.strerror or str(error)).lower()}",
            hint="give --no-cache, or set XDG_CACHE_HOME elsewhere",
        ) from error


def _read(path: Path) -> TenantSession | None:
    """A kept session; `None` where there is none, or none that can be trusted."""
    import msgspec

    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    with open(descriptor, "rb") as file:  # noqa: PTH123 - the descriptor was opened with O_NOFOLLOW
        status = os.fstat(descriptor)
        if status.st_uid != os.getuid() or stat.S_IMODE(status.st_mode) & 0o077:
            return None
        try:
            kept = msgspec.json.decode(file.read(), type=_Kept)
        except msgspec.MsgspecError:
            return None
    return TenantSession(Credentials(*kept.keys), kept.arn, kept.expires, kept.tags)


def _write(path: Path, session: TenantSession) -> None:
    import msgspec

    keys = session.credentials
    kept = _Kept(
        keys=(keys.access_key_id, keys.secret_access_key, keys.session_token or ""),
        arn=session.arn,
        expires=session.expires,
        tags=session.tags,
    )
    descriptor, name = tempfile.mkstemp(dir=path.parent)  # 0600 from the start
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 - mkstemp gives a descriptor
            file.write(msgspec.json.encode(kept))
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
