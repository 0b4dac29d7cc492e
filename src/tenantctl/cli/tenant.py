"""`tenantctl tenant`: who lives in the pool."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from tenantctl.cli import console, context, params

if TYPE_CHECKING:
    from tenantctl.aws.registry import Entry

app = typer.Typer(name="tenant", help="See the pool's tenants.", no_args_is_help=True)


@app.command("list")
def list_command(ctx: typer.Context, output: params.Output = params.Format.TABLE) -> None:
    """List all tenants."""
    from tenantctl.aws.registry import entries

    with context.of(ctx).cloud() as (names, aws):
        found = entries(aws, names)
    if output is params.Format.JSON:
        console.emit_json([_described(entry) for entry in found])
        return
    rows = [
        (e.tenant.id, e.tenant.tier, e.status.value, str(len(e.tenant.users)), e.tenant.name)
        for e in found
    ]
    console.emit_table(("ID", "TIER", "STATUS", "USERS", "NAME"), rows)


@app.command("show")
def show_command(
    ctx: typer.Context,
    tenant: Annotated[str, typer.Argument(metavar="ID", help="The tenant's id.")],
    output: params.Output = params.Format.TABLE,
) -> None:
    """Show one tenant with its users."""
    from tenantctl.aws.registry import known

    with context.of(ctx).cloud() as (names, aws):
        entry = known(aws, names, tenant)
    described = _described(entry)
    if output is params.Format.JSON:
        console.emit_json(described)
        return
    plain = ("id", "tier", "name", "timezone", "status")
    rows = [(field, str(described[field])) for field in plain]
    rows += [(key, _text(value)) for key, value in entry.tenant.attributes.items()]
    console.emit_table(("FIELD", "VALUE"), rows)
    users = [(u.email, u.role, u.name, u.sub or "") for u in entry.tenant.users]
    console.emit_table(("USER", "ROLE", "NAME", "SUB"), users)


def _text(value: object) -> str:
    """A free attribute: a string as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _described(entry: Entry) -> dict[str, object]:
    """The contract of `-o json`."""
    tenant = entry.tenant
    return {
        "id": tenant.id,
        "tier": tenant.tier,
        "name": tenant.name,
        "timezone": tenant.timezone,
        "status": entry.status.value,
        "attributes": dict(tenant.attributes),
        "users": [
            {
                "email": user.email,
                "name": user.name,
                "role": user.role,
                "sub": user.sub,
                "password": "pending" if user.email in entry.undelivered else "delivered",
            }
            for user in tenant.users
        ],
        "open_steps": list(entry.open_steps),
    }
