"""How a changed setting is told, so that the change itself can be seen."""

from __future__ import annotations

import pytest

from tenantctl.pool import describe
from tenantctl.pool.step import Change, Field, Step

LONG = [f"dynamodb:Action{n:02}" for n in range(20)]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (None, True, "+ set: true"),
        (True, None, "- set: true"),
        (1, 2, "~ set: 1 -> 2"),
        ([*LONG, "dynamodb:Scan"], LONG, '~ set: - ["dynamodb:Scan"]'),
        (["a", "b"], ["b", "c"], '~ set: + ["c"] - ["a"]'),
        (["a", "b"], ["b", "a"], '~ set: ["a", "b"] -> ["b", "a"]'),
    ],
)
def test_a_change_is_told_by_what_differs(old: object, new: object, told: str) -> None:
    step = Step(Change.UPDATE, "role `r`", "because", (Field("set", old, new),), lambda _: None)

    assert list(describe.lines([step])) == ["~ update role `r`: because", f"    {told}"]
