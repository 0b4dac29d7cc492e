"""Read a file or stdin line by line, as it comes, many lines at a time."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from functools import partial
from typing import Protocol

from tenantctl.errors import UsageError

STDIN = "-"
_CHUNK = 1 << 16
LONGEST = 1 << 25
"""Bytes of a line of a stream; what goes beyond is left out, so that none takes all memory."""


class Readable(Protocol):
    """Bytes as they come."""

    def read1(self, size: int, /) -> bytes:
        """At most `size` bytes, after at most one wait; none at the end."""


def batches(path: str) -> Iterator[list[bytes]]:
    """The lines of a file (`-` is stdin), as many as came at once; an end of line may be left.

    Raises `UsageError` for a file that can't be read.
    """
    named = path != STDIN
    try:
        opened = open(path if named else 0, "rb", closefd=named)  # noqa: SIM115 - closed below, and its errors aren't those of reading
    except OSError as error:
        why = (error.strerror or "it can't be opened").lower()
        hint = "give a file of JSON lines, or `-` for stdin"
        raise UsageError(f"can't read `{path}`: {why}", hint=hint) from error
    with opened as source:
        if stat.S_ISREG(os.fstat(source.fileno()).st_mode):
            # All of it is there already, so nothing is gained by taking it as it comes.
            yield from iter(partial(source.readlines, _CHUNK), [])
        else:
            yield from split(source)


def split(source: Readable) -> Iterator[list[bytes]]:
    """The lines of a stream without their ends; the last needs none."""
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
