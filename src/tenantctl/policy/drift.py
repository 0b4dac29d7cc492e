"""What somebody else did to the policies since the last push."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from tenantctl.domain import versions as keys
from tenantctl.errors import DriftError
from tenantctl.policy.history import Held, Record
from tenantctl.policy.present import CREATE_FAILED, DELETING, Present
from tenantctl.policy.wanted import Wanted


class Change(StrEnum):
    """What happened to a policy."""

    REMOVED = "removed"
    ADDED = "added"
    CONTENT = "content changed"
    MODE = "enforcement changed"
    DESCRIPTION = "description changed"


@dataclass(frozen=True, slots=True)
class Deviation:
    """One policy that isn't as the last push left it; `label` is `basic.patient_context`."""

    label: str
    name: str
    change: Change

    def __str__(self) -> str:
        """`basic.patient_context: removed`."""
        return f"{self.label}: {self.change.value}"


def ours(present: Iterable[Present], record: Record) -> tuple[Present, ...]:
    """The policies, with the keys of those that a push made, whatever is their description now."""
    known = record.names
    return tuple(
        policy
        if policy.name not in known or policy.key == known[policy.name].key
        else replace(policy, key=known[policy.name].key, described=False)
        for policy in present
    )


def drift(
    record: Record, present: Iterable[Present], wanted: Sequence[Wanted] = ()
) -> tuple[Deviation, ...]:
    """How the engine differs from what the last push left, sorted; `present` is from `ours`.

    A push that was killed may have left anything between what was and what it was to make. A
    policy that failed was never in force, and one that is being deleted is gone. What is exactly
    as `wanted` is where it would be put.
    """
    known, possible = record.names, record.possible
    right = {(want.key, want.text) for want in wanted}
    met: set[Held] = set()
    found: list[Deviation] = []
    for policy in present:
        if policy.key is None or policy.status in {CREATE_FAILED, DELETING}:
            continue
        text = policy.text or ""
        held = Held(policy.key, policy.name, keys.digest(text), policy.enforced)
        label = policy.key.annotation
        before = known.get(policy.name)
        if held in possible and policy.described:
            met.add(held)
        elif before is not None:
            met.add(before)
            found.append(Deviation(label, policy.name, _how(before, held, policy)))
        elif not (policy.enforced and (policy.key, text) in right):
            found.append(Deviation(label, policy.name, Change.ADDED))
    gone = record.certain - met
    found.extend(Deviation(held.label, held.name, Change.REMOVED) for held in gone)
    return tuple(sorted(found, key=lambda d: (d.label, d.name)))


def refuse(found: Sequence[Deviation], *, hint: str) -> None:
    """Raise `DriftError` that names what was found, if anything was."""
    if found:
        shown = "; ".join(map(str, found[:_SHOWN]))
        more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        raise DriftError(
            f"somebody changed the policies since the last push: {shown}{more}", hint=hint
        )


_SHOWN = 5


def _how(before: Held, now: Held, policy: Present) -> Change:
    if before.digest != now.digest:
        return Change.CONTENT
    return Change.DESCRIPTION if not policy.described else Change.MODE
