"""`tenantctl policy`: Cedar policies from the configuration to the policy engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tenantctl.cli import console, context, params
from tenantctl.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from tenantctl.domain.names import Names
    from tenantctl.policy.push import Push
    from tenantctl.policy.wanted import Source

app = typer.Typer(
    name="policy", help="Render, push and compare the tiers' Cedar policies.", no_args_is_help=True
)

Directory = Annotated[
    Path | None,
    typer.Option(
        "--dir", help="The reviewed policies; default: `policies` beside the configuration."
    ),
]


@app.command("render")
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
    from tenantctl.cedar import folder
    from tenantctl.cedar.render import render

    home, where = _places(ctx, directory)
    rendered = render(_names(ctx), beside=home)
    done = (folder.compare if check else folder.write)(where, rendered)
    _show([{"policy": path, "change": change.value} for path, change in done.items()], output)
    if check and set(done.values()) - {folder.Difference.UNCHANGED}:
        raise typer.Exit(ExitCode.DIFFERENCES)


@app.command("push")
def push_command(
    ctx: typer.Context,
    *,
    directory: Directory = None,
    dry_run: params.DryRun = False,
    yes: params.Yes = False,
    output: params.Output = params.Format.TABLE,
) -> None:
    """Bring the policy engine to what the reviewed folder says."""
    from tenantctl.policy import push as pushing

    with context.of(ctx).cloud() as (names, aws):
        push = pushing.prepare(aws, names, _source(ctx, names, directory))
        if not dry_run:
            if push.replaces:
                console.confirm("replace policies that are in force?", yes=yes)
            pushing.apply(aws, push, progress=_say(ctx))
    _show(_changes(push), output)
    console.note("nothing to do" if push.nothing else "planned" if dry_run else "pushed")


@app.command("status")
def status_command(
    ctx: typer.Context,
    *,
    directory: Directory = None,
    output: params.Output = params.Format.TABLE,
) -> None:
    """Compare the policy engine with the reviewed folder; exit with 14 when they differ."""
    from tenantctl.policy.status import status

    with context.of(ctx).cloud() as (names, aws):
        found = status(aws, names, _source(ctx, names, directory))
    if output is params.Format.JSON:
        console.emit_json(found.document())
    else:
        console.emit_table(("POLICY", "STATE", "NAME", "REASONS"), found.rows())
        console.note(found.summary)
    raise typer.Exit(found.exit_code)


def _places(ctx: typer.Context, directory: Path | None) -> tuple[Path, Path]:
    """The directory of the configuration, and the folder of reviewed policies."""
    from tenantctl.domain.policies import FOLDER

    home = context.of(ctx).config.parent
    return home, home / FOLDER if directory is None else directory


def _names(ctx: typer.Context) -> Names:
    """The pool's names; the cloud is asked only for an account that the configuration lacks."""
    from tenantctl.domain.names import Names

    pool = context.of(ctx).pool()
    if pool.account is not None:
        return Names(pool, pool.account)
    with context.of(ctx).cloud() as (names, _):
        return names


def _source(ctx: typer.Context, names: Names, directory: Path | None) -> Source:
    from tenantctl.policy.wanted import source

    home, where = _places(ctx, directory)
    if directory is not None and not directory.is_dir():
        raise UsageError(f"`{directory}` is no directory", hint="give --dir a folder of policies")
    found = source(names, where, beside=home)
    if found.directory is None:
        console.note("there is no folder of reviewed policies: rendered from the configuration")
    for path in found.differing:
        console.note(f"{path} isn't what the configuration yields: see `policy render --check`")
    return found


def _changes(push: Push) -> list[dict[str, str]]:
    policies = [
        {"policy": entry.label, "change": _VERBS[entry.state.value]} for entry in push.plan.changes
    ]
    gateways = [{"policy": g.name, "change": "attach the engine"} for g in push.attach.values()]
    return policies + gateways


_VERBS = {
    "missing": "create",
    "pending": "await",
    "changed": "restore",
    "failed": "create again",
    "stale": "delete",
}


def _show(rows: list[dict[str, str]], output: params.Format) -> None:
    if output is params.Format.JSON:
        console.emit_json(rows)
    elif rows:
        console.emit_table(("POLICY", "CHANGE"), [tuple(row.values()) for row in rows])


def _say(ctx: typer.Context) -> Callable[[str], None]:
    return (lambda _: None) if context.of(ctx).quiet else console.note
