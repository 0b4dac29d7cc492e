"""`tenantctl policy lint`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tenantctl.cli import console, params
from tenantctl.cli.policy.places import Directory, names_of, places
from tenantctl.errors import ExitCode

if TYPE_CHECKING:
    from tenantctl.cedar.lint.run import Linted


def lint_command(
    ctx: typer.Context,
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="PATH",
            help="Files or directories; default: the reviewed folder, and what would be rendered.",
        ),
    ] = None,
    *,
    directory: Directory = None,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings fail, too.")] = False,
    output: params.Output = params.Format.TABLE,
) -> None:
    """Look for what AgentCore refuses in policies and what engineers regret; 13 on errors."""
    found = _lint(ctx, paths or [], directory)
    if output is params.Format.JSON:
        console.emit_json(found.document())
    else:
        _show(found)
    if found.failed(strict=strict):
        raise typer.Exit(ExitCode.POLICY_INVALID)


def _lint(ctx: typer.Context, paths: list[Path], directory: Path | None) -> Linted:
    from tenantctl.cedar.lint.run import lint
    from tenantctl.cedar.lint.sources import of_folder, of_paths
    from tenantctl.cedar.lint.subject import frame
    from tenantctl.cedar.render import render

    names = names_of(ctx)
    if paths:
        sources, wrong = of_paths(paths, names.pool.tiers)
    else:
        home, where = places(ctx, directory)
        sources, wrong = of_folder(where, names.pool.tiers, render(names, beside=home))
    return lint(sources, frame(names), wrong)


def _show(found: Linted) -> None:
    """A line for each finding as compilers write it, and below it how to mend it."""
    for one in found.findings:
        what = f"{one.place}: {one.rule.severity}: {one.message} [{one.rule.id}]"
        console.emit_text(console.printable(what))
        console.emit_text(f"    {one.rule.fix}")
    for why in found.undecided:
        console.note(console.printable(f"not tried together: {why}"))
    console.note(found.summary)
