"""What onboarding asks of the policies: that a clinic's tier has any."""

from __future__ import annotations

from pathlib import Path

from tenantctl.aws.lookup import find_gateways
from tenantctl.aws.session import Aws
from tenantctl.cedar.statement import parse
from tenantctl.domain.names import Names
from tenantctl.domain.policies import FOLDER
from tenantctl.policy import history
from tenantctl.policy.apply import apply
from tenantctl.policy.history import Kind, Version
from tenantctl.policy.push import Push, Request, prepare
from tenantctl.policy.wanted import Wanted, source, wanted


def ensure_tier(names: Names, aws: Aws, tier: str, *, home: Path | None = None) -> bool:
    """See that the tier's policies are in force; returns whether any had to be made.

    A tier that was never pushed gets the reviewed policies, or without any those that the
    configuration yields; a push that was killed is ended. What was pushed is otherwise left to
    `tenantctl policy push`, which shows what it changes and asks: onboarding a clinic changes no
    rule for the others. `home` is the directory of tenantctl.yaml with its `policies` and
    `templates`. Raises `DriftError` when the tier's policies aren't as they were pushed.
    """
    record = history.record(aws, names)
    killed = record.open[-1] if record.open else None
    if killed is not None and not killed.trial:
        apply(aws, _again(aws, names, killed))
        ensure_tier(names, aws, tier, home=home)
        return True
    pushed = record.done is not None and any(
        held.key.tier == tier and held.enforced for held in record.done.holds
    )
    if record.done is not None and pushed:
        policies = as_pushed(aws, names, record.done)
        found = prepare(aws, names, Request(_of(tier, policies), Kind.ONBOARDING, tier=tier))
    else:
        directory = None if home is None else home / FOLDER
        reviewed = source(names, directory, beside=home).policies
        policies = wanted(reviewed, find_gateways(aws, names), tier=tier)
        found = prepare(aws, names, Request(policies, Kind.ONBOARDING, tier=tier))
    if not policies:
        return False
    made = bool(found.plan.changes)
    apply(aws, found)
    return made


def as_pushed(aws: Aws, names: Names, version: Version) -> tuple[Wanted, ...]:
    """The policies that a version put in force, with the very texts."""
    by_digest = history.statements(aws, names, version)
    return tuple(
        Wanted(held.key, by_digest[held.digest], parse(by_digest[held.digest], held.label).effect)
        for held in version.holds
        if held.enforced
    )


def _again(aws: Aws, names: Names, killed: Version) -> Push:
    return prepare(aws, names, Request(as_pushed(aws, names, killed), killed.kind, of=killed.of))


def _of(tier: str, policies: tuple[Wanted, ...]) -> tuple[Wanted, ...]:
    return tuple(policy for policy in policies if policy.key.tier == tier)
