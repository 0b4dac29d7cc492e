"""Hand temporary passwords over in a file that only its owner can read."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from tenantctl.errors import UsageError
from tenantctl.lifecycle.apply import Issued

_HINT = "--password-file makes a new file; keep or remove that one, or name another"


def check_new(path: Path) -> None:
    """Refuse a path that can't become a new file; asked before any password is made.

    Raises `UsageError`.
    """
    if path.is_symlink() or path.exists():
        raise UsageError(f"`{path}` is there already", hint=_HINT)
    if not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise UsageError(f"can't write into `{path.parent}`", hint="name a directory of yours")


def write_new(path: Path, issued: Iterable[Issued]) -> None:
    """Write `tenant<TAB>email<TAB>password` lines, mode 0600, all of them or no file.

    The name appears by a hard link, which fails where a file has come to be meanwhile: neither
    an existing file nor a link that somebody laid is ever written to. Raises `UsageError`.
    """
    lines = "".join(f"{one.tenant}\t{one.email}\t{one.password}\n" for one in issued)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(lines)
                file.flush()
                os.fsync(file.fileno())
            path.hardlink_to(draft)
        finally:
            draft.unlink()
    except FileExistsError as error:
        raise UsageError(f"`{path}` is there already", hint=_HINT) from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError(f"can't write `{path}`: {reason}", hint=_HINT) from error
