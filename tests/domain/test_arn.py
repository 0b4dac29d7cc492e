"""ARNs: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html"""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantctl.domain.arn import Arn
from tenantctl.errors import UsageError


@pytest.mark.parametrize(
    ("text", "arn"),
    [
        (
            "arn:aws:iam::123456789012:role/tvm",
            Arn("aws", "iam", "", "123456789012", "role/tvm"),
        ),
        ("arn:aws:s3:::documents/a:b/c", Arn("aws", "s3", "", "", "documents/a:b/c")),
        (
            "arn:aws-cn:lambda:cn-north-1:1:function:f:1",
            Arn("aws-cn", "lambda", "cn-north-1", "1", "function:f:1"),
        ),
    ],
)
def test_parts_and_back(text: str, arn: Arn) -> None:
    assert Arn.parse(text) == arn
    assert str(arn) == text


@pytest.mark.parametrize(
    "text", ["", "arn", "role/tvm", "arn:aws:iam", "arn:aws:s3:::", "arn::s3:::b", "ARN:aws:s3:::b"]
)
def test_what_is_no_arn(text: str) -> None:
    with pytest.raises(UsageError):
        Arn.parse(text)


@given(st.text())
def test_any_text_is_an_arn_or_a_usage_error(text: str) -> None:
    for each in (text, f"arn:{text}"):
        with contextlib.suppress(UsageError):
            assert str(Arn.parse(each)) == each
