"""Templates beyond the cases: JSON, every part unknown in turn, functions one by one."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.sources.conftest import CASES, report

from tenantctl.domain.finding import Outcome
from tenantctl.domain.names import Names
from tenantctl.domain.pool import Pool
from tenantctl.errors import ConfigError, PolicyInvalidError
from tenantctl.sources.intrinsic import SHORT_FORMS
from tenantctl.sources.partial import Unknown
from tenantctl.sources.template import Template
from tenantctl.sources.tree import tree

UNKNOWN = {"Fn::ImportValue": "elsewhere"}
HARMLESS = {"PolicyName", "ManagedPolicyName"}
"""What names a policy, and says nothing of what it allows."""


def _template() -> dict[str, Any]:
    read = tree(CASES / "template.yaml", tags=SHORT_FORMS, limit=100_000, hint="")
    made: dict[str, Any] = json.loads(json.dumps(read.root))
    return made


def _leaves(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    functions = isinstance(value, dict) and any(k == "Ref" or k.startswith("Fn::") for k in value)
    if isinstance(value, dict) and not functions:
        for key, inside in value.items():
            yield from _leaves(inside, (*path, key))
    if isinstance(value, list):
        for index, inside in enumerate(value):
            yield from _leaves(inside, (*path, index))
    if path:
        yield path


def _parts() -> list[tuple[Any, ...]]:
    resources = _template()["Resources"]
    decisive = ("VendingRole", "Buckets", "Boundary", "DocumentsPolicy")
    of_role = [
        (logical, "Properties", *path)
        for logical in decisive
        for path in _leaves(resources[logical]["Properties"])
    ]
    of_table = [
        ("Records", "Properties", "ResourcePolicy", *path)
        for path in _leaves(resources["Records"]["Properties"]["ResourcePolicy"])
    ]
    return [path for path in (*of_role, *of_table) if path[-1] not in HARMLESS]


@pytest.mark.parametrize("path", _parts(), ids=lambda p: ".".join(map(str, p)))
def test_nothing_is_isolated_over_a_part_that_is_unknown(
    path: tuple[Any, ...], tmp_path: Path, pool: Pool
) -> None:
    made = copy.deepcopy(_template())
    inside = made["Resources"]
    for step in path[:-1]:
        inside = inside[step]
    inside[path[-1]] = UNKNOWN
    file = tmp_path / "template.json"
    file.write_text(json.dumps(made), encoding="utf-8")
    try:
        found = report(file, pool)
    except PolicyInvalidError:
        assert path[-1] in {"RoleName", "Bucket"}
        return
    assert found.verdict is Outcome.INCONCLUSIVE
    (named,) = (f for f in found.findings if f.rule == "SOURCE-UNREAD")
    assert "`Fn::ImportValue` `elsewhere`" in named.message


def test_json_is_read_as_yaml_is(tmp_path: Path, pool: Pool) -> None:
    file = tmp_path / "template.json"
    file.write_text(json.dumps(_template(), indent="\t"), encoding="utf-8")
    assert report(file, pool) == report(CASES / "template.yaml", pool)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"Resources": {}, "Resources": {}}', "template:1: Resources: the same key twice"),
        ('{"Resources":\n {"A": 1}}', "template:2: Resources.A: an object is expected here"),
        ('{"Resources":\n ]}', "template:2: no JSON"),
        ("[]", "an object is expected"),
        ("", "an object is expected"),
        ("Resources:\n  A: !Ref\n    - x\n   - y", "template:"),
        ("Resources:\n  A: &a\n    B: !Sub x\n  C: *b", "template:"),
    ],
)
def test_what_is_no_template_is_refused_with_its_place(
    text: str, said: str, tmp_path: Path, pool: Pool
) -> None:
    file = tmp_path / "template"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        report(file, pool)
    assert said in str(caught.value)


FUNCTIONS = """
Parameters:
  One: {Type: String, Default: one}
  Few: {Type: List<Number>, Default: "1, 2"}
  Secret: {Type: String, Default: hidden, NoEcho: true}
Mappings:
  M: {a: {b: c, d: [e, f]}}
Resources:
  Table: {Type: "AWS::DynamoDB::Table", Properties: {TableName: t}}
  Bucket: {Type: "AWS::S3::Bucket", Properties: {BucketName: b}}
  Role: {Type: "AWS::IAM::Role", Properties: {RoleName: r, Path: /p/}}
  Policy: {Type: "AWS::IAM::ManagedPolicy", Properties: {ManagedPolicyName: m}}
  Nameless: {Type: "AWS::IAM::Role"}
  Queue: {Type: "AWS::SQS::Queue"}
  Value: {Type: "X", Properties: {V: %s}}
"""


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("!Ref One", "one"),
        ("!Ref Few", ["1", "2"]),
        ("!Ref Secret", "hidden"),
        ("!Ref Table", "t"),
        ("!Ref Bucket", "b"),
        ("!Ref Role", "r"),
        ("!Ref Policy", "arn:aws:iam::123456789012:policy/m"),
        ("!Ref AWS::AccountId", "123456789012"),
        ("!Ref AWS::Partition", "aws"),
        ("!Ref AWS::URLSuffix", "amazonaws.com"),
        ("!Ref AWS::NoValue", None),
        ("!GetAtt Table.Arn", "arn:aws:dynamodb:us-east-1:123456789012:table/t"),
        ("!GetAtt [Bucket, Arn]", "arn:aws:s3:::b"),
        ("!GetAtt Role.Arn", "arn:aws:iam::123456789012:role/p/r"),
        ("!Sub '${One}-${Table}-${AWS::Region}'", "one-t-us-east-1"),
        ("!Sub '${Bucket.Arn}/${!aws:PrincipalTag/X}'", "arn:aws:s3:::b/${aws:PrincipalTag/X}"),
        ("!Sub '${!*}'", "${*}"),
        ("!Sub ['${One}${Two}', {One: 1, Two: !Ref One}]", "1one"),
        ("'${aws:PrincipalTag/X}'", "${aws:PrincipalTag/X}"),
        ("!Join ['/', [a, !Ref AWS::NoValue, !Ref One]]", "a/one"),
        ("!Join [',', !Ref Few]", "1,2"),
        ("!Select [1, !Split ['-', a-b]]", "b"),
        ("!Select [1, !FindInMap [M, a, d]]", "f"),
        ("!FindInMap [M, a, b]", "c"),
        ("[x, !Ref AWS::NoValue]", ["x"]),
        ("{a: !Ref AWS::NoValue, b: 012, c: 12, d: false}", {"b": "012", "c": "12", "d": False}),
    ],
)  # fmt: skip
def test_functions_are_resolved(written: str, value: object, tmp_path: Path, pool: Pool) -> None:
    assert _value(written, tmp_path, pool) == value


@pytest.mark.parametrize(
    "written",
    [
        "!Ref Nobody",
        "!Ref Nameless",
        "!Ref Queue",
        "!Ref AWS::StackName",
        "!GetAtt Nameless.Arn",
        "!GetAtt Queue.Arn",
        "!GetAtt Table.StreamArn",
        "!GetAtt Nobody.Arn",
        "!Sub '${Nameless}'",
        "!Sub '${Queue.Arn}'",
        "!Join ['', !Cidr [a]]",
        "!Join ['', [!ImportValue x]]",
        "!Select [0, !GetAZs '']",
        "!Split [',', !ImportValue x]",
        "!FindInMap [M, a, z]",
        "!FindInMap [M, !Ref Nobody, z]",
        "!If [c, a, b]",
        "!Base64 x",
        "{'Fn::Sub': x, 'Fn::Join': y}",
        "'{{resolve:secretsmanager:x}}'",
    ],
)
def test_what_a_template_does_not_decide_is_unknown(
    written: str, tmp_path: Path, pool: Pool
) -> None:
    assert isinstance(_value(written, tmp_path, pool), Unknown)


@pytest.mark.parametrize(
    "written",
    ["!Sub [a]", "!Sub '${a b}'", "!Join x", "!Join ['', [{a: b}]]", "!Select [9, [a]]",
     "!Select [x, [a]]", "!Split ['', x]", "!GetAtt [x]", "!Ref [x]"],
)  # fmt: skip
def test_what_cloudformation_refuses_is_refused(written: str, tmp_path: Path, pool: Pool) -> None:
    with pytest.raises(PolicyInvalidError) as caught:
        _value(written, tmp_path, pool)
    assert caught.value.place is not None
    assert caught.value.place.line == 15


def _value(written: str, tmp_path: Path, pool: Pool) -> object:
    file = tmp_path / "template"
    file.write_text(FUNCTIONS % written, encoding="utf-8")
    read = tree(file, tags=SHORT_FORMS, limit=100_000, hint="")
    return Template(read, Names(pool, "123456789012")).property("Value", "V")


def test_a_hidden_default_is_not_told(tmp_path: Path, pool: Pool) -> None:
    file = tmp_path / "template"
    file.write_text(FUNCTIONS % "!Ref Secret", encoding="utf-8")
    template = Template(
        tree(file, tags=SHORT_FORMS, limit=100_000, hint=""), Names(pool, "123456789012")
    )
    assert template.property("Value", "V") == "hidden"
    assert not [note for note in template.notes if "hidden" in note]
