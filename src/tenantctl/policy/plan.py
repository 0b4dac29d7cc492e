"""What a push would do: pure, so that `--dry-run`, `status` and the push itself agree.

Whatever forbids comes before what permits, and old permits go before old forbids: at no moment
does the engine allow more than the old and the new policies together allow, and never less than
both forbid.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tenantctl.cedar.statement import Effect
from tenantctl.policy.present import ACTIVE, TRANSITIONAL, Present
from tenantctl.policy.wanted import Wanted


class State(StrEnum):
    """How a policy stands."""

    ACTIVE = "active"  # in force, as it should be
    PENDING = "pending"  # on its way there
    MISSING = "missing"  # should be there
    CHANGED = "changed"  # has our name, and other content or no enforcement
    FAILED = "failed"  # the engine refused it
    STALE = "stale"  # ours, and not wanted any more
    FOREIGN = "foreign"  # not ours; left alone


@dataclass(frozen=True, slots=True)
class Entry:
    """One policy, wanted or present or both."""

    state: State
    wanted: Wanted | None = None
    present: Present | None = None

    @property
    def label(self) -> str:
        """What people call it: `basic.patient_context`, or a foreign policy's name."""
        if self.wanted is not None:
            return self.wanted.key.annotation
        if self.present is None:
            return ""
        return self.present.name if self.present.key is None else self.present.key.annotation


@dataclass(frozen=True, slots=True)
class Plan:
    """Every policy's state; the first group is in the order of creation, the second of deletion."""

    entries: tuple[Entry, ...]

    def of(self, *states: State) -> tuple[Entry, ...]:
        """The entries in one of the states."""
        return tuple(entry for entry in self.entries if entry.state in states)

    @property
    def changes(self) -> tuple[Entry, ...]:
        """What a push would touch."""
        return tuple(
            entry for entry in self.entries if entry.state not in {State.ACTIVE, State.FOREIGN}
        )

    @property
    def in_sync(self) -> bool:
        """Whether the engine holds what it should, all of it in force, and nothing else."""
        return all(entry.state is State.ACTIVE for entry in self.entries)


def plan(wanted: Sequence[Wanted], present: Iterable[Present], *, tier: str | None = None) -> Plan:
    """Compare; with `tier`, other tiers' policies are left out (`wanted` has only the tier's)."""
    by_name = {policy.name: policy for policy in present}
    entries = [
        Entry(_state(want, by_name.get(want.name)), want, by_name.get(want.name))
        for want in sorted(wanted, key=lambda w: (w.effect is Effect.PERMIT, w.key))
    ]
    names = {want.name for want in wanted}
    rest = [policy for policy in by_name.values() if policy.name not in names]
    for policy in sorted(rest, key=lambda p: (_forbids(p), p.name)):
        if policy.key is None:
            if tier is None:
                entries.append(Entry(State.FOREIGN, None, policy))
        elif tier is None or policy.key.tier == tier:
            entries.append(Entry(State.STALE, None, policy))
    return Plan(tuple(entries))


def _state(want: Wanted, found: Present | None) -> State:
    if found is None or found.status == "DELETING":
        return State.MISSING
    if found.status in TRANSITIONAL:
        return State.PENDING
    if found.status in {"CREATE_FAILED", "DELETE_FAILED"}:
        return State.FAILED
    same = found.text == want.text and found.enforced and found.key == want.key
    return State.ACTIVE if same and found.status == ACTIVE else State.CHANGED


def _forbids(policy: Present) -> bool:
    """Whether a present policy forbids; one that can't be read is taken to, and deleted last."""
    from tenantctl.cedar.statement import parse
    from tenantctl.errors import PolicyInvalidError

    if policy.text is None:
        return True
    try:
        return parse(policy.text, policy.name).effect is Effect.FORBID
    except PolicyInvalidError:
        return True
