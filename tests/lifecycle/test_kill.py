"""`kill -9` at random moments of `onboard batch`: the next run ends as an undisturbed one does."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tenantctl.aws.session import Aws
from tenantctl.domain.names import Names
from tenantctl.domain.pool import Pool
from tenantctl.local.connect import embedded

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
KILLS = 20
PER_STATE = 5
"""Kills before one state is brought to its end: a run may also fall into a resumed one."""

Canonical = Callable[[Aws, Names], dict[str, Any]]


class Program:
    """`tenantctl` on a state of its own."""

    def __init__(self, state: Path) -> None:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "TENANTCTL_"))}
        self.state = state
        self.environment = kept | {"XDG_STATE_HOME": str(state)}

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        config = str(ROOT / "templates" / "config" / "tenantctl.yaml")
        return subprocess.Popen(
            [sys.executable, "-m", "tenantctl", "--config", config, *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments: str) -> float:
        began = time.monotonic()
        process = self.start(*arguments)
        said, _ = process.communicate(timeout=60)
        assert process.returncode == 0, said
        return time.monotonic() - began

    def killed(self, after: float, *arguments: str) -> bool:
        """Run, and kill after so many seconds; whether the run was still going on."""
        process = self.start(*arguments)
        try:
            process.communicate(timeout=after)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return True
        return False


ONBOARD = (
    "onboard",
    "batch",
    str(EXAMPLES / "clinics.yaml"),
    "--items",
    str(EXAMPLES / "items.jsonl"),
    "--documents",
    str(EXAMPLES / "documents"),
)


@pytest.mark.slow
def test_every_kill_is_made_good_by_running_again(
    pool: Pool, canonical: Canonical, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dump(program: Program) -> dict[str, Any]:
        monkeypatch.setenv("XDG_STATE_HOME", str(program.state))
        with embedded(region=pool.region, account=pool.account) as aws:
            return canonical(aws, Names(pool, aws.account))

    base = Program(tmp_path / "base")
    base.run("pool", "apply", "--yes")
    undisturbed = Program(shutil.copytree(base.state, tmp_path / "undisturbed"))
    whole = undisturbed.run(*ONBOARD)
    expected = dump(undisturbed)
    assert len(expected["people"]["users"]) == 6
    # Reproducible moments; the program's own speed still spreads them.
    seeds = range(KILLS // PER_STATE)

    def disturbed(seed: int) -> tuple[Program, int]:
        moments = random.Random(seed)  # noqa: S311 - no secret hangs on it
        program = Program(shutil.copytree(base.state, tmp_path / f"killed-{seed}"))
        kills = sum(
            program.killed(moments.uniform(0.1, 1) * whole, *ONBOARD) for _ in range(PER_STATE)
        )
        program.run(*ONBOARD)
        return program, kills

    with ThreadPoolExecutor(2) as two:
        ended = list(two.map(disturbed, seeds))
    assert [dump(program) for program, _ in ended] == [expected] * len(seeds)
    # A run whose predecessor got far ends before its moment; every state has seen a kill, though.
    assert sum(kills for _, kills in ended) >= len(seeds)
