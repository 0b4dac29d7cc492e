"""`tenantctl policy history`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tenantctl.cli import console, context, params

if TYPE_CHECKING:
    from tenantctl.policy.history import Version


def history_command(
    ctx: typer.Context,
    version: Annotated[
        int | None, typer.Argument(help="Print the statements of this version.", min=1)
    ] = None,
    *,
    output: params.Output = params.Format.TABLE,
) -> None:
    """List every push, or print the policies of one."""
    from tenantctl.policy import history

    with context.of(ctx).cloud() as (names, aws):
        found = history.versions(aws, names) if version is None else ()
        one = None if version is None else history.version(aws, names, version)
        texts = {} if version is None else history.texts(aws, names, version)
    if output is params.Format.JSON:
        listed = [version.document() for version in found]
        console.emit_json(listed if one is None else one.document() | {"texts": texts})
    elif one is None:
        columns = ("VERSION", "STATE", "WHEN", "WHO", "WHAT", "CHANGES")
        console.emit_table(columns, map(_row, found))
    else:
        console.emit_text(f"// version {' · '.join(filter(None, _row(one)))}\n")
        for label, text in texts.items():
            console.emit_text(f"// {label}\n{text}\n")


def _row(version: Version) -> tuple[str, ...]:
    from tenantctl.policy.wording import in_short, moment

    what = version.kind.value if version.of is None else f"{version.kind.value} to {version.of}"
    return (
        str(version.number),
        version.progress.value,
        moment(version.started),
        version.who,
        f"{what}, log only" if version.trial else what,
        in_short(version.changes),
    )
