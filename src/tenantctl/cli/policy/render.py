"""`tenantctl policy render`."""

from __future__ import annotations

from typing import Annotated

import typer

from tenantctl.cli import params
from tenantctl.cli.policy.places import Directory, names_of, places, show_changes
from tenantctl.errors import ExitCode


def render_command(
    ctx: typer.Context,
    *,
    directory: Directory = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 14 when a file differs.")
    ] = False,
    output: params.Output = params.Format.TABLE,
) -> None:
    """Write the policies that the configuration yields into the reviewed folder."""
    from tenantctl.cedar.rendering import folder
    from tenantctl.cedar.rendering.render import render

    home, where = places(ctx, directory)
    rendered = render(names_of(ctx), beside=home)
    done = (folder.compare if check else folder.write)(where, rendered)
    show_changes(
        [{"policy": path, "change": change.value} for path, change in done.items()], output
    )
    if check and set(done.values()) - {folder.Difference.UNCHANGED}:
        raise typer.Exit(ExitCode.DIFFERENCES)
