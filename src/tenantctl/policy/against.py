"""With what the reviewed policies are compared, as the user names it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

_VERSION = re.compile(r"v?([0-9]{1,6})")
"""Longer digits are a commit's hash."""


class Side(StrEnum):
    """Where the other policies come from."""

    DEPLOYED = "deployed"  # what the engine decides by now
    RENDERED = "rendered"  # what the configuration yields
    VERSION = "version"  # what was pushed once
    REVISION = "revision"  # what git has


@dataclass(frozen=True, slots=True)
class Against:
    """`version` is the number of one that was pushed, `revision` git's name of a commit."""

    side: Side
    version: int = 0
    revision: str = ""


def read(text: str) -> Against:
    """`deployed`, `rendered`, `3` or `v3`; anything else is a git revision.

    A tag of such a name is still there as `refs/tags/v3`.
    """
    if text in {Side.DEPLOYED, Side.RENDERED}:
        return Against(Side(text))
    number = _VERSION.fullmatch(text)
    if number is not None:
        return Against(Side.VERSION, version=int(number[1]))
    return Against(Side.REVISION, revision=text)
