"""`tenantctl policy rollback`."""

from __future__ import annotations

from typing import Annotated

import typer

from tenantctl.cli import console, context, params
from tenantctl.cli.policy import pushed
from tenantctl.cli.policy.places import places


def rollback_command(
    ctx: typer.Context,
    version: Annotated[
        int | None,
        typer.Argument(help="The version to go back to; default: the one before.", min=1),
    ] = None,
    *,
    dry_run: params.DryRun = False,
    yes: params.Yes = False,
    overwrite_drift: pushed.OverwriteDrift = False,
    take_over: pushed.TakeOver = False,
    output: params.Output = params.Format.TABLE,
) -> None:
    """Push the policies of an earlier version again, as a new version."""
    from tenantctl.policy.rollback import roll_back, would_be_undone

    with context.of(ctx).cloud() as (names, aws):
        push = roll_back(aws, names, version)
        console.note(f"back to version {push.request.of}")
        how = pushed.How(dry_run, yes, overwrite_drift, take_over, output)
        if pushed.carry_out(ctx, aws, push, how) is None:
            return
        undone = would_be_undone(aws, names, push, places(ctx, None))
    if undone:
        console.note(
            "the reviewed folder is as it was: undo its change too (and `tenantctl policy render` "
            "it), or the next `tenantctl policy push` brings it back"
        )
