from __future__ import annotations

import pytest

from tenantctl.iam.request import Principal, PrincipalKind

ACCOUNT = "123456789012"


@pytest.fixture(scope="session")
def session() -> Principal:
    return Principal(
        PrincipalKind.SESSION,
        f"arn:aws:sts::{ACCOUNT}:assumed-role/tvm/clinic-a",
        ACCOUNT,
        f"arn:aws:iam::{ACCOUNT}:role/tvm",
    )
