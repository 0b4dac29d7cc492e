"""See what exists of the wanted tenants: the first half of a plan. Nothing is changed here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tenantctl.aws import registry
from tenantctl.aws.failures import translated
from tenantctl.aws.registry import Entry
from tenantctl.aws.session import Aws
from tenantctl.domain.names import Names
from tenantctl.lifecycle import seeds
from tenantctl.lifecycle.documents import Document
from tenantctl.lifecycle.items import Item
from tenantctl.lifecycle.people import Account, People
from tenantctl.lifecycle.seeds import Difference
from tenantctl.lifecycle.wanted import Intake, Wanted


@dataclass(frozen=True, slots=True)
class Observed:
    """One wanted tenant beside what exists of it.

    `namesake` is the registered id that equals the wanted one but for case; `accounts` are the
    wanted users that Cognito has, by e-mail address as wanted.
    """

    wanted: Wanted
    entry: Entry | None
    namesake: str | None
    has_group: bool
    accounts: Mapping[str, Account]
    items: Difference[Item]
    documents: Difference[Document]


def observe(aws: Aws, names: Names, intake: Intake) -> tuple[Observed, ...]:
    """What exists of each wanted tenant, in the order of the intake.

    Raises `NotFoundError` when the pool isn't there, `AwsError` for what AWS refuses.
    """
    with translated("looking at what exists"):
        people = People.of(aws, names)
        return tuple(_observe(aws, names, people, intake, wanted) for wanted in intake.tenants)


def _observe(aws: Aws, names: Names, people: People, intake: Intake, wanted: Wanted) -> Observed:
    tenant = wanted.tenant
    members = people.members(tenant.id)
    accounts = {
        user.email: account
        for user in tenant.users
        if (account := people.account(user.email, members or frozenset())) is not None
    }
    items: Difference[Item] = Difference((), ())
    if intake.table is not None:
        items = seeds.items_to_write(aws, intake.table, wanted.items)
    documents: Difference[Document] = Difference((), ())
    if intake.bucket is not None:
        documents = seeds.documents_to_write(aws, intake.bucket, tenant, wanted.documents)
    return Observed(
        wanted=wanted,
        entry=registry.entry(aws, names, tenant.id),
        namesake=registry.registered_as(aws, names, tenant.id),
        has_group=members is not None,
        accounts=accounts,
        items=items,
        documents=documents,
    )
