"""Key values: one text for each key.

Rules: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
"""

from __future__ import annotations

import contextlib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantctl.local.call import ServiceError
from tenantctl.local.recognise.dynamodb.values import key_text, number


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("1", "1"),
        ("1.0", "1"),
        ("01", "1"),
        ("+1", "1"),
        ("1e0", "1"),
        ("10E-1", "1"),
        ("-0", "0"),
        ("0.000", "0"),
        (".5", "0.5"),
        ("-00.50", "-0.5"),
        ("1e2", "100"),
        ("100", "100"),
        ("1E-3", "0.001"),
        ("9" * 38, "9" * 38),
        ("1e125", "1" + "0" * 125),
    ],
)
def test_a_number_has_one_spelling(text: str, normal: str) -> None:
    assert number(text) == normal


@pytest.mark.parametrize(
    "text",
    [
        "",
        " 1",
        "1 ",
        "1\n",
        "\u0661",
        "Infinity",
        "NaN",
        "0x1",
        "1_000",
        "1e",
        "--1",
        "1.2.3",
        "9" * 39,
        "1e126",
        "1e-131",
        "1e99999",
        "1" * 2000,
        "1e" + "9" * 500,
    ],
)
def test_what_dynamodb_takes_for_no_number_is_refused(text: str) -> None:
    with pytest.raises(ServiceError, match="ValidationException"):
        number(text)


@given(
    st.decimals(
        allow_nan=False, allow_infinity=False, places=6, min_value=-(10**20), max_value=10**20
    )
)
def test_equal_numbers_have_equal_texts(value: Decimal) -> None:
    assert (
        number(f"{value:f}")
        == number(f"{value:E}")
        == number(f"{value:f}000" if value % 1 else f"{value:f}")
    )
    assert Decimal(number(f"{value:f}")) == value


@given(st.text())
def test_any_text_is_a_number_or_a_validation_error(text: str) -> None:
    with contextlib.suppress(ServiceError):
        assert Decimal(number(text)) == Decimal(text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"S": "clinic-a"}, "clinic-a"),
        ({"S": " 1.0 "}, " 1.0 "),
        ({"S": "e\u0301"}, "e\u0301"),
        ({"N": "01.0"}, "1"),
        ({"B": b"clinic-a"}, "Y2xpbmljLWE="),
        ({"B": "Y2xpbmljLWE="}, "Y2xpbmljLWE="),
    ],
)
def test_key_texts(value: dict[str, object], text: str) -> None:
    assert key_text(value) == text


@pytest.mark.parametrize(
    "value",
    [
        {"S": ""},
        {"B": b""},
        {"B": "not base64!"},
        {"N": "x"},
        {"BOOL": True},
        {"NULL": True},
        {"SS": ["a"]},
        {"L": []},
        {"M": {}},
        {},
        {"S": "a", "N": "1"},
        {"S": 1},
        "clinic-a",
        None,
    ],
)
def test_what_cannot_be_a_key_is_refused(value: object) -> None:
    with pytest.raises(ServiceError, match="ValidationException"):
        key_text(value)
