"""`tenantctl onboard`: bring clinics into the pool, one by one or by a manifest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tenantctl.cli import console, context, onboarded, params

if TYPE_CHECKING:
    from tenantctl.aws.session import Aws
    from tenantctl.domain.names import Names
    from tenantctl.domain.pool import Pool
    from tenantctl.lifecycle.apply import Applied, Surroundings
    from tenantctl.lifecycle.plan import Plan
    from tenantctl.lifecycle.wanted import Intake

app = typer.Typer(
    name="onboard",
    help="Bring clinics into the pool: registry, group, users, data, policies; then check that "
    "they are isolated. Running it again changes nothing.",
    no_args_is_help=True,
)

Items = Annotated[
    Path | None, typer.Option("--items", help="Items to seed: JSON objects, one a line.")
]
Table = Annotated[
    str | None,
    typer.Option("--table", help="The items' table, instead of the configuration's first."),
]
TenantField = Annotated[
    str, typer.Option("--tenant-field", help="What names the tenant in an item.")
]
PasswordFile = Annotated[
    Path | None,
    typer.Option(
        "--password-file",
        help="Write temporary passwords to this new file (0600) instead of showing them.",
    ),
]
DEFAULT_FIELD = "clinic_id"


@app.command("clinic")
def clinic(
    ctx: typer.Context,
    tenant: Annotated[str, typer.Argument(metavar="ID", help="The clinic's id.")],
    *,
    tier: Annotated[str, typer.Option("--tier", "-t", help="Its service level.")],
    admin: Annotated[list[str], typer.Option("--admin", help="E-mail of an administrator.")],
    name: Annotated[str | None, typer.Option("--name", help="Its name.")] = None,
    timezone: Annotated[str | None, typer.Option("--timezone", help="Such as Asia/Tokyo.")] = None,
    items: Items = None,
    documents: Annotated[
        Path | None,
        typer.Option(
            "--documents", help="A directory that holds {tier}-tier/{tenant}/, or that one itself."
        ),
    ] = None,
    table: Table = None,
    tenant_field: TenantField = DEFAULT_FIELD,
    password_file: PasswordFile = None,
    dry_run: params.DryRun = False,
    output: params.Output = params.Format.TABLE,
) -> None:
    """Onboard one clinic."""
    from tenantctl.domain.tenant import Tenant, User
    from tenantctl.lifecycle.wanted import Sources, one

    given = {"name": name, "timezone": timezone}
    known = {key: value for key, value in given.items() if value is not None}
    users = tuple(User(email) for email in admin)
    wanted = Tenant(tenant, tier, name=name or "", timezone=timezone or "UTC", users=users)
    sources = Sources(items, documents, tenant_field, table)

    def read(pool: Pool) -> Intake:
        return one(pool, wanted, sources, frozenset(known))

    _onboard(ctx, read, password_file, output, dry_run=dry_run)


@app.command("batch")
def batch(
    ctx: typer.Context,
    manifest: Annotated[Path, typer.Argument(metavar="FILE", help="YAML, .jsonl or .csv.")],
    *,
    items: Items = None,
    documents: Annotated[
        Path | None,
        typer.Option("--documents", help="A directory that holds {tier}-tier/{tenant}/."),
    ] = None,
    table: Table = None,
    tenant_field: TenantField = DEFAULT_FIELD,
    password_file: PasswordFile = None,
    dry_run: params.DryRun = False,
    output: params.Output = params.Format.TABLE,
) -> None:
    """Onboard all clinics of a manifest."""
    from tenantctl.domain.manifest import load
    from tenantctl.lifecycle.wanted import Sources, several

    sources = Sources(items, documents, tenant_field, table)

    def read(pool: Pool) -> Intake:
        return several(pool, load(manifest, pool), sources)

    _onboard(ctx, read, password_file, output, dry_run=dry_run)


def _onboard(
    ctx: typer.Context,
    read: Callable[[Pool], Intake],
    password_file: Path | None,
    output: params.Format,
    *,
    dry_run: bool,
) -> None:
    from tenantctl.lifecycle.apply import delivered
    from tenantctl.lifecycle.observe import observe
    from tenantctl.lifecycle.passwords import check_new, write_new
    from tenantctl.lifecycle.plan import plan

    asked = context.of(ctx)
    intake = read(asked.pool())
    for skipped in intake.skipped:
        console.note(f"left out {skipped}")
    with asked.cloud() as (names, aws):
        found = plan(intake, observe(aws, names, intake))
        if dry_run:
            onboarded.show_plan(found, output)
            return
        if password_file is not None and found.passwords:
            check_new(password_file)
        applied = _apply(asked, found, aws, names)
        if password_file is not None and applied.issued:
            write_new(password_file, applied.issued)
        onboarded.show(found, applied, output, passwords=password_file is None)
        delivered(aws, names, applied.issued)
    if applied.failure is not None:
        raise applied.failure
    raise typer.Exit(onboarded.exit_code(applied))


def _apply(asked: context.Context, found: Plan, aws: Aws, names: Names) -> Applied:
    from tenantctl.lifecycle.apply import apply

    with console.progress("onboarding", len(found.steps), quiet=asked.quiet) as advance:
        around = surroundings(aws, names, home=asked.config.parent)
        return apply(found, aws, names, around, advance)


def surroundings(aws: Aws, names: Names, *, home: Path | None = None) -> Surroundings:
    """What onboarding relies on from the policies and the probes.

    `home` is the directory of tenantctl.yaml, whose policies and templates win.
    """
    from tenantctl.lifecycle.apply import Surroundings
    from tenantctl.policy.ensure import ensure_tier
    from tenantctl.probes.verify import quick_check

    return Surroundings(
        ensure_policies=lambda tier: ensure_tier(names, aws, tier, home=home),
        quick_check=lambda tenant: quick_check(aws, names, tenant),
    )
