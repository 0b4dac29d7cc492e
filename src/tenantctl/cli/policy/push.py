"""`tenantctl policy push`."""

from __future__ import annotations

from typing import Annotated

import typer

from tenantctl.cli import context, params
from tenantctl.cli.policy import pushed
from tenantctl.cli.policy.places import Directory, source_of


def push_command(
    ctx: typer.Context,
    *,
    directory: Directory = None,
    dry_run: params.DryRun = False,
    yes: params.Yes = False,
    log_only: Annotated[
        bool,
        typer.Option(
            "--log-only",
            help="Create what is new in LOG_ONLY mode: traced on real calls, deciding none.",
        ),
    ] = False,
    overwrite_drift: pushed.OverwriteDrift = False,
    take_over: pushed.TakeOver = False,
    output: params.Output = params.Format.TABLE,
) -> None:
    """Bring the policy engine to what the reviewed folder says."""
    from tenantctl.policy.push import reviewed

    how = pushed.How(dry_run, yes, overwrite_drift, take_over, output)
    with context.of(ctx).cloud() as (names, aws):
        found = source_of(ctx, names, directory)
        pushed.carry_out(ctx, aws, reviewed(aws, names, found, trial=log_only), how)
