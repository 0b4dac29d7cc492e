"""An onboarding that dies after any of its changes is made good by running it again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import pytest

from tenantctl.aws.session import Aws
from tenantctl.domain.finding import Finding, Outcome, Party, Report
from tenantctl.domain.names import Names
from tenantctl.domain.pool import Pool
from tenantctl.domain.tenant import Tenant, User
from tenantctl.lifecycle.apply import Surroundings, apply, delivered
from tenantctl.lifecycle.observe import observe
from tenantctl.lifecycle.plan import plan
from tenantctl.lifecycle.wanted import ALL_FIELDS, Intake, Sources, one
from tenantctl.local.connect import in_memory
from tenantctl.pool import plan as pool_plan

Canonical = Callable[[Aws, Names], dict[str, Any]]


def isolated(tenant: Tenant) -> Report:
    party = Party(tenant.tier, tenant.id)
    found = Finding("DDB-GET", "dynamodb", "", Outcome.ISOLATED, "", party, party)
    return Report("local", (found,))


def onboard(aws: Aws, names: Names, intake: Intake) -> None:
    around = Surroundings(lambda _tier: False, isolated)
    applied = apply(plan(intake, observe(aws, names, intake)), aws, names, around)
    delivered(aws, names, applied.issued)
    assert applied.failure is None


class Killed(BaseException):
    """What a kill is to the code it falls into: nothing of it runs any more."""


class Model(Protocol):
    """botocore's description of the operation that is being called."""

    name: str


@contextmanager
def killed_after(aws: Aws, changes: int) -> Iterator[None]:
    """Die once `changes` changes have reached the cloud; whatever only reads isn't counted."""
    done = 0
    reading = ("Get", "List", "Describe", "Query", "Scan", "Head", "BatchGet")

    def before(model: Model, **_: object) -> None:
        nonlocal done
        if not model.name.removeprefix("Admin").startswith(reading):
            if done == changes:
                raise Killed
            done += 1

    clients = [aws.client("dynamodb"), aws.client("cognito-idp"), aws.client("s3")]
    for client in clients:
        client.meta.events.register("before-call", before, unique_id="kill")
    try:
        yield
    finally:
        for client in clients:
            client.meta.events.unregister("before-call", unique_id="kill")


CHANGES = 29
"""As many as the onboarding below makes, its hand-over of a password included."""


def intakes(names: Names, tmp_path: Path) -> Iterator[Intake]:
    items, documents = tmp_path / "items.jsonl", tmp_path / "documents"
    items.write_text('{"patient_id": "P1"}', encoding="utf-8")
    documents.mkdir(exist_ok=True)
    (documents / "a.txt").write_text("one", encoding="utf-8")
    for number in range(CHANGES):
        user = User(f"jo@clinic-{number:02}.example", "Jo", "nurse")
        tenant = Tenant(f"clinic-{number:02}", "basic", users=(user,))
        yield one(names.pool, tenant, Sources(items, documents), ALL_FIELDS)


def test_a_kill_after_any_change_is_made_good_by_the_next_run(
    pool: Pool, canonical: Canonical, tmp_path: Path
) -> None:
    ends = []
    for disturbed in (False, True):
        with in_memory(region=pool.region, account=pool.account) as aws:
            names = Names(pool, aws.account)
            pool_plan.apply(pool_plan.plan(aws, names), aws)
            for changes, intake in enumerate(intakes(names, tmp_path)):
                if disturbed:
                    with pytest.raises(Killed), killed_after(aws, changes):
                        onboard(aws, names, intake)
                onboard(aws, names, intake)
            ends.append(canonical(aws, names))
    undisturbed, resumed = ends
    assert resumed == undisturbed
