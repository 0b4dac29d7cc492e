"""What a proof doesn't look at is said where the documents make it matter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tenantctl.domain.pool import Pool
from tenantctl.proof.directory import load
from tenantctl.proof.prove import prove

ROLE = "arn:aws:iam::123456789012:role/"
OWN = f"{ROLE}clinic-agent-tvm"

Warnings = Callable[[Mapping[str, Any]], list[str]]


@pytest.fixture
def warnings(
    tmp_path: Path,
    pool_of: Callable[[Any], Pool],
    write_documents: Callable[[Path, Mapping[str, Any], Pool], Path],
) -> Warnings:
    def said(case: Mapping[str, Any]) -> list[str]:
        of = pool_of(None)
        report = prove(*load(write_documents(tmp_path / "documents", case, of), of))
        return [s for s in report.assumptions if "as another principal" in s]

    return said


@pytest.mark.parametrize(
    ("allow", "action"),
    [
        ({"Action": "sts:AssumeRole", "Resource": "*"}, "sts:AssumeRole"),
        ({"Action": "sts:*", "Resource": [OWN, f"{ROLE}backdoor"]}, "sts:AssumeRole"),
        ({"Action": "sts:AssumeRole", "Resource": f"{OWN}*"}, "sts:AssumeRole"),
        ({"Action": "sts:AssumeRole", "NotResource": OWN}, "sts:AssumeRole"),
        ({"Action": "iam:Create*", "Resource": "*"}, "iam:CreateAccessKey"),
        ({"NotAction": "s3:*", "Resource": "arn:aws:iam::*:user/*"}, "iam:PutUserPolicy"),
        ({"Action": "cognito-idp:*", "Resource": "*"}, "cognito-idp:AdminUpdateUserAttributes"),
    ],
)
def test_what_lets_a_session_become_another_is_a_warning(
    warnings: Warnings, allow: Mapping[str, Any], action: str
) -> None:
    statement = {"Sid": "Wide", "Effect": "Allow", **allow}
    assert any("(Wide)" in s and f"`{action}`" in s for s in warnings({"identity": [statement]}))


@pytest.mark.parametrize(
    "case",
    [
        {},
        {"identity": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": OWN}]},
        {"identity": [{"Effect": "Deny", "Action": "sts:AssumeRole", "Resource": "*"}]},
    ],
)
def test_the_pools_own_documents_need_no_warning(
    warnings: Warnings, case: Mapping[str, Any]
) -> None:
    assert warnings(case) == []
