"""The catalogue of actions is whole: every action is classed, and nothing is classed in vain."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import botocore
import pytest

from tenantctl.proof.asking.reach import Reach, catalogue, classed

TIED = {"dynamodb", "s3", "bedrock-agentcore", "bedrock", "s3vectors", "kms"}


def test_every_action_on_tenants_resources_is_classed() -> None:
    known = {name for name in catalogue() if name.partition(":")[0] in TIED}
    assert known == {name for name in classed() if name.partition(":")[0] in TIED}
    assert len(known) > 190


@pytest.mark.parametrize(
    ("action", "key", "carries"),
    [
        ("dynamodb:GetItem", "dynamodb:leadingkeys", True),
        ("dynamodb:Scan", "dynamodb:leadingkeys", False),
        ("s3:ListBucket", "s3:prefix", True),
        ("s3:ListBucketMultipartUploads", "s3:prefix", False),
        ("s3:GetObject", "s3:existingobjecttag/anything", True),
        ("bedrock-agentcore:ListMemoryRecords", "bedrock-agentcore:namespacepath", True),
        ("bedrock-agentcore:ListActors", "bedrock-agentcore:actorid", False),
    ],
)
def test_actions_carry_the_keys_of_the_reference(action: str, key: str, *, carries: bool) -> None:
    assert catalogue()[action].carries(key) is carries


def test_an_action_that_reads_or_writes_items_reaches_them() -> None:
    # Operations of botocore's model whose input names a key or an item, by another source.
    folder = Path(botocore.__file__).parent / "data" / "dynamodb"
    text = gzip.decompress(next(folder.glob("*/service-2.json.gz")).read_bytes())
    model = json.loads(text)
    for name, operation in model["operations"].items():
        shape = model["shapes"][operation["input"]["shape"]] if "input" in operation else {}
        members = set(shape.get("members", ()))
        if members & {"Key", "Item", "RequestItems", "KeyConditionExpression", "ScanFilter"}:
            assert catalogue()[f"dynamodb:{name}"].reach is not Reach.NOTHING
