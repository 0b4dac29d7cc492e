"""`tenantctl policy test`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tenantctl.cli import console, context, params, reports
from tenantctl.cli.policy.places import Directory, names_of, places, source_of
from tenantctl.errors import DeniedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tenantctl.cedar.statement import Statement
    from tenantctl.cedar.testing.cases import Case
    from tenantctl.cedar.testing.suite import Result
    from tenantctl.domain.names import Names
    from tenantctl.report.cases import TestedCase

    Policies = tuple[Names, Mapping[str, Statement], Mapping[str, str]]

Files = Annotated[
    list[Path] | None,
    typer.Argument(help="Test cases; default: `policy-tests.yaml` beside the configuration."),
]
Junit = Annotated[
    list[str] | None,
    typer.Option("--report", metavar="junit=PATH", help="Write the results as JUnit; `-`: stdout."),
]


def decide_cases(
    ctx: typer.Context,
    files: Files = None,
    *,
    directory: Directory = None,
    deployed: Annotated[
        bool, typer.Option("--deployed", help="Decide with what the engine enforces now.")
    ] = False,
    report: Junit = None,
    output: params.Output = params.Format.TABLE,
) -> None:
    """Decide test cases with the reviewed policies; exit with 12 when one comes out otherwise."""
    from tenantctl.cedar.testing.suite import run
    from tenantctl.report.cases import to_junit

    where = _junit(report or [])
    if deployed and directory is not None:
        raise UsageError("--deployed reads no folder of policies", hint="leave out --dir")
    names, policies, gateways = _in_force(ctx) if deployed else _reviewed(ctx, directory)
    results = run(_cases(ctx, files or [], names, gateways), policies)
    for place in where:
        reports.put(to_junit("policy test", [_tested(one) for one in results]), place)
    if all(place.path is not None for place in where):
        _show(results, output)
    _judge(results)


def _cases(
    ctx: typer.Context, files: Sequence[Path], names: Names, gateways: Mapping[str, str]
) -> list[Case]:
    from tenantctl.cedar.testing.cases import load
    from tenantctl.domain.files import POLICY_TESTS

    home, _ = places(ctx, None)
    paths = files or [home / POLICY_TESTS]
    return [case for path in paths for case in load(path, names, gateways=gateways)]


def _reviewed(ctx: typer.Context, directory: Path | None) -> Policies:
    names = names_of(ctx)
    policies = source_of(ctx, names, directory).policies
    return names, {policy.key.annotation: policy.statement for policy in policies}, {}


def _in_force(ctx: typer.Context) -> Policies:
    from tenantctl.policy.deployed import deployed

    with context.of(ctx).cloud() as (names, aws):
        found = deployed(aws, names)
    return names, found.statements, found.gateways


def _junit(options: Sequence[str]) -> tuple[reports.Destination, ...]:
    from tenantctl.report.formats import ReportFormat

    found = reports.destinations(options)
    for one in found:
        if one.form is not ReportFormat.JUNIT:
            raise UsageError(f"cases aren't reported as `{one.form}`", hint="use junit=PATH")
    return found


def _tested(result: Result) -> TestedCase:
    from tenantctl.report.cases import TestedCase

    if result.passed:
        return TestedCase(result.case.name)
    return TestedCase(result.case.name, _wrong(result), "\n".join(result.why))


def _show(results: Sequence[Result], output: params.Format) -> None:
    if output is params.Format.JSON:
        console.emit_json([result.document() for result in results])
        return
    rows = [
        (result.case.name, "ok" if result.passed else "failed", result.got) for result in results
    ]
    console.emit_table(("CASE", "RESULT", "DECISION"), rows)


def _judge(results: Sequence[Result]) -> None:
    """Say what failed, and why; raises `DeniedError` when anything did."""
    from tenantctl.domain.yaml_shape import shown

    failed = [result for result in results if not result.passed]
    for result in failed:
        console.note(f"{result.case.place}: {shown(result.case.name)}: {_wrong(result)}")
        for line in result.why:
            console.note(f"  {line}")
    if failed:
        raise DeniedError(
            f"{len(failed)} of {len(results)} cases came out otherwise",
            hint="mend the rule in tenantctl.yaml and render again, or mend the case",
        )
    console.note(f"{len(results)} cases, all as expected")


def _wrong(result: Result) -> str:
    return f"expected {result.expected}, got {result.got}"
