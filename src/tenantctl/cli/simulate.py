"""`tenantctl iam simulate`: many cases, as a stream. It imports no typer, to start soon."""

from __future__ import annotations

import gc

from tenantctl.cli import console
from tenantctl.cli.lines import batches
from tenantctl.errors import ExitCode


def simulate(cases: str) -> int:
    """Answer every case of a file (`-` is stdin) with a line; the exit code."""
    gc.disable()  # nothing here refers to itself, and looking for it costs a twentieth
    from tenantctl.iam.simulate import Simulation

    simulation = Simulation()
    console.emit_lines(map(simulation.answer, lines) for lines in batches(cases))
    return ExitCode.FAILED if simulation.malformed else ExitCode.OK
