"""Where a policy command finds what it is about: the names, the reviewed folder, the policies."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tenantctl.cli import console, context, params
from tenantctl.errors import UsageError

if TYPE_CHECKING:
    from tenantctl.aws.session import Aws
    from tenantctl.cedar.diff.compare import Comparison
    from tenantctl.cedar.diff.differences import Tenants
    from tenantctl.domain.names import Names
    from tenantctl.policy.wanted import Source

Directory = Annotated[
    Path | None,
    typer.Option(
        "--dir", help="The reviewed policies; default: `policies` beside the configuration."
    ),
]


def places(ctx: typer.Context, directory: Path | None) -> tuple[Path, Path]:
    """The directory of the configuration, and the folder of reviewed policies."""
    from tenantctl.domain.policies import FOLDER

    home = context.of(ctx).config.parent
    return home, home / FOLDER if directory is None else directory


def names_of(ctx: typer.Context) -> Names:
    """The pool's names; the cloud is asked only for an account that the configuration lacks."""
    from tenantctl.domain.names import Names

    pool = context.of(ctx).pool()
    if pool.account is not None:
        return Names(pool, pool.account)
    with context.of(ctx).cloud() as (names, _):
        return names


def source_of(ctx: typer.Context, names: Names, directory: Path | None) -> Source:
    """The reviewed policies, with a note for whatever the configuration would yield instead."""
    from tenantctl.policy.wanted import source

    home, where = places(ctx, directory)
    if directory is not None and not directory.is_dir():
        raise UsageError(f"`{directory}` is no directory", hint="give --dir a folder of policies")
    found = source(names, where, beside=home)
    if found.directory is None:
        console.note("there is no folder of reviewed policies: rendered from the configuration")
    if len(found.differing) == 1:
        what = f"{found.differing[0]} isn't"
    else:
        what = f"{len(found.differing)} files of the folder aren't"
    if found.differing:
        console.note(f"{what} what the configuration yields: see `policy render --check`")
    return found


def tenants_touched(names: Names, aws: Aws, found: Comparison) -> Tenants:
    """The pool's tenants by tier; the registry is asked only where there are differences."""
    from tenantctl.aws.registry import tenants

    known: dict[str, list[str]] = {}
    for tenant in tenants(aws, names) if found.differences else ():
        known.setdefault(tenant.tier, []).append(tenant.id)
    return known


def show_changes(rows: list[dict[str, str]], output: params.Format) -> None:
    """Policies and what happens to each, as the user asked for it."""
    if output is params.Format.JSON:
        console.emit_json(rows)
    elif rows:
        console.emit_table(("POLICY", "CHANGE"), [tuple(row.values()) for row in rows])
