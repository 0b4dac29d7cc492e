"""`tenantctl verify-isolation`: try to cross between tenants, and say what came of it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tenantctl.cli import console, context, params, reports, witness
from tenantctl.cli import source as sources
from tenantctl.cli.proof import proved
from tenantctl.errors import UsageError

if TYPE_CHECKING:
    from tenantctl.aws.session import Aws
    from tenantctl.domain.finding import Report
    from tenantctl.domain.names import Names
    from tenantctl.probes.probe import Plane

_MOST_JOBS = 64


class Mode(StrEnum):
    """How isolation is verified."""

    LIVE = "live"
    PROOF = "proof"


def verify_isolation(
    ctx: typer.Context,
    *,
    mode: Annotated[
        Mode,
        typer.Option(help="live: attack the pool as it runs; proof: from its documents alone."),
    ] = Mode.LIVE,
    documents: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Prove these documents, not those of the configuration."),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar=sources.FORMS,
            help="Prove what is deployed, or what a template or a plan would deploy.",
        ),
    ] = None,
    try_witnesses: Annotated[
        bool | None,
        typer.Option(
            "--try-witnesses/--no-try-witnesses",
            help="Carry out what breaks a proof, with made-up tenants; "
            "default: --from account on the local target.",
            show_default=False,
        ),
    ] = None,
    tenant: Annotated[
        list[str] | None, typer.Option(help="Attack from this tenant only; repeatable.")
    ] = None,
    plane: Annotated[
        list[str] | None, typer.Option(help="Attack on this plane only; repeatable.")
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(min=1, max=_MOST_JOBS, help="How many calls are under way at a time."),
    ] = None,
    report: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FORMAT=PATH",
            help="Also write json, junit, sarif, markdown or html; - is stdout; repeatable.",
        ),
    ] = None,
    output: params.Output = params.Format.TABLE,
) -> None:
    """Attack every tenant from its neighbours, or prove that nobody can reach another's data.

    Exits with 10 on a breach, 11 when not known.
    """
    places = reports.destinations(report or ())
    _consistent(mode, documents, source, tenant or plane)
    elsewhere = documents is not None or source not in {None, sources.Origin.ACCOUNT}
    witness.check(try_witnesses, live=mode is Mode.LIVE, elsewhere=elsewhere)
    if source is not None:
        found = sources.proved_from(context.of(ctx), sources.parse(source), try_witnesses)
    elif mode is Mode.PROOF:
        found = proved(context.of(ctx), documents, trying=bool(try_witnesses))
    else:
        found = _live(context.of(ctx), tuple(tenant or ()), tuple(plane or ()), jobs)
    if not reports.write(found, places):
        show(found, output)
    raise typer.Exit(found.verdict.exit_code)


def show(report: Report, output: params.Format = params.Format.TABLE) -> None:
    """The matrix, what went wrong with its fix, and the verdict; or all of it as JSON."""
    from tenantctl.report import matrix
    from tenantctl.report.json import document

    if output is params.Format.JSON:
        console.emit_json(document(report))
        return
    if report.findings:
        drawn = matrix.signs(sys.stdout.encoding)
        console.emit_table(matrix.columns(report), matrix.rows(report, drawn))
        console.emit_text("")
    for line in matrix.explanation(report):
        console.emit_text(line)


def token_check(aws: Aws, names: Names) -> Callable[[str, Mapping[str, Any] | None], object]:
    """The verifier that guards vending, for the identity plane to attack.

    Given a key set it believes that one instead of the user pool's own.
    """
    from dataclasses import replace

    from tenantctl.aws.lookup import UserPool, user_pool
    from tenantctl.vending.admit import admitted
    from tenantctl.vending.token import Issuer
    from tenantctl.vending.vend import issuer_of

    @cache
    def known() -> tuple[UserPool, Issuer]:
        pool = user_pool(aws, names)
        return pool, issuer_of(aws, pool)

    def check(token: str, keys: Mapping[str, Any] | None) -> object:
        pool, own = known()
        return admitted(aws, names, pool, token, own if keys is None else replace(own, keys=keys))

    return check


def _consistent(
    mode: Mode, documents: Path | None, source: str | None, chosen: list[str] | None
) -> None:
    """Refuse options that the mode has no use for: they would be thought to count."""
    if mode is Mode.PROOF and chosen:
        raise UsageError(
            "a proof is for all tenants and planes", hint="leave --tenant and --plane out"
        )
    if mode is Mode.LIVE and documents is not None:
        raise UsageError("a live run reads no documents", hint="add --mode proof")
    if mode is Mode.LIVE and source is not None:
        raise UsageError("a live run attacks what is deployed", hint="add --mode proof")
    if documents is not None and source is not None:
        raise UsageError("--documents and --from both say what to prove", hint="give one of them")


def _live(
    ctx: context.Context, actors: tuple[str, ...], planes: tuple[str, ...], jobs: int | None
) -> Report:
    from tenantctl.local.connect import serving
    from tenantctl.probes.verify import Settings, verify

    chosen = _planes(planes)
    with ctx.cloud() as (names, aws), serving(aws):
        settings = Settings(
            actors=actors,
            planes=chosen,
            jobs=jobs,
            check=token_check(aws, names),
            watch=lambda total: console.progress("probing", total, quiet=ctx.quiet),
        )
        return verify(aws, names, settings)


def _planes(named: tuple[str, ...]) -> frozenset[Plane]:
    """The planes of these names, all where none are named; raises `UsageError`."""
    from tenantctl.probes.probe import Plane

    known = frozenset(Plane)
    for name in named:
        if name not in known:
            raise UsageError(
                f"there is no plane `{name}`", hint=f"give one of {', '.join(sorted(known))}"
            )
    return frozenset(Plane(name) for name in named) or known
