"""Every row of tests/cases/iam/logic.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tenantctl.iam.document import Kind, read
from tenantctl.iam.evaluate import Policies, evaluate
from tenantctl.iam.policy import Policy
from tenantctl.iam.request import Principal, PrincipalKind, Request

CASES = Path(__file__).parents[1] / "cases" / "iam" / "logic.yaml"
GROUPS: list[dict[str, Any]] = yaml.safe_load(CASES.read_text(encoding="utf-8"))
ROWS = [
    pytest.param(group, row, id=f"{group.get('action', 's3:GetObject')}-{row['why']}")
    for group in GROUPS
    for row in group["rows"]
]

OURS = "123456789012"
THEIRS = "999999999999"
NAMED: dict[str, dict[str, str]] = {
    "session": {"AWS": f"arn:aws:sts::{OURS}:assumed-role/tvm/clinic-a"},
    "other-session": {"AWS": f"arn:aws:sts::{OURS}:assumed-role/tvm/clinic-b"},
    "role": {"AWS": f"arn:aws:iam::{OURS}:role/tvm"},
    "other-role": {"AWS": f"arn:aws:iam::{OURS}:role/other"},
    "user": {"AWS": f"arn:aws:iam::{OURS}:user/path/carlos"},
    "other-user": {"AWS": f"arn:aws:iam::{OURS}:user/eve"},
    "account": {"AWS": f"arn:aws:iam::{OURS}:root"},
    "account-number": {"AWS": OURS},
    "service": {"Service": "bedrock-agentcore.amazonaws.com"},
    "other-service": {"Service": "lambda.amazonaws.com"},
    "strange-session": {"AWS": f"arn:aws:sts::{THEIRS}:assumed-role/theirs/s"},
    "strange-role": {"AWS": f"arn:aws:iam::{THEIRS}:role/theirs"},
    "strange-account": {"AWS": THEIRS},
}
CALLERS = {
    "session": Principal(
        PrincipalKind.SESSION, NAMED["session"]["AWS"], OURS, NAMED["role"]["AWS"]
    ),
    "user": Principal(PrincipalKind.USER, NAMED["user"]["AWS"], OURS),
    "root": Principal(PrincipalKind.ROOT, NAMED["account"]["AWS"], OURS),
    "service": Principal(PrincipalKind.SERVICE, NAMED["service"]["Service"]),
    "anonymous": Principal(PrincipalKind.ANONYMOUS, "*"),
    "stranger": Principal(
        PrincipalKind.SESSION,
        NAMED["strange-session"]["AWS"],
        THEIRS,
        NAMED["strange-role"]["AWS"],
    ),
}
STATEMENTS = {
    "allow": {"Effect": "Allow", "Action": "*", "Resource": "*"},
    "deny": {"Effect": "Deny", "Action": "*", "Resource": "*"},
    "silent": {"Effect": "Allow", "Action": "iam:GetUser", "Resource": "*"},
}


def own(row: dict[str, Any], name: str, kind: Kind) -> Policy | None:
    says = row.get(name, "silent" if kind is Kind.IDENTITY else "none")
    if says == "none":
        return None
    many = says if isinstance(says, list) else [says]
    source = {"Version": "2012-10-17", "Statement": [STATEMENTS[one] for one in many]}
    return read(source, name=name, kind=kind)


def principals(names: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in names:
        for kind, arn in NAMED[name].items():
            found.setdefault(kind, []).append(arn)
    return found


def statement(says: Any) -> dict[str, Any]:  # noqa: ANN401 - as YAML has it
    match says:
        case {"deny": name}:
            return {"Effect": "Deny", "Principal": "*" if name == "*" else NAMED[name]}
        case {"deny-not": names}:
            return {"Effect": "Deny", "NotPrincipal": principals(names)}
        case {"allow-not": names}:
            return {"Effect": "Allow", "NotPrincipal": principals(names)}
        case {"aws": name}:
            return {"Effect": "Allow", "Principal": {"AWS": name}}
        case "*":
            return {"Effect": "Allow", "Principal": "*"}
    return {"Effect": "Allow", "Principal": NAMED[says]}


def attached(row: dict[str, Any], action: str) -> Policy | None:
    body: dict[str, Any]
    if "trust" in row:
        body = {**statement(row["trust"]), "Action": row.get("trust_action", action)}
        source = {"Version": "2012-10-17", "Statement": body}
        return read(source, name="trust", kind=Kind.TRUST)
    if "resource" in row:
        body = {**statement(row["resource"]), "Action": "*", "Resource": "*"}
        source = {"Version": "2012-10-17", "Statement": body}
        return read(source, name="resource", kind=Kind.RESOURCE)
    return None


@pytest.mark.parametrize(("group", "row"), ROWS)
def test_logic(group: dict[str, Any], row: dict[str, Any]) -> None:
    action = group.get("action", "dynamodb:GetItem")
    identity = own(row, "identity", Kind.IDENTITY)
    policies = Policies(
        () if identity is None else (identity,),
        own(row, "boundary", Kind.BOUNDARY),
        own(row, "session", Kind.SESSION),
        attached(row, action),
    )
    arn = f"arn:aws:dynamodb:us-east-1:{OURS}:table/t"
    if action.startswith("sts:"):
        arn = f"arn:aws:iam::{OURS}:role/target"
    bucket = "bucket" in row
    request = Request(
        CALLERS[row.get("caller", "session")],
        action,
        "arn:aws:s3:::b/k" if bucket else arn,
        {},
        resource_account=OURS if bucket else "",
    )
    decision = evaluate(request, policies)
    assert decision.verdict == row["expect"]
    assert [d.document for d in decision.decided_by] == row.get("by", [])


def test_every_case_names_its_source() -> None:
    assert all(group["source"].startswith("https://docs.aws.amazon.com/") for group in GROUPS)
