"""`tenantctl iam simulate`: many cases, as a stream. It imports no typer, to start soon."""

from __future__ import annotations

import gc
from pathlib import Path

from tenantctl.cli import console
from tenantctl.cli.lines import batches
from tenantctl.errors import ExitCode


def simulate(cases: str) -> int:
    """Answer every case of a file (`-` is stdin) with a line; the exit code."""
    from tenantctl.iam.simulate import Simulation

    gc.freeze()  # what is loaded by now stays; it need not be searched for garbage
    simulation = Simulation()
    console.emit_lines(map(simulation.answer, lines) for lines in batches(Path(cases)))
    return ExitCode.FAILED if simulation.malformed else ExitCode.OK
