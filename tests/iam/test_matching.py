"""Every row of tests/cases/iam/matching.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tenantctl.errors import PolicyInvalidError
from tenantctl.iam.document import Kind, read
from tenantctl.iam.evaluate import Policies, evaluate
from tenantctl.iam.request import Principal, Request, context

CASES = Path(__file__).parents[1] / "cases" / "iam" / "matching.yaml"
GROUPS: list[dict[str, Any]] = yaml.safe_load(CASES.read_text(encoding="utf-8"))
ROWS = [
    pytest.param(group["element"], row, id=f"{group['element']}-{row['why']}")
    for group in GROUPS
    for row in group["rows"]
]


@pytest.mark.parametrize(("element", "row"), ROWS)
def test_statement_covers(element: str, row: dict[str, Any], session: Principal) -> None:
    other = {"Resource": "*"} if element.endswith("Action") else {"Action": "*"}
    source = {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", element: row["value"], **other},
    }
    if row["covers"] == "error":
        with pytest.raises(PolicyInvalidError, match=element):
            read(source, name="x.json", kind=Kind.IDENTITY)
        return
    policies = Policies((read(source, name="x.json", kind=Kind.IDENTITY),))
    request = Request(
        session,
        row.get("action", "s3:GetObject"),
        row.get("resource", "arn:aws:s3:::b/k"),
        context(row.get("with", {})),
    )
    assert evaluate(request, policies).allowed is row["covers"]


def test_every_case_names_its_source() -> None:
    assert all(group["source"].startswith("https://docs.aws.amazon.com/") for group in GROUPS)
