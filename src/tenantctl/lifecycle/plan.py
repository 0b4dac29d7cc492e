"""Decide what has to be done: wanted and observed in, steps out. Pure.

Onboarding only adds. A tenant or user that exists with other data is a conflict, of which all are
gathered before any is reported; items and documents are seeds, so theirs are replaced.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tenantctl.aws.registry import Status, attributes_json
from tenantctl.domain.tenant import Tenant, User
from tenantctl.errors import ConflictError
from tenantctl.lifecycle import steps
from tenantctl.lifecycle.observe import Observed
from tenantctl.lifecycle.people import Account
from tenantctl.lifecycle.seeds import batches
from tenantctl.lifecycle.steps import Step
from tenantctl.lifecycle.wanted import Intake

_PART = 200
"""Items or documents of one step: small enough that an interrupted step is soon done again."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps in their order, and the intake that they fulfil."""

    intake: Intake
    steps: tuple[Step, ...]
    journals: Mapping[str, tuple[str, ...]]
    """What interrupted runs left in the journals, by tenant."""

    @property
    def passwords(self) -> int:
        """How many temporary passwords the steps will make."""
        return sum(isinstance(s, steps.CreateUser | steps.RenewPassword) for s in self.steps)

    @property
    def totals(self) -> dict[str, int]:
        """What the intake holds; metadata files aren't counted as documents."""
        wanted = self.intake.tenants
        return {
            "tenants": len(wanted),
            "users": sum(len(w.tenant.users) for w in wanted),
            "items": sum(len(w.items) for w in wanted),
            "documents": sum(not d.is_metadata for w in wanted for d in w.documents),
        }


def plan(intake: Intake, observed: Sequence[Observed]) -> Plan:
    """The steps from what is to what shall be; none when nothing differs.

    Activation comes last, when all tenants of the run are there to be told apart.
    Raises `ConflictError`, naming every field that differs.
    """
    conflicts = [text for seen in observed for text in _conflicts(seen)]
    if conflicts:
        raise ConflictError(
            "; ".join(conflicts),
            hint="onboarding changes no tenant that exists; see `tenantctl tenant show ID`",
        )
    found: list[Step] = []
    last: list[Step] = []
    for seen in observed:
        doing = list(_steps(seen, intake))
        entry = seen.entry
        active = entry is not None and entry.status is Status.ACTIVE
        activation = [] if active else [steps.Activate(seen.wanted.tenant)]
        if entry is not None and entry.journal and not doing and not activation:
            doing.append(steps.Settle(seen.wanted.tenant))
        found += doing
        last += activation
    journals = {s.wanted.tenant.id: s.entry.journal for s in observed if s.entry is not None}
    return Plan(intake, (*found, *last), journals)


def _conflicts(seen: Observed) -> Iterator[str]:
    wanted, entry = seen.wanted.tenant, seen.entry
    if seen.namesake is not None and seen.namesake != wanted.id:
        yield f"tenant id `{wanted.id}` differs from the existing `{seen.namesake}` only in case"
    if entry is not None:
        is_, given = entry.tenant, seen.wanted.given
        fields = (
            ("tier", is_.tier, wanted.tier),
            ("name", is_.name, wanted.name if "name" in given else is_.name),
            ("timezone", is_.timezone, wanted.timezone if "timezone" in given else is_.timezone),
        )
        differing = [f"its {name} is `{a}`, not `{b}`" for name, a, b in fields if a != b]
        if "attributes" in given and attributes_json(is_) != attributes_json(wanted):
            differing.append("its attributes differ")
        if differing:
            yield f"tenant `{wanted.id}` exists with other data: {', '.join(differing)}"
    for user in wanted.users:
        account = seen.accounts.get(user.email)
        if account is not None:
            yield from _user_conflicts(wanted, user, account)


def _user_conflicts(tenant: Tenant, user: User, account: Account) -> Iterator[str]:
    if account.tenant != tenant.id:
        owner = f"tenant `{account.tenant}`" if account.tenant else "no tenant"
        yield f"`{user.email}` is a user of {owner} already, so it can't be one of `{tenant.id}`"
        return
    pairs = (
        ("tier", account.tier, tenant.tier),
        ("role", account.role, user.role),
        ("name", account.name, user.name or account.name),
    )
    for field, is_, shall in pairs:
        if is_ != shall:
            yield f"user `{user.email}` exists with another {field}: `{is_}`, not `{shall}`"


def _steps(seen: Observed, intake: Intake) -> Iterable[Step]:
    tenant = seen.wanted.tenant
    if seen.entry is None:
        yield steps.Register(tenant)
    if not seen.has_group:
        yield steps.CreateGroup(tenant)
    for user in tenant.users:
        yield from _user_steps(seen, user)
    if intake.table is not None:
        for replaces, items in ((False, seen.items.create), (True, seen.items.update)):
            for part, batch in enumerate(batches(items, _PART), 1):
                yield steps.WriteItems(tenant, intake.table.name, batch, part, replaces)
    if intake.bucket is not None:
        pairs = ((False, seen.documents.create), (True, seen.documents.update))
        for replaces, documents in pairs:
            for part, files in enumerate(batches(documents, _PART), 1):
                yield steps.PutDocuments(tenant, intake.bucket.name, files, part, replaces)


def _user_steps(seen: Observed, user: User) -> Iterable[Step]:
    tenant, entry = seen.wanted.tenant, seen.entry
    account = seen.accounts.get(user.email)
    if account is None:
        yield steps.CreateUser(tenant, user)
        return
    registered = {u.email.casefold(): u for u in entry.tenant.users} if entry else {}
    known = registered.get(user.email.casefold())
    pending = entry is not None and known is not None and known.email in entry.undelivered
    enrolled = known is not None and known.sub == account.sub and account.in_group
    # A user that the registry doesn't know was made by someone else, who knows its password.
    settled = known is None or not account.unclaimed
    if not enrolled or (pending and settled):
        yield steps.EnrolUser(tenant, user, account.sub, settled)
    if pending and account.unclaimed:
        yield steps.RenewPassword(tenant, user)
