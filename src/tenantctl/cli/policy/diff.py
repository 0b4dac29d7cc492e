"""`tenantctl policy diff`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tenantctl.cli import console, context, params
from tenantctl.cli.policy.places import Directory, names_of, places, source_of, tenants_touched
from tenantctl.errors import ExitCode, TenantctlError

if TYPE_CHECKING:
    from tenantctl.aws.session import Aws
    from tenantctl.cedar.diff.compare import Comparison
    from tenantctl.cedar.diff.differences import Tenants
    from tenantctl.domain.names import Names
    from tenantctl.policy.against import Against


def diff_command(
    ctx: typer.Context,
    *,
    against: Annotated[
        str,
        typer.Option(
            metavar="deployed|rendered|REV",
            help="What the engine decides by now, what the configuration yields, a version of "
            "`policy history` (3 or v3), or a git revision.",
        ),
    ] = "deployed",
    exit_code: Annotated[
        bool,
        typer.Option("--exit-code", help="Exit with 14 unless every call is decided alike."),
    ] = False,
    directory: Directory = None,
    output: params.Output = params.Format.TABLE,
) -> None:
    """Show which calls the reviewed policies newly allow, and which they newly refuse."""
    from tenantctl.cedar.diff import differences
    from tenantctl.policy.against import read

    found, tenants = _compared(ctx, read(against), directory)
    if output is params.Format.JSON:
        console.emit_json({"against": against, **differences.document(found, tenants)})
    else:
        _show(found, tenants)
    if exit_code and not found.same:
        raise typer.Exit(ExitCode.DIFFERENCES)


def _show(found: Comparison, tenants: Tenants | None) -> None:
    from tenantctl.cedar.diff import differences

    if found.differences:
        console.emit_table(differences.HEAD, differences.rows(found, tenants))
    for what in found.beyond:
        console.note(f"not exact: {what}")
    if found.same:
        console.note("every call is decided alike")


def _compared(
    ctx: typer.Context, against: Against, directory: Path | None
) -> tuple[Comparison, Tenants | None]:
    """The comparison, and the tenants if they are of interest and the cloud knows them."""
    from tenantctl.policy.against import Side

    if against.side in {Side.RENDERED, Side.REVISION}:
        found = _on_paper(ctx, against, directory)
        return found, _tenants_if_known(ctx, found)
    with context.of(ctx).cloud() as (names, aws):
        found = _in_the_cloud(ctx, (names, aws), against, directory)
        return found, tenants_touched(names, aws, found)


def _on_paper(ctx: typer.Context, against: Against, directory: Path | None) -> Comparison:
    from tenantctl.cedar.rendering.render import render
    from tenantctl.policy import revision
    from tenantctl.policy.against import Side
    from tenantctl.policy.difference import since

    names = names_of(ctx)
    home, where = places(ctx, directory)
    source = source_of(ctx, names, directory)
    if against.side is Side.REVISION:
        old = revision.texts(where, against.revision)
        if not old:
            console.note(f"there are no policies in `{where.name}` at `{against.revision}`")
        return since(names, source, old)
    rendered = render(names, beside=home)
    return since(names, source, {one.key.annotation: one.statement.text for one in rendered})


def _in_the_cloud(
    ctx: typer.Context, cloud: tuple[Names, Aws], against: Against, directory: Path | None
) -> Comparison:
    from tenantctl.policy.against import Side
    from tenantctl.policy.difference import difference, since_version
    from tenantctl.policy.push import reviewed

    names, aws = cloud
    source = source_of(ctx, names, directory)
    if against.side is Side.VERSION:
        return since_version(aws, names, source, against.version)
    return difference(aws, reviewed(aws, names, source))


def _tenants_if_known(ctx: typer.Context, found: Comparison) -> Tenants | None:
    if not found.differences:
        return {}
    try:
        with context.of(ctx).cloud() as (names, aws):
            return tenants_touched(names, aws, found)
    except TenantctlError as error:
        console.note(f"the tenants that it touches aren't known: {error}")
        return None
