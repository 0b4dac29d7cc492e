"""Every row of tests/cases/iam/conditions.yaml, under an Allow and under a Deny."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tenantctl.errors import PolicyInvalidError
from tenantctl.iam.conditions.operators import OPERATORS
from tenantctl.iam.decision import Verdict
from tenantctl.iam.document import Kind, read
from tenantctl.iam.evaluate import Policies, evaluate
from tenantctl.iam.request import Principal, Request, context

CASES = Path(__file__).parents[1] / "cases" / "iam" / "conditions.yaml"
GROUPS: list[dict[str, Any]] = yaml.safe_load(CASES.read_text(encoding="utf-8"))
KEY = "test:Key"


def rows() -> Iterator[Any]:
    for group in GROUPS:
        for row in group["rows"]:
            yield pytest.param(group, row, id=f"{group['operator']}-{row['why']}")


def document(group: dict[str, Any], row: dict[str, Any], effect: str) -> dict[str, object]:
    version = group.get("version", "2012-10-17")
    conditional = {
        "Sid": "Conditional",
        "Effect": effect,
        "Action": "s3:GetObject",
        "Resource": "*",
        "Condition": {group["operator"]: {KEY: row["values"]}},
    }
    always = {"Sid": "Always", "Effect": "Allow", "Action": "*", "Resource": "*"}
    made: dict[str, object] = {
        "Statement": [conditional] if effect == "Allow" else [always, conditional]
    }
    return made if version == "none" else {"Version": version, **made}


@pytest.mark.parametrize(("group", "row"), list(rows()))
@pytest.mark.parametrize("effect", ["Allow", "Deny"])
def test_condition(
    group: dict[str, Any], row: dict[str, Any], effect: str, session: Principal
) -> None:
    pairs = dict(row.get("with", {}))
    if "given" in row:
        pairs[KEY] = row["given"]
    source = document(group, row, effect)
    if row["holds"] == "error":
        with pytest.raises(PolicyInvalidError) as caught:
            read(source, name="identity/x.json", kind=Kind.IDENTITY)
        assert caught.value.place is not None
        assert "Condition." in str(caught.value.place.key)
        return
    policy = read(source, name="identity/x.json", kind=Kind.IDENTITY)
    request = Request(session, "s3:GetObject", "arn:aws:s3:::b/k", context(pairs))
    verdict = evaluate(request, Policies((policy,))).verdict
    if effect == "Allow":
        expected = Verdict.ALLOWED if row["holds"] is True else Verdict.IMPLICIT_DENY
    else:
        expected = Verdict.ALLOWED if row["holds"] is False else Verdict.EXPLICIT_DENY
    assert verdict is expected


def test_every_operator_has_a_case() -> None:
    tried = {group["operator"] for group in GROUPS}
    assert set(OPERATORS) | {"Null"} <= tried


def test_every_case_names_its_source() -> None:
    assert all(
        group["source"].startswith("https://docs.aws.amazon.com/") and group["rows"]
        for group in GROUPS
    )
