"""A pool with two clinics, and one signed-in user of the first."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tenantctl.aws.lookup import UserPool, user_pool
from tenantctl.aws.session import Aws
from tenantctl.domain.config import load
from tenantctl.domain.finding import Report
from tenantctl.domain.names import Names
from tenantctl.domain.tenant import Tenant, User
from tenantctl.lifecycle.apply import Surroundings, apply
from tenantctl.lifecycle.observe import observe
from tenantctl.lifecycle.plan import plan
from tenantctl.lifecycle.wanted import ALL_FIELDS, Sources, one
from tenantctl.local.connect import in_memory
from tenantctl.pool import plan as pool_plan
from tenantctl.vending.sign_in import Tokens, sign_in

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Clinic:
    """Clinic-1 and its user, seen by the operator."""

    aws: Aws
    names: Names
    email: str
    password: str
    onboard: Callable[[Tenant], Mapping[str, str]]
    """Onboards one more tenant; gives the temporary passwords by address."""

    @property
    def pool(self) -> UserPool:
        return user_pool(self.aws, self.names)

    @property
    def cognito(self) -> Any:  # noqa: ANN401 - boto3's client, with requests as plain dicts
        return self.aws.client("cognito-idp")

    def tokens(self) -> Tokens:
        return sign_in(
            self.aws, self.pool, email=self.email, password=self.password,
            new_password=lambda: pytest.fail("no new password is asked for"),
        )  # fmt: skip


@pytest.fixture(scope="module")
def clinic() -> Iterator[Clinic]:
    pool = load(ROOT / "templates" / "config" / "tenantctl.yaml")
    with in_memory(region=pool.region, account=pool.account) as aws:
        names = Names(pool, aws.account)
        pool_plan.apply(pool_plan.plan(aws, names), aws)
        around = Surroundings(lambda _tier: False, lambda _tenant: Report("local", ()))

        def onboard(tenant: Tenant) -> Mapping[str, str]:
            intake = one(pool, tenant, Sources(), ALL_FIELDS)
            applied = apply(plan(intake, observe(aws, names, intake)), aws, names, around)
            return {issued.email: issued.password for issued in applied.issued}

        email, password = "m.brandt@lindenhof.example", f"aA1!{secrets.token_urlsafe(20)}"
        user = User(email, "Dr. Mara Brandt", "physician")
        given = onboard(Tenant("clinic-1", "basic", users=(user,)))
        onboard(Tenant("clinic-10", "premium", users=(User("t.nguyen@brookside.example"),)))
        sign_in(
            aws, user_pool(aws, names), email=email, password=given[email],
            new_password=lambda: password,
        )  # fmt: skip
        yield Clinic(aws, names, email, password, onboard)
