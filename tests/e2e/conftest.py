"""The program as a user has it: a directory, a configuration, a pool with clinics in it."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.program import EXAMPLES, Program


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory in which the examples were onboarded; to be copied, never used itself."""
    directory = tmp_path_factory.mktemp("prepared")
    program = Program(directory)
    program.ok("init")
    program.ok("pool", "apply", "--yes")
    manifest, items, documents = "clinics.yaml", "items.jsonl", "documents"
    program.ok(
        "onboard", "batch", str(EXAMPLES / manifest),
        "--items", str(EXAMPLES / items), "--documents", str(EXAMPLES / documents),
    )  # fmt: skip
    return directory


@pytest.fixture
def tenantctl(prepared: Path, tmp_path: Path) -> Program:
    """The onboarded pool, to be spoilt freely."""
    directory = tmp_path / "home"
    shutil.copytree(prepared, directory)
    return Program(directory)


@pytest.fixture(scope="module")
def shared(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Program:
    """One copy for the tests of a module that only read."""
    directory = tmp_path_factory.mktemp("shared") / "home"
    shutil.copytree(prepared, directory)
    return Program(directory)


@pytest.fixture(scope="module")
def served(shared: Program) -> Iterator[Program]:
    """The same, while `tenantctl local serve` has the state."""
    server = subprocess.Popen(
        [sys.executable, "-m", "tenantctl", "local", "serve", "--port", "0"],
        cwd=shared.directory,
        env=shared.environment,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert server.stderr is not None
    said = server.stderr.readline()
    assert "serving the embedded cloud at http://127.0.0.1:" in said, said
    yield shared
    server.send_signal(signal.SIGINT)
    deadline = time.monotonic() + 20
    while server.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    server.stderr.close()
    assert server.returncode == 0
