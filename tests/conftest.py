"""Long files first: with one worker a core, what starts last decides when all is over."""

from __future__ import annotations

from pathlib import Path

import pytest

LONG = ("lifecycle/test_kill.py", "docs", "e2e", "probes", "cli", "lifecycle", "pool")
"""Files and directories by what they take, the longest first."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def rank(item: pytest.Item) -> int:
        where = item.path.relative_to(Path(__file__).parent).as_posix()
        return next((n for n, name in enumerate(LONG) if where.startswith(name)), len(LONG))

    items.sort(key=rank)
