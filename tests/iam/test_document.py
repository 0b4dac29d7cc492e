"""Every row of tests/cases/iam/documents.yaml, and what no row can hold."""

from __future__ import annotations

import json
import pickle
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tenantctl.errors import PolicyInvalidError
from tenantctl.iam.document import Kind, read
from tenantctl.iam.evaluate import Policies, evaluate
from tenantctl.iam.json_text import line_of, parse
from tenantctl.iam.request import Principal, Request

CASES = Path(__file__).parents[1] / "cases" / "iam" / "documents.yaml"
DATA: dict[str, list[dict[str, Any]]] = yaml.safe_load(CASES.read_text(encoding="utf-8"))


def rows(which: str) -> list[Any]:
    return [
        pytest.param(row, id=f"{row.get('kind', 'identity')}-{row['why']}")
        for group in DATA[which]
        for row in group["rows"]
    ]


@pytest.mark.parametrize("row", rows("refused"))
def test_refused(row: dict[str, Any]) -> None:
    with pytest.raises(PolicyInvalidError) as caught:
        read(row["text"], name="p.json", kind=Kind(row.get("kind", "identity")))
    assert str(caught.value.place) == row["at"]
    assert row["says"] in caught.value.message
    assert caught.value.message[0].islower() or caught.value.message[0] == "`"
    assert not caught.value.message.endswith(".")


@pytest.mark.parametrize("row", rows("accepted"))
def test_accepted(row: dict[str, Any]) -> None:
    kind = Kind(row.get("kind", "identity"))
    from_text = read(row["text"], name="p.json", kind=kind)
    assert from_text.statements
    assert pickle.loads(pickle.dumps(from_text)) == from_text  # noqa: S301 - our own bytes


def test_every_case_names_its_source() -> None:
    groups = [*DATA["refused"], *DATA["accepted"]]
    assert all(group["source"].startswith("https://docs.aws.amazon.com/") for group in groups)


def test_text_and_object_read_the_same() -> None:
    source = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Deny",
            "NotAction": ("s3:*",),
            "NotResource": ["arn:aws:s3:::b/${aws:username}?*"],
            "Condition": {"Bool": {"aws:SecureTransport": False}, "Null": {"a:b": "true"}},
        },
    }
    as_object = read(source, name="p.json", kind=Kind.IDENTITY)
    assert read(json.dumps(source), name="p.json", kind=Kind.IDENTITY) == as_object


def test_statements_are_named_by_sid_or_index(session: Principal) -> None:
    source = {
        "Statement": [
            {"Sid": "First", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"},
            {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"},
        ]
    }
    policies = Policies((read(source, name="identity/tvm.json", kind=Kind.IDENTITY),))
    named = [
        evaluate(Request(session, action, "arn:aws:s3:::b/k", {}), policies).decided_by[0]
        for action in ("s3:GetObject", "s3:PutObject")
    ]
    assert [(d.document, d.statement) for d in named] == [
        ("identity/tvm.json", "First"),
        ("identity/tvm.json", "1"),
    ]


HOSTILE = {
    "deep": "[" * 200_000,
    "deep objects": '{"Statement":' * 100_000,
    "a long text": json.dumps({"Statement": {"Effect": "x" * 1_000_000}}),
    "a long action": json.dumps(
        {"Statement": {"Effect": "Allow", "Action": "s3:" + "*a" * 500_000, "Resource": "*"}}
    ),
    "a huge number": '{"Version": ' + "9" * 1_000_000 + "}",
    "an unclosed text": '{"Version": "' + "\\\\" * 500_000,
    "surrogates": '{"Statement": {"Effect": "\\ud800", "\\udfff": 1}}',
    "NUL": '{"Statement": {"Effect": "\\u0000"}}',
    "many keys, one twice": "{"
    + ",".join(f'"k{i}": {{"a": [{i}]}}' for i in range(50_000))
    + ', "k7": 1}',
    "too long": " " * 5_000_000,
}


@pytest.mark.timeout(10)
@pytest.mark.parametrize("text", list(HOSTILE.values()), ids=list(HOSTILE))
def test_hostile_text_is_refused_soon(text: str) -> None:
    with pytest.raises(PolicyInvalidError) as caught:
        read(text, name="p.json", kind=Kind.IDENTITY)
    shown = str(caught.value)
    assert len(shown) < 400
    assert shown.encode("utf-8")  # printable, whatever the document held


JSON = st.recursive(
    st.none() | st.booleans() | st.text(max_size=5) | st.integers(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["Statement", "Effect", "Action", "Condition", "Resource", "Principal"])
            | st.text(max_size=3),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON, st.sampled_from(Kind))
def test_any_json_is_read_or_refused(value: object, kind: Kind) -> None:
    # Anything but a PolicyInvalidError would leave the block, and fail the test.
    with suppress(PolicyInvalidError):
        assert read(json.dumps(value), name="p.json", kind=kind).statements


def paths(value: object, at: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found: list[tuple[str | int, ...]] = []
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for step, inner in items:
        found += [(*at, step), *paths(inner, (*at, step))]
    return found


@given(JSON)
def test_every_path_has_its_line(value: object) -> None:
    text = json.dumps(value, indent=1)  # one key or item a line
    parse(text)
    lines = [line_of(text, path) for path in paths(value)]
    assert None not in lines
    assert lines == sorted(lines, key=lambda line: line or 0)
    assert len(set(lines)) == len(lines)
