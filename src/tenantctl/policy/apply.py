"""Carry out a push: locked, entered into the history, a stage at a time, ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress

from tenantctl.aws.failures import translated
from tenantctl.aws.session import Aws
from tenantctl.domain import versions as keys
from tenantctl.errors import AwsError, ConflictError
from tenantctl.policy.attach import attach
from tenantctl.policy.drift import refuse
from tenantctl.policy.history import Kind
from tenantctl.policy.journal import Draft, Journal
from tenantctl.policy.lock import Lock
from tenantctl.policy.plan import Entry, Plan, State
from tenantctl.policy.present import TRANSITIONAL
from tenantctl.policy.push import Push, prepare
from tenantctl.policy.wanted import Wanted
from tenantctl.policy.writes import EngineWrites

Say = Callable[[str], None]


def apply(
    aws: Aws,
    push: Push,
    *,
    say: Say = lambda _: None,
    overwrite_drift: bool = False,
    take_over: bool = False,
) -> int | None:
    """Do it; returns the version's number, `None` when there is nothing to do.

    Raises `DriftError` for what somebody else changed, unless that is to be overwritten;
    `ConflictError` while somebody else pushes, and when the engine isn't any more as `push` saw
    it; `PolicyInvalidError` when the engine refuses a policy: what was in force then still is.
    """
    if push.nothing:
        return None
    refuse_drift(push, overwrite=overwrite_drift)
    with translated("asking who pushes"):
        lock = Lock(aws, push.names, aws.client("sts").get_caller_identity()["Arn"])
    lock.take(over=take_over)
    try:
        return _under(lock, aws, push, say, overwrite_drift=overwrite_drift)
    except BaseException:
        # What went wrong matters more than a lock, whose time runs out by itself.
        with suppress(AwsError):
            lock.give_back()
        raise


def _under(lock: Lock, aws: Aws, seen: Push, say: Say, *, overwrite_drift: bool) -> int | None:
    writes = EngineWrites(aws, seen.engine.id, before=lock.keep)
    for policy in seen.present:
        if policy.status in TRANSITIONAL:
            writes.settle(policy.id)
    push = prepare(aws, seen.names, seen.request)
    refuse_drift(push, overwrite=overwrite_drift)
    if not push.essence <= seen.essence:
        raise ConflictError(
            "the policies were changed after this plan was made", hint="look at the new plan"
        )
    if push.nothing:
        lock.give_back()
        return None
    journal = Journal(aws, push.names, lock)
    journal.keep_texts(_texts(push))
    if push.resumes:
        journal.go_on(push.number, push.holds)
    else:
        journal.begin(_draft(push))
    _carry_out(writes, push.plan, say)
    for to in push.attach:
        lock.keep()
        attach(aws, to, push.engine.arn)
        say(f"attached the gateway of {to.tier}")
    journal.end(push.number)
    return push.number


def _carry_out(writes: EngineWrites, todo: Plan, say: Say) -> None:
    if todo.changes:
        writes.ready()
    for stage in todo.stages:
        for entry in stage.delete:
            if entry.present is not None:
                writes.delete(entry.present.id, entry.label)
                say(f"deleted {entry.label}")
        begun = [
            (entry, entry.wanted, _start(writes, entry, entry.wanted, trial=todo.trial))
            for entry in stage.create
            if entry.wanted is not None
        ]
        for entry, want, policy_id in begun:
            writes.active(policy_id, want)
            how = "awaited" if entry.state is State.PENDING else "created"
            say(f"{how} {want.key.annotation}{', log only' if todo.trial else ''}")


def _start(writes: EngineWrites, entry: Entry, want: Wanted, *, trial: bool) -> str:
    if entry.present is not None:
        return entry.present.id
    return writes.create(want, entry.name, enforced=not trial)


def refuse_drift(push: Push, *, overwrite: bool) -> None:
    """Raise `DriftError` for what somebody else changed, unless that is to be overwritten."""
    # A trial touches nothing that is in force, and a tier only what is of the tier.
    tier = push.request.tier
    found = [d for d in push.drift if tier is None or d.label.startswith(f"{tier}.")]
    if not overwrite and not push.request.trial:
        refuse(found, hint=f"see `tenantctl policy status`; {_OVERWRITES[push.request.kind]}")


_OVERWRITES: Mapping[Kind, str] = {
    Kind.PUSH: "--overwrite-drift puts the reviewed policies in their place",
    Kind.ROLLBACK: "--overwrite-drift puts the version's policies in their place",
    Kind.ONBOARDING: "`tenantctl policy push --overwrite-drift` puts the reviewed policies in "
    "their place",
}


def _draft(push: Push) -> Draft:
    made = [f"{_DID[entry.state]} {entry.label}" for entry in push.plan.changes]
    gateways = [f"attached the gateway of {to.tier}" for to in push.attach]
    request = push.request
    return Draft(
        number=push.number,
        kind=request.kind,
        holds=push.holds,
        changes=tuple(made + gateways),
        trial=request.trial,
        of=request.of,
    )


_DID: Mapping[State, str] = {
    State.PENDING: "awaited",
    State.MISSING: "created",
    State.CHANGED: "deleted",
    State.FAILED: "deleted",
    State.TRIAL: "deleted",
    State.STALE: "deleted",
}


def _texts(push: Push) -> dict[str, str]:
    """The statements that the registry doesn't have yet, by digest."""
    known = {held.digest for held in push.record.possible}
    texts = {keys.digest(want.text): want.text for want in push.request.wanted}
    return {digest: text for digest, text in texts.items() if digest not in known}
