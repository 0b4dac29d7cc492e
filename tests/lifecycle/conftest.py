"""A pool as the starter configuration describes it, for the tests of a tenant's life."""

from __future__ import annotations

from pathlib import Path

import pytest

from tenantctl.domain.config import load
from tenantctl.domain.pool import Pool
from tenantctl.domain.tenant import Tenant, User

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"


@pytest.fixture(scope="session")
def pool() -> Pool:
    return load(ROOT / "templates" / "config" / "tenantctl.yaml")


@pytest.fixture
def clinic() -> Tenant:
    return Tenant(
        id="clinic-1",
        tier="basic",
        name="Lindenhof",
        timezone="Europe/Berlin",
        users=(User("m.brandt@lindenhof.example", "Dr. Mara Brandt", "physician"),),
    )


@pytest.fixture
def neighbour() -> Tenant:
    return Tenant(id="clinic-10", tier="basic", name="Brookside")
