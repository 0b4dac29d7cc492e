"""How long the program takes to say something, against a one-command typer program's `--help`."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from bench.result import Result, interleaved

LIMIT = 1.5
ROUNDS = 15

BASELINE = """\
import typer

app = typer.Typer()


@app.command()
def hello(name: str = "world") -> None:
    \"\"\"Say hello.\"\"\"
    typer.echo(f"hello {name}")


app()
"""


def _seconds(command: Sequence[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def run() -> Iterator[Result]:
    """One result each for `--help` and `--version`."""
    ours = str(Path(sys.executable).with_name("tenantctl"))
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder, "hello.py")
        program.write_text(BASELINE, "utf-8")
        baseline = [sys.executable, str(program), "--help"]
        for option in ("--help", "--version"):
            times = interleaved(
                ROUNDS, partial(_seconds, [ours, option]), partial(_seconds, baseline)
            )
            yield Result(
                f"tenantctl {option}", *times, unit="ms", at_most=LIMIT, baseline="typer --help"
            )
