"""`tenantctl policy status`."""

from __future__ import annotations

import typer

from tenantctl.cli import console, context, params
from tenantctl.cli.policy.places import Directory, source_of


def status_command(
    ctx: typer.Context,
    *,
    directory: Directory = None,
    output: params.Output = params.Format.TABLE,
) -> None:
    """Compare the policy engine with the reviewed folder; exit with 14 when they differ."""
    from tenantctl.policy.status import status

    with context.of(ctx).cloud() as (names, aws):
        found = status(aws, names, source_of(ctx, names, directory))
    if output is params.Format.JSON:
        console.emit_json(found.document())
    else:
        console.emit_table(("POLICY", "STATE", "NAME", "REASONS"), found.rows())
        for line in found.lines:
            console.note(line)
    raise typer.Exit(found.exit_code)
