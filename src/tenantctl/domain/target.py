"""Where commands act; apart from `pool`, because every start of the program needs it."""

from __future__ import annotations

from enum import StrEnum


class Target(StrEnum):
    """Where commands act."""

    LOCAL = "local"
    AWS = "aws"
