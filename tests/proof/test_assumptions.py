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


@pytest.fixture
def assumed(
    tmp_path: Path,
    pool_of: Callable[[Any], Pool],
    write_documents: Callable[[Path, Mapping[str, Any], Pool], Path],
) -> Warnings:
    def said(case: Mapping[str, Any]) -> list[str]:
        of = pool_of({"models": case.get("models", {"basic": [], "premium": []})})
        return [*prove(*load(write_documents(tmp_path / "documents", case, of), of)).assumptions]

    return said


@pytest.mark.parametrize(
    ("action", "why"),
    [
        ("kms:ScheduleKeyDeletion", "nobody may be able to read"),
        ("kms:*", "`kms:PutKeyPolicy`, `kms:ScheduleKeyDeletion`"),
        ("s3:GetData*", "access grants"),
        ("bedrock-mantle:CreateInference", "names of models aren't compared"),
    ],
)
def test_what_might_open_more_is_a_warning(assumed: Warnings, action: str, why: str) -> None:
    statement = {"Sid": "Wide", "Effect": "Allow", "Action": action, "Resource": "*"}
    models = {"basic": [], "premium": ["amazon.nova-pro-v1:0"]}
    found = assumed({"identity": [statement], "models": models})
    assert any("warning" in s and "(Wide)" in s and why in s for s in found)


@pytest.mark.parametrize("action", ["kms:Decrypt", "kms:CreateGrant", "s3:GetObject"])
def test_what_opens_nothing_needs_no_warning(assumed: Warnings, action: str) -> None:
    statement = {"Effect": "Allow", "Action": action, "Resource": "arn:aws:s3:::somewhere-else"}
    assert not any("warning" in s for s in assumed({"identity": [statement]}))


def test_keys_access_points_and_models_are_spoken_of(assumed: Warnings) -> None:
    found = assumed({"models": {"basic": [], "premium": ["amazon.nova-pro-v1:0"]}})
    for said in ("no tenant has a key of its own", "S3 access point", "a tier's models"):
        assert any(said in s for s in found)


def test_models_are_not_spoken_of_where_every_tier_has_the_same(assumed: Warnings) -> None:
    found = assumed({"models": {"basic": ["a.b-v1:0"], "premium": ["a.b-v1:0"]}})
    assert not any("a tier's models" in s for s in found)
