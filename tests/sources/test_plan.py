"""Plans and states beyond the cases: parts unknown in turn, modules, instances, what exists."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.sources.conftest import CASES, report

from tenantctl.domain.finding import Outcome, Report
from tenantctl.domain.pool import Pool
from tenantctl.errors import ConfigError

OPEN = json.dumps(
    {"Statement": {"Sid": "Open", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}}
)
ROLE = "module.vending.aws_iam_role.vending"
DECISIVE = {
    ROLE: ("assume_role_policy", "permissions_boundary", "path"),
    "module.vending.aws_iam_role_policy.tables": ("policy", "role"),
    "module.vending.aws_iam_policy.buckets": ("policy",),
    "module.vending.aws_iam_policy.boundary": ("policy",),
    "module.vending.aws_iam_role_policy_attachment.buckets": ("role", "policy_arn"),
    "aws_s3_bucket_policy.documents": ("policy", "bucket"),
    "aws_dynamodb_resource_policy.records": ("policy", "resource_arn"),
}


@pytest.fixture
def made() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((CASES / "plan.json").read_text(encoding="utf-8"))
    return found


def _proved(made: Mapping[str, Any], directory: Path, pool: Pool) -> Report:
    path = directory / "plan.json"
    path.write_text(json.dumps(made), encoding="utf-8")
    return report(path, pool)


def _module(made: Mapping[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = made["planned_values"]["root_module"]["child_modules"][0][
        "resources"
    ]
    return found


def _of(made: Mapping[str, Any], address: str) -> dict[str, Any]:
    every = [*made["planned_values"]["root_module"]["resources"], *_module(made)]
    (found,) = (r for r in every if r["address"] == address)
    assert isinstance(found, dict)
    return found


def _change(made: Mapping[str, Any], address: str) -> dict[str, Any]:
    (found,) = (c["change"] for c in made["resource_changes"] if c["address"] == address)
    assert isinstance(found, dict)
    return found


def _configured(made: Mapping[str, Any], address: str) -> dict[str, Any]:
    root = made["configuration"]["root_module"]
    every = [*root["resources"], *root["module_calls"]["vending"]["module"]["resources"]]
    (found,) = (r["expressions"] for r in every if address.endswith(r["address"]))
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("references", [None, ["each.value"], ["local.it"], ["module.it.out"]])
@pytest.mark.parametrize("part", [(at, name) for at, some in DECISIVE.items() for name in some])
def test_nothing_is_isolated_over_a_part_that_is_unknown(
    made: dict[str, Any],
    part: tuple[str, str],
    references: list[str] | None,
    tmp_path: Path,
    pool: Pool,
) -> None:
    address, name = part
    _of(made, address)["values"].pop(name, None)
    _change(made, address)["after_unknown"][name] = True
    _configured(made, address)[name] = {} if references is None else {"references": references}
    found = _proved(made, tmp_path, pool)
    assert found.verdict is Outcome.INCONCLUSIVE
    (named,) = (f for f in found.findings if f.rule == "SOURCE-UNREAD")
    assert f"{address}.{name}" in named.message


def test_a_state_is_read_as_a_plan_is(made: dict[str, Any], tmp_path: Path, pool: Pool) -> None:
    root = made["planned_values"]["root_module"]
    state = {"format_version": "1.0", "values": {"root_module": root}}
    _of(made, ROLE)["values"]["inline_policy"] = [{"name": "open", "policy": OPEN}]
    for resource in _module(made):
        if resource["type"] == "aws_iam_role_policy":
            resource["values"]["role"] = "clinic-agent-tvm"
    found = _proved(state, tmp_path, pool)
    assert found.verdict is Outcome.BREACH


def _existing(made: dict[str, Any]) -> dict[str, Any]:
    """The same plan on a role that exists: what the provider found stands among the values."""
    _change(made, ROLE)["after_unknown"] = {"permissions_boundary": True}
    values: dict[str, Any] = _of(made, ROLE)["values"]
    values["inline_policy"] = [{"name": "tables", "policy": OPEN}]
    return values


def test_an_inline_policy_that_the_plan_replaces_is_not_read(
    made: dict[str, Any], tmp_path: Path, pool: Pool
) -> None:
    _existing(made)
    assert _proved(made, tmp_path, pool).verdict is Outcome.ISOLATED


def test_an_inline_policy_that_nobody_replaces_is_read(
    made: dict[str, Any], tmp_path: Path, pool: Pool
) -> None:
    _existing(made)["inline_policy"][0]["name"] = "by-hand"
    assert _proved(made, tmp_path, pool).verdict is Outcome.BREACH


def test_an_inline_policy_of_another_role_replaces_none_of_ours(
    made: dict[str, Any], tmp_path: Path, pool: Pool
) -> None:
    _existing(made)["inline_policy"][0]["name"] = "other"
    values = {"name": "other", "policy": OPEN, "role": "somebody"}
    address = "aws_iam_role_policy.other"
    made["planned_values"]["root_module"]["resources"].append(
        {"address": address, "mode": "managed", "type": "aws_iam_role_policy", "name": "other",
         "values": values}
    )  # fmt: skip
    assert _proved(made, tmp_path, pool).verdict is Outcome.BREACH


def test_a_managed_policy_that_the_plan_detaches_is_not_read(
    made: dict[str, Any], tmp_path: Path, pool: Pool
) -> None:
    arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    _existing(made)["managed_policy_arns"] = [arn]
    assert _proved(made, tmp_path, pool).verdict is Outcome.INCONCLUSIVE
    gone = {"role": "clinic-agent-tvm", "policy_arn": arn}
    made["prior_state"] = {"values": {"root_module": {"resources": [
        {"address": "aws_iam_role_policy_attachment.old", "mode": "managed",
         "type": "aws_iam_role_policy_attachment", "name": "old", "values": gone}
    ]}}}  # fmt: skip
    assert _proved(made, tmp_path, pool).verdict is Outcome.ISOLATED
    gone["role"] = "somebody"
    assert _proved(made, tmp_path, pool).verdict is Outcome.INCONCLUSIVE


def test_a_policy_that_was_looked_up_is_read(
    made: dict[str, Any], tmp_path: Path, pool: Pool
) -> None:
    arn = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    made["prior_state"] = {"values": {"root_module": {"resources": [
        {"address": "data.aws_iam_policy.s3", "mode": "data", "type": "aws_iam_policy",
         "name": "s3", "values": {"arn": arn, "name": "AmazonS3ReadOnlyAccess", "policy": OPEN}}
    ]}}}  # fmt: skip
    attached = "module.vending.aws_iam_role_policy_attachment.buckets"
    _of(made, attached)["values"]["policy_arn"] = arn
    _change(made, attached)["after_unknown"] = {}
    found = _proved(made, tmp_path, pool)
    documents = {
        d.document for f in found.findings if f.outcome is Outcome.BREACH for d in f.decided_by
    }
    assert "data.aws_iam_policy.s3" in documents


def _for_each(made: dict[str, Any], policies: Mapping[str, str]) -> None:
    """Instances of one policy, each attached by an instance of one attachment."""
    resources = _module(made)
    unknown = {"policy_arn": True}
    for key, policy in policies.items():
        for kind, values in (
            ("aws_iam_policy", {"name": key, "path": "/", "policy": policy}),
            ("aws_iam_role_policy_attachment", {"role": "clinic-agent-tvm"}),
        ):
            address = f'module.vending.{kind}.each["{key}"]'
            resources.append({"address": address, "mode": "managed", "type": kind, "name": "each",
                              "index": key, "values": values})  # fmt: skip
            made["resource_changes"].append(
                {"address": address, "change": {"after_unknown": {"arn": True, **unknown}}}
            )


@pytest.mark.parametrize(
    ("references", "verdict"),
    [
        (['aws_iam_policy.each["a"].arn', 'aws_iam_policy.each["a"]', "aws_iam_policy.each"],
         Outcome.BREACH),
        (['aws_iam_policy.each["b"].arn', 'aws_iam_policy.each["b"]', "aws_iam_policy.each"],
         Outcome.ISOLATED),
        (["aws_iam_policy.each", "each.key"], Outcome.INCONCLUSIVE),
        (["each.key"], Outcome.INCONCLUSIVE),
    ],
)  # fmt: skip
def test_instances_are_told_apart_by_their_index(
    made: dict[str, Any],
    references: list[str],
    verdict: Outcome,
    tmp_path: Path,
    pool: Pool,
) -> None:
    _for_each(made, {"a": OPEN, "b": OPEN.replace("Allow", "Deny")})
    calls = made["configuration"]["root_module"]["module_calls"]["vending"]["module"]["resources"]
    calls.append({"address": "aws_iam_role_policy_attachment.each",
                  "expressions": {"policy_arn": {"references": references}}})  # fmt: skip
    assert _proved(made, tmp_path, pool).verdict is verdict


def test_modules_within_modules_are_read(made: dict[str, Any], tmp_path: Path, pool: Pool) -> None:
    deep = copy.deepcopy(_of(made, "module.vending.aws_iam_role_policy.tables"))
    deep["address"] = "module.vending.module.deep[0].aws_iam_role_policy.tables"
    deep["values"] |= {"role": "clinic-agent-tvm", "policy": OPEN}
    made["planned_values"]["root_module"]["child_modules"][0]["child_modules"] = [
        {"address": "module.vending.module.deep[0]", "resources": [deep]}
    ]
    assert _proved(made, tmp_path, pool).verdict is Outcome.BREACH


@pytest.mark.parametrize(
    "made",
    [
        {},
        {"format_version": "1.2"},
        {"format_version": "1.2", "planned_values": []},
        {"format_version": "1.2", "planned_values": {"root_module": {"resources": {}}}},
        {"format_version": "1.2", "planned_values": {"root_module": {"resources": [{}]}}},
        {"format_version": "1.2", "planned_values": {"root_module": {}}, "resource_changes": 1},
    ],
)
def test_what_is_no_plan_is_refused(made: dict[str, Any], tmp_path: Path, pool: Pool) -> None:
    with pytest.raises(ConfigError, match=r"plan\.json"):
        _proved(made, tmp_path, pool)
