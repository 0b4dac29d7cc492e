"""What a push does, and in which order: pure, so that `--dry-run`, `status` and push agree.

A call is allowed when a permit in force matches it and no forbid in force does. Let `old` be what
the engine holds before and `new` what it shall hold. A push goes through four stages, and each
begins only when all of the one before is done: everything created is ACTIVE, everything deleted
is gone.

    1  create the new forbids      in force: old permits;             old forbids, some new ones
    2  create the new permits      in force: old permits, some new;   all forbids
    3  delete the old permits      in force: new permits, some old;   all forbids
    4  delete the old forbids      in force: new permits;             new forbids, some old ones

At every moment of it

- nothing is allowed that neither `old` nor `new` allows: in stage 1 what is in force allows no
  more than `old`, in stage 4 no more than `new`. In 2 and 3 all forbids of both are in force, so a
  call that is let through is forbidden by neither, and its permit is of one of them: that one
  allows it.
- nothing is refused that both allow: no forbid of either matches such a call, and each has a
  permit for it; the old one's is in force in stages 1 and 2, the new one's in 3 and 4.

So it doesn't matter where inside a stage a push is killed, or what AgentCore does first: the
policies of one stage come and go in any order. Policies that others made are in force all along
and belong to `old` and `new` alike. Nothing is ever updated in place: what an update replaces is
of one stage, and what it brings may be of another. What certainly decides nothing (a policy that
the engine refused, or in LOG_ONLY mode) is cleared away before stage 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tenantctl.cedar.statement import Effect
from tenantctl.domain.policies import MAX_POLICIES
from tenantctl.errors import PolicyInvalidError
from tenantctl.policy.present import ACTIVE, CREATE_FAILED, CREATING, DELETING, Present
from tenantctl.policy.wanted import Wanted


class State(StrEnum):
    """How a policy stands."""

    ACTIVE = "active"  # in force, as it should be
    PENDING = "pending"  # on its way there
    MISSING = "missing"  # should be there
    CHANGED = "changed"  # bears the name of one that should be there, and isn't it
    FAILED = "failed"  # the engine refused it
    TRIAL = "log-only"  # ours, in LOG_ONLY mode
    STALE = "stale"  # ours, and not wanted any more
    GOING = "deleting"  # ours, and about to be gone by itself
    FOREIGN = "foreign"  # not ours; left alone


@dataclass(frozen=True, slots=True)
class Entry:
    """A policy that is wanted, or present, or both; `name` is its name in the engine."""

    state: State
    name: str
    wanted: Wanted | None = None
    present: Present | None = None

    @property
    def label(self) -> str:
        """What people call it: `basic.patient_context`, or a foreign policy's name."""
        if self.wanted is not None:
            return self.wanted.key.annotation
        if self.present is None or self.present.key is None:
            return self.name
        return self.present.key.annotation


@dataclass(frozen=True, slots=True)
class Stage:
    """What is done at once, in any order, and done before the next stage begins."""

    create: tuple[Entry, ...] = ()
    delete: tuple[Entry, ...] = ()


_NEW = (State.PENDING, State.MISSING)
_OLD = (State.CHANGED, State.FAILED, State.TRIAL, State.STALE)


@dataclass(frozen=True, slots=True)
class Plan:
    """Every policy's state; `trial` plans create in LOG_ONLY mode and touch nothing in force."""

    entries: tuple[Entry, ...]
    trial: bool = False

    def of(self, *states: State) -> tuple[Entry, ...]:
        """The entries in one of the states."""
        return tuple(entry for entry in self.entries if entry.state in states)

    @property
    def changes(self) -> tuple[Entry, ...]:
        """What a push would touch."""
        return tuple(e for stage in self.stages for e in (*stage.create, *stage.delete))

    @property
    def in_sync(self) -> bool:
        """Whether the engine holds what it should, all of it in force, and nothing else."""
        return all(entry.state is State.ACTIVE for entry in self.entries)

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The stages that have something to do, see the module.

        Raises `ConflictError` for a policy to delete that can't be read.
        """
        new, old = self.of(*_NEW), self._old
        inert = tuple(e for e in old if e.present is not None and e.present.inert)
        if self.trial:
            stages: tuple[Stage, ...] = (Stage(delete=inert), Stage(create=new))
        else:
            going = [(e, e.present.effect) for e in old if e.present and not e.present.inert]
            stages = (
                Stage(delete=inert),
                Stage(create=tuple(e for e in new if _effect(e) is Effect.FORBID)),
                Stage(create=tuple(e for e in new if _effect(e) is Effect.PERMIT)),
                Stage(delete=tuple(e for e, effect in going if effect is Effect.PERMIT)),
                Stage(delete=tuple(e for e, effect in going if effect is Effect.FORBID)),
            )
        return tuple(stage for stage in stages if stage.create or stage.delete)

    @property
    def _old(self) -> tuple[Entry, ...]:
        found = self.of(*_OLD)
        return tuple(e for e in found if e.present and e.present.inert) if self.trial else found


def plan(
    wanted: Sequence[Wanted],
    present: Iterable[Present],
    *,
    trial: bool = False,
    names: frozenset[str] = frozenset(),
) -> Plan:
    """Compare what is wanted with what is there.

    With `trial`, what isn't in force yet is wanted in LOG_ONLY mode, beside what is in force.
    `names` are those that the last push put in force: one of them in LOG_ONLY mode is no trial.
    Raises `PolicyInvalidError` when the engine can't hold old and new together.
    """
    there = tuple(present)
    taken = {policy.name for policy in there}
    # A copy in force comes before one on trial.
    candidates = sorted(there, key=lambda p: (not p.enforced, p.status != ACTIVE, p.name))
    kept: set[str] = set()
    entries: list[Entry] = []
    for want in sorted(wanted, key=lambda w: (w.effect is Effect.PERMIT, w.key, w.text)):
        found = next((p for p in candidates if _is(p, want, trial=trial)), None)
        if found is not None:
            kept.add(found.id)
            state = State.PENDING if found.status == CREATING else State.ACTIVE
            entries.append(Entry(state, found.name, want, found))
        else:
            name = _free(want, taken)
            taken.add(name)
            entries.append(Entry(State.MISSING, name, want))
    made = len(entries) - len(kept)
    if len(there) + made > MAX_POLICIES:
        raise PolicyInvalidError(
            f"{made} new policies beside the {len(there)} in the engine are more than it takes",
            hint=f"at most {MAX_POLICIES}: old and new are in force together for a moment; push "
            "in smaller steps",
        )
    missing = {want.name for want in wanted}
    entries.extend(
        Entry(_unwanted(policy, names, missing), policy.name, None, policy)
        for policy in sorted(there, key=lambda p: p.name)
        if policy.id not in kept
    )
    return Plan(tuple(entries), trial)


def _is(policy: Present, want: Wanted, *, trial: bool) -> bool:
    """Whether a policy is what is wanted, or will be once it is there."""
    return (
        policy.status in {ACTIVE, CREATING}
        and (policy.enforced or trial)
        and policy.described
        and policy.key == want.key
        and policy.text == want.text
    )


def _unwanted(policy: Present, pushed: frozenset[str], missing: set[str]) -> State:
    if policy.key is None:
        return State.FOREIGN
    if policy.status == CREATE_FAILED:
        return State.FAILED
    if policy.status == DELETING:
        return State.GOING
    if policy.inert and policy.name not in pushed:
        return State.TRIAL
    return State.CHANGED if policy.name in missing else State.STALE


def _free(want: Wanted, taken: set[str]) -> str:
    """The first of a policy's names that nothing in the engine has."""
    attempt = 0
    while (name := want.key.name(want.text, attempt)) in taken:
        attempt += 1
    return name


def _effect(entry: Entry) -> Effect | None:
    return None if entry.wanted is None else entry.wanted.effect
