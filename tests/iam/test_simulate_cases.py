"""The conformance cases of tests/cases/iam, asked as `iam simulate` is asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tenantctl.iam.simulate import Simulation

CASES = Path(__file__).parents[1] / "cases" / "iam"
ACCOUNT = "123456789012"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/tvm/clinic-a"
NAMED = {
    "session": SESSION,
    "other-session": f"arn:aws:sts::{ACCOUNT}:assumed-role/tvm/clinic-b",
    "role": f"arn:aws:iam::{ACCOUNT}:role/tvm",
    "other-role": f"arn:aws:iam::{ACCOUNT}:role/other",
    "user": f"arn:aws:iam::{ACCOUNT}:user/path/carlos",
    "other-user": f"arn:aws:iam::{ACCOUNT}:user/eve",
    "account": f"arn:aws:iam::{ACCOUNT}:root",
    "account-number": ACCOUNT,
}
EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}
Asked = tuple[dict[str, Any], str]


def rows(name: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    groups = yaml.safe_load((CASES / f"{name}.yaml").read_text(encoding="utf-8"))
    return [(group, row) for group in groups for row in group["rows"]]


def case(why: str, document: object, **members: object) -> dict[str, Any]:
    return {
        "id": why,
        "principal": SESSION,
        "action": "s3:GetObject",
        "resource": "arn:aws:s3:::b/k",
        "context": {},
        "identity": [document],
        **members,
    }


def of_conditions() -> Iterator[Asked]:
    for group, row in rows("conditions"):
        context = dict(row.get("with", {}))
        if "given" in row:
            context["test:Key"] = row["given"]
        condition = {group["operator"]: {"test:Key": row["values"]}}
        for effect in ("Allow", "Deny"):
            conditional = {**EVERYTHING, "Effect": effect, "Condition": condition}
            document: dict[str, Any] = {"Statement": [conditional]}
            if effect == "Deny":
                document["Statement"].append(EVERYTHING)
            if (version := group.get("version", "2012-10-17")) != "none":
                document["Version"] = version
            held = "allowed" if effect == "Allow" else "explicit_deny"
            failed = "implicit_deny" if effect == "Allow" else "allowed"
            doubtful = "implicit_deny" if effect == "Allow" else "explicit_deny"
            expected = {True: held, False: failed, "doubt": doubtful, "error": "error"}
            yield case(row["why"], document, context=context), expected[row["holds"]]


def of_matching() -> Iterator[Asked]:
    for group, row in rows("matching"):
        element = group["element"]
        other = {"Resource": "*"} if element.endswith("Action") else {"Action": "*"}
        statement = {"Effect": "Allow", element: row["value"], **other}
        members = {name: row[name] for name in ("action", "resource") if name in row}
        document = {"Version": "2012-10-17", "Statement": statement}
        expected = {True: "allowed", False: "implicit_deny", "error": "error"}[row["covers"]]
        yield case(row["why"], document, context=row.get("with", {}), **members), expected


def statements(says: str | list[str]) -> dict[str, Any]:
    each = {
        "allow": EVERYTHING,
        "deny": {**EVERYTHING, "Effect": "Deny"},
        "silent": {**EVERYTHING, "Action": "iam:GetUser"},
    }
    many = says if isinstance(says, list) else [says]
    return {"Version": "2012-10-17", "Statement": [each[one] for one in many]}


def whom(says: object) -> dict[str, Any] | None:
    """Effect and principal of a resource policy; `None` where a case can't say it."""
    match says:
        case str():
            named: object = says
            element, effect = "Principal", "Allow"
        case {"deny": named}:
            element, effect = "Principal", "Deny"
        case {"deny-not": named}:
            element, effect = "NotPrincipal", "Deny"
        case {"allow-not": named}:
            element, effect = "NotPrincipal", "Allow"
        case _:
            return None
    names: list[str] = named if isinstance(named, list) else [str(named)]
    if names == ["*"]:
        return {"Effect": effect, element: "*"}
    if not set(names) <= set(NAMED):
        return None
    return {"Effect": effect, element: {"AWS": [NAMED[name] for name in names]}}


def of_logic() -> Iterator[Asked]:
    """Cases know sessions and users of one account, so the rows of others are left out."""
    for group, row in rows("logic"):
        caller = row.get("caller", "session")
        if caller not in {"session", "user"}:
            continue
        action = group.get("action", "dynamodb:GetItem")
        trusting = action.startswith("sts:")
        resource = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/t"
        members: dict[str, Any] = {
            name: statements(row[name])
            for name in ("boundary", "session")
            if row.get(name, "none") != "none"
        }
        for name in {"trust", "resource"} & set(row):
            body = whom(row[name])
            if body is None:
                break
            extra = {"Action": row.get("trust_action", action)} if name == "trust" else EVERYTHING
            members["resource_policy"] = {
                "Version": "2012-10-17",
                "Statement": {**extra, **body},
            }
        else:
            own = row.get("identity", "silent")
            members["identity"] = [] if own == "none" else [statements(own)]
            members["principal"] = NAMED[caller]
            members["resource"] = f"arn:aws:iam::{ACCOUNT}:role/target" if trusting else resource
            yield case(row["why"], None, **{"action": action, **members}), row["expect"]


def of_documents() -> Iterator[tuple[str, str]]:
    """Lines with a document that is refused, written into them as it is; a case has no trust."""
    groups = yaml.safe_load((CASES / "documents.yaml").read_text(encoding="utf-8"))["refused"]
    for row in (row for group in groups for row in group["rows"]):
        kind = row.get("kind", "identity")
        if kind == "trust" or not row["text"]:
            continue
        members = case(row["why"], statements("allow"))
        at = "resource_policy" if kind == "resource" else kind
        members[at] = ["#"] if at == "identity" else "#"
        text = " ".join(row["text"].splitlines())
        yield row["why"], json.dumps(members).replace('"#"', text)


ASKED = [*of_conditions(), *of_matching(), *of_logic()]


@pytest.mark.parametrize(("asked", "expected"), ASKED, ids=[a["id"] for a, _ in ASKED])
def test_conforms(asked: dict[str, Any], expected: str) -> None:
    found = json.loads(Simulation().answer(json.dumps(asked).encode()))
    assert found.get("decision", "error") == expected, found
    assert found["id"] == asked["id"]


def test_one_simulation_answers_all_cases_alike() -> None:
    simulation = Simulation()
    lines = [json.dumps(asked).encode() for asked, _ in ASKED]
    for _ in range(2):
        found = [json.loads(simulation.answer(line)) for line in lines]
        assert [f.get("decision", "error") for f in found] == [e for _, e in ASKED]


def test_most_cases_can_be_asked() -> None:
    assert len(ASKED) > 700


DOCUMENTS = list(of_documents())


@pytest.mark.parametrize(("why", "line"), DOCUMENTS, ids=[why for why, _ in DOCUMENTS])
def test_refused_documents_are_malformed_cases(why: str, line: str) -> None:
    found = json.loads(Simulation().answer(line.encode()))
    assert set(found) == {"id", "error"}, (why, found)
