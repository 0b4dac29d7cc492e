"""Everything in the tables is named as botocore and AWS's own reference name it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import botocore.session
import pytest

from tenantctl.local.call import UnrecognisedError
from tenantctl.local.recognise.control import CONTROL
from tenantctl.local.recognise.knowledge import KNOWLEDGE, RETRIEVAL
from tenantctl.local.recognise.memory import MEMORY
from tenantctl.local.recognise.rules import Rule
from tenantctl.local.recognise.s3 import buckets, objects

from .conftest import Recognise

_REFERENCE = json.loads((Path(__file__).parent / "reference.json").read_text())["actions"]
_SESSION = botocore.session.get_session()
_TABLES = (
    *CONTROL.items(),
    ("bedrock-agent", KNOWLEDGE),
    ("bedrock-agent-runtime", RETRIEVAL),
    ("bedrock-agentcore", MEMORY),
)
_RULES = [
    pytest.param(service, operation, rule, id=f"{service}:{operation}")
    for service, table in _TABLES
    for operation, rule in table.items()
]


def _exists(action: str) -> bool:
    prefix, name = action.split(":")
    return name in _REFERENCE[prefix]


@pytest.mark.parametrize(("service", "operation", "rule"), _RULES)
def test_a_rule_names_an_operation_an_action_and_parameters_that_exist(
    service: str, operation: str, rule: Rule
) -> None:
    shape = _SESSION.get_service_model(service).operation_model(operation).input_shape
    members = set(shape.members) if shape else set()
    slots = set(re.findall(r"\{(\w+)\}", rule.resource or ""))
    if operation == "GetRecords":
        slots = set()  # the stream is read from the shard iterator
    assert slots <= members
    assert set(rule.passes) <= members
    assert {path.partition(".")[0] for _, path in rule.keys} <= members
    if rule.resource is not None:
        assert _exists(rule.action)


@pytest.mark.parametrize(
    "action",
    sorted(
        {f"s3:{name}" for pair in objects.READS.values() for names in pair for name in names}
        | {f"s3:{name}" for name in buckets.OTHER_NAMES.values()}
        | {f"s3:{name}" for name in buckets.SAME_NAMES.split()}
        | {f"s3:{name}" for name in buckets.LISTINGS.values()}
    ),
)
def test_s3_actions_exist(action: str) -> None:
    assert _exists(action)


@pytest.mark.parametrize(
    "operation",
    sorted(
        set(objects.READS)
        | set(buckets.OTHER_NAMES)
        | set(buckets.SAME_NAMES.split())
        | set(buckets.LISTINGS)
    ),
)
def test_s3_operations_exist(operation: str) -> None:
    assert operation in _SESSION.get_service_model("s3").operation_names


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("iam", "CreateServiceLinkedRole"),
        ("kms", "Decrypt"),
        ("s3", "SelectObjectContent"),
        ("s3", "WriteGetObjectResponse"),
        ("dynamodb", "StartBulkPutItems"),
        ("dynamodb", "SearchVectors"),
        ("sts", "GetFederationToken"),
        ("sts", "AssumeRoleWithWebIdentity"),
        ("bedrock-agentcore", "BatchCreateMemoryRecords"),
        ("ec2", "RunInstances"),
        ("dynamodb", "NoSuchOperation"),
    ],
)
def test_what_is_not_known_is_refused_by_name(
    recognised: Recognise, service: str, operation: str
) -> None:
    with pytest.raises(UnrecognisedError, match=f"{service}:{operation}"):
        recognised(service, operation, {})
