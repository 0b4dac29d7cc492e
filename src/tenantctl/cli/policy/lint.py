"""`tenantctl policy lint`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tenantctl.cli import console, params, reports
from tenantctl.cli.policy.places import Directory, names_of, places
from tenantctl.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from tenantctl.cedar.lint.run import Linted
    from tenantctl.report.formats import ReportFormat


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
    report: Annotated[
        list[str] | None,
        typer.Option("--report", metavar="sarif=PATH", help="Write SARIF or JUnit; `-`: stdout."),
    ] = None,
    output: params.Output = params.Format.TABLE,
) -> None:
    """Look for what AgentCore refuses in policies and what engineers regret; 13 on errors."""
    where = reports.destinations(report or [])
    write = [_writer(place.form) for place in where]
    found = _lint(ctx, paths or [], directory)
    for place, to_text in zip(where, write, strict=True):
        reports.put(to_text(found), place)
    if all(place.path is not None for place in where):
        _show(found, output)
    if found.failed(strict=strict):
        raise typer.Exit(ExitCode.POLICY_INVALID)


def _lint(ctx: typer.Context, paths: list[Path], directory: Path | None) -> Linted:
    from tenantctl.cedar.lint.run import lint
    from tenantctl.cedar.lint.sources import of_folder, of_paths
    from tenantctl.cedar.lint.subject import frame
    from tenantctl.cedar.rendering.render import render

    names = names_of(ctx)
    if paths:
        sources, wrong = of_paths(paths, names.pool.tiers)
    else:
        home, where = places(ctx, directory)
        sources, wrong = of_folder(where, names.pool.tiers, render(names, beside=home))
    return lint(sources, frame(names), wrong)


def _writer(form: ReportFormat) -> Callable[[Linted], str]:
    """What makes the text of a report; raises `UsageError` for a format that lint has not."""
    from tenantctl.cedar.lint.sarif import to_sarif
    from tenantctl.report.formats import ReportFormat

    known = {ReportFormat.SARIF: to_sarif, ReportFormat.JUNIT: _to_junit}
    if form not in known:
        raise UsageError(f"lint isn't reported as `{form}`", hint=f"use {' or '.join(known)}=PATH")
    return known[form]


def _to_junit(found: Linted) -> str:
    from tenantctl.report.cases import TestedCase, to_junit

    return to_junit(
        "policy lint",
        [
            TestedCase(
                one.place, f"{one.message} [{one.rule.id}]", f"{one.rule.fix}\n{one.rule.url}"
            )
            for one in found.findings
            if one.rule.severity != "info"
        ]
        or [TestedCase(found.summary)],
    )


def _show(found: Linted, output: params.Format) -> None:
    """A line for each finding as compilers write it, and below it how to mend it."""
    if output is params.Format.JSON:
        console.emit_json(found.document())
        return
    for one in found.findings:
        console.emit_text(f"{one.place}: {one.rule.severity}: {one.message} [{one.rule.id}]")
        console.emit_text(f"    {one.rule.fix}")
    for why in found.undecided:
        console.note(f"not tried together: {why}")
    console.note(found.summary)
