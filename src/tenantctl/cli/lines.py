"""Read a file or stdin line by line, as it comes, many lines at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

from tenantctl.errors import UsageError

STDIN = Path("-")
_CHUNK = 1 << 16
LONGEST = 1 << 25
"""Bytes of a line; what goes beyond is left out, so that no line takes all memory."""


class Readable(Protocol):
    """Bytes as they come."""

    def read1(self, size: int, /) -> bytes:
        """At most `size` bytes, after at most one wait; none at the end."""


def batches(path: Path) -> Iterator[list[bytes]]:
    """The lines of a file (`-` is stdin) without their ends, as many as came at once.

    Raises `UsageError` for a file that can't be read.
    """
    with ExitStack() as stack:
        try:
            opened = os.fdopen(0, "rb", closefd=False) if path == STDIN else path.open("rb")
        except OSError as error:
            why = (error.strerror or "it can't be opened").lower()
            hint = "give a file of JSON lines, or `-` for stdin"
            raise UsageError(f"can't read `{path}`: {why}", hint=hint) from error
        yield from split(stack.enter_context(opened))


def split(source: Readable) -> Iterator[list[bytes]]:
    """The same of anything that can be read; the last line needs no end."""
    begun: list[bytes] = []
    size = 0
    while chunk := source.read1(_CHUNK):
        first, *rest = chunk.split(b"\n")
        if size < LONGEST:
            begun.append(first)
            size += len(first)
        if rest:
            *whole, last = rest
            yield [b"".join(begun), *whole]
            begun, size = [last], len(last)
    if size:
        yield [b"".join(begun)]
