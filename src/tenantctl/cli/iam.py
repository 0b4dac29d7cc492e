"""`tenantctl iam`: ask IAM's evaluation logic, without an account."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(
    name="iam", help="Decide requests as IAM does, and say why.", no_args_is_help=True
)


@app.command("simulate")
def simulate_command(
    cases: Annotated[str, typer.Argument(help="JSON lines, one case each; - is stdin.")],
) -> None:
    """Answer every case with a line of JSON; exit with 1 when one was malformed."""
    from tenantctl.cli.simulate import simulate

    raise typer.Exit(simulate(cases))
