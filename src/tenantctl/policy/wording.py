"""What pushes are called where there is room for a line: what they changed, when, how many."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

_NAMED = 2
"""Changes that are named; more are counted."""

_VERBS = {"created": "created", "awaited": "created", "deleted": "deleted"}


def in_short(changes: Iterable[str]) -> str:
    """A version's changes: `replaced basic.patient_context`, or `5 created, 1 replaced`.

    A policy that was created and deleted, under names of their own, was replaced.
    """
    done: dict[str, set[str]] = {}
    for change in changes:
        verb, _, what = change.partition(" ")
        done.setdefault(what, set()).add(_VERBS.get(verb, verb))
    told = [("replaced" if len(verbs) > 1 else min(verbs), what) for what, verbs in done.items()]
    if len(told) <= _NAMED:
        return ", ".join(f"{verb} {what}" for verb, what in told)
    verbs = [verb for verb, _ in told]
    return ", ".join(f"{verbs.count(verb)} {verb}" for verb in sorted(set(verbs)))


def moment(time: str) -> str:
    """A time of the history to the second."""
    return datetime.fromisoformat(time).isoformat(timespec="seconds")


def count(number: int, what: str, many: str | None = None) -> str:
    """`1 policy`, `2 policies`."""
    return f"{number} {what if number == 1 else many or f'{what}s'}"
