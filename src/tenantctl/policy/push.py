"""Bring the policy engine to what the reviewed folder says, a policy at a time.

Every step can be repeated: a policy's name carries its content, so a push that was killed goes on
where it stopped. New policies are in force before old ones are deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tenantctl.aws.lookup import Engine, Gateway, find_gateways, policy_engine
from tenantctl.aws.session import Aws
from tenantctl.domain.names import Names
from tenantctl.domain.policies import FOLDER
from tenantctl.policy.attach import attach, unattached
from tenantctl.policy.plan import Entry, Plan, State, plan
from tenantctl.policy.present import EngineWrites
from tenantctl.policy.wanted import Source, Wanted, source, wanted

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Push:
    """What is to be done, and where: the policies' plan, and gateways to attach by tier."""

    engine: Engine
    plan: Plan
    attach: Mapping[str, Gateway]

    @property
    def nothing(self) -> bool:
        """Whether there is nothing to do."""
        return not self.plan.changes and not self.attach

    @property
    def replaces(self) -> bool:
        """Whether something that exists will be deleted or changed."""
        return bool(self.plan.of(State.STALE, State.CHANGED))


def prepare(aws: Aws, names: Names, policies: Source) -> Push:
    """See what a push would do; changes nothing.

    Raises `NotFoundError` without an engine, `PolicyInvalidError` for what it would refuse.
    """
    engine, gateways = policy_engine(aws, names), find_gateways(aws, names)
    there = EngineWrites(aws, engine.id).present()
    return Push(
        engine=engine,
        plan=plan(wanted(policies.policies, gateways), there),
        attach=unattached(aws, gateways, engine.arn),
    )


def apply(aws: Aws, push: Push, *, progress: Progress = lambda _: None) -> None:
    """Do it. Raises `PolicyInvalidError` when the engine refuses a policy; old ones then stay."""
    writes = EngineWrites(aws, push.engine.id)
    _establish(writes, push.plan, progress)
    for entry in push.plan.of(State.STALE):
        if entry.present is not None:
            writes.delete(entry.present.id, entry.label)
            progress(f"deleted {entry.label}")
    for tier, gateway in push.attach.items():
        attach(aws, gateway, push.engine.arn)
        progress(f"attached the gateway of {tier}")


def ensure_tier(names: Names, aws: Aws, tier: str, *, home: Path | None = None) -> bool:
    """See that the tier's policies are there and in force; returns whether any had to be made.

    Old ones are left to `tenantctl policy push`, which asks. `home` is the directory of
    tenantctl.yaml with its `policies` and `templates`; without either, the policies are rendered
    from the configuration by the package's templates.
    """
    engine, gateways = policy_engine(aws, names), find_gateways(aws, names)
    writes = EngineWrites(aws, engine.id)
    directory = None if home is None else home / FOLDER
    policies = source(names, directory, beside=home).policies
    todo = plan(wanted(policies, gateways, tier=tier), writes.present(), tier=tier)
    return _establish(writes, todo, lambda _: None)


def _establish(writes: EngineWrites, todo: Plan, progress: Progress) -> bool:
    """Create and mend what is wanted, then wait for all of it; returns whether that was needed."""
    states = (State.PENDING, State.MISSING, State.CHANGED, State.FAILED)
    needed = [(entry, entry.wanted) for entry in todo.of(*states) if entry.wanted is not None]
    if needed:
        writes.ready()
    begun = [(want, *_start(writes, entry, want)) for entry, want in needed]
    for want, policy_id, done in begun:
        writes.active(policy_id, want)
        progress(f"{done} {want.key.annotation}")
    return bool(begun)


def _start(writes: EngineWrites, entry: Entry, want: Wanted) -> tuple[str, str]:
    """Begin what the entry needs; returns the policy's id and what was begun."""
    there = entry.present
    if there is not None and entry.state is State.PENDING:
        return there.id, "awaited"
    if there is not None and entry.state is State.CHANGED:
        writes.update(there.id, want)
        return there.id, "restored"
    if there is not None:
        writes.delete(there.id, entry.label)
    return writes.create(want), "created"
