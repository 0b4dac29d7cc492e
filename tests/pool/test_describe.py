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


@pytest.mark.parametrize(
    ("changes", "planned", "done"),
    [
        ((), "nothing to do", "nothing to do"),
        ((Change.DELETE,) * 2, "2 to delete", "2 deleted"),
        (
            (Change.CREATE, Change.ADOPT, Change.UPDATE),
            "1 to adopt, 1 to create, 1 to update",
            "1 adopted, 1 created, 1 updated",
        ),
    ],
)
def test_a_summary_counts_each_kind(changes: tuple[Change, ...], planned: str, done: str) -> None:
    steps = tuple(Step(change, "role `r`", "because", (), lambda _: None) for change in changes)

    assert describe.summary(steps) == planned
    assert describe.summary(steps, done=True) == done
