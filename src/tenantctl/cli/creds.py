"""`tenantctl creds`: scoped, short-lived credentials for one user of one tenant."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tenantctl.cli import console, context, params
from tenantctl.cli.vouch import Vouchers, subject
from tenantctl.domain.target import Target
from tenantctl.vending.formats import CredentialFormat

if TYPE_CHECKING:
    from tenantctl.aws.chain import TenantSession
    from tenantctl.aws.session import Aws
    from tenantctl.domain.names import Names
    from tenantctl.vending.subject import Subject

app = typer.Typer(
    name="creds", help="Vend scoped credentials for a tenant's user.", no_args_is_help=True
)


ONLY_HERE = (
    "the embedded cloud isn't being served: use these with `tenantctl local serve`, "
    "or run the command under `tenantctl creds exec`"
)

Tenant = Annotated[str, typer.Argument(help="The tenant's id.", show_default=False)]
User = Annotated[str | None, typer.Option("--user", "-u", help="E-mail address or sub.")]
TokenFile = Annotated[
    Path | None, typer.Option("--token-file", help="Holds an ID token; - is stdin.")
]
PasswordFile = Annotated[
    Path | None, typer.Option("--password-file", help="Holds the user's password; - is stdin.")
]
NewPasswordFile = Annotated[
    Path | None,
    typer.Option("--new-password-file", help="Holds the password that replaces a temporary one."),
]
AsOperator = Annotated[
    bool, typer.Option("--as-operator", help="Vend on your own word, without a token.")
]
NoCache = Annotated[bool, typer.Option("--no-cache", help="Ask STS, keep nothing on disk.")]


def _vend(
    aws: Aws, names: Names, tenant: str, user: str | None, how: Vouchers, *, no_cache: bool
) -> tuple[Subject, TenantSession]:
    from tenantctl.vending import vend

    who = subject(aws, names, tenant, user, how)
    return who, (vend.vend if no_cache else vend.vend_cached)(aws, names, who)


@app.command("vend")
def vend_command(
    ctx: typer.Context,
    tenant: Tenant,
    *,
    user: User = None,
    form: Annotated[
        CredentialFormat, typer.Option("--format", "-f", help="How to write them.")
    ] = CredentialFormat.ENV,
    token_file: TokenFile = None,
    password_file: PasswordFile = None,
    new_password_file: NewPasswordFile = None,
    as_operator: AsOperator = False,
    no_cache: NoCache = False,
) -> None:
    """Write credentials that reach one tenant's data and nobody else's."""
    from tenantctl.local.connect import served_endpoint
    from tenantctl.vending.formats import render

    how = Vouchers(token_file, password_file, new_password_file, as_operator)
    with context.of(ctx).cloud() as (names, aws):
        _, session = _vend(aws, names, tenant, user, how, no_cache=no_cache)
        endpoint = served_endpoint(aws)
        if names.pool.target is Target.LOCAL and endpoint is None:
            console.note(ONLY_HERE)
    console.emit_document(render(session, form, region=names.pool.region, endpoint=endpoint))


@app.command("exec")
def exec_command(
    ctx: typer.Context,
    tenant: Tenant,
    command: Annotated[list[str], typer.Argument(help="After --, what to run.")],
    *,
    user: User = None,
    token_file: TokenFile = None,
    password_file: PasswordFile = None,
    new_password_file: NewPasswordFile = None,
    as_operator: AsOperator = False,
    no_cache: NoCache = False,
) -> None:
    """Run a command with the tenant's credentials and none of your own."""
    from tenantctl.local.connect import serving
    from tenantctl.vending import child
    from tenantctl.vending.formats import variables

    how = Vouchers(token_file, password_file, new_password_file, as_operator)
    with context.of(ctx).cloud() as (names, aws), serving(aws) as endpoint:
        _, session = _vend(aws, names, tenant, user, how, no_cache=no_cache)
        vended = variables(session, region=names.pool.region, endpoint=endpoint)
        raise typer.Exit(child.run(command, child.environment(os.environ, vended)))


@app.command("whoami")
def whoami_command(
    ctx: typer.Context,
    tenant: Tenant,
    *,
    user: User = None,
    output: params.Output = params.Format.TABLE,
    token_file: TokenFile = None,
    password_file: PasswordFile = None,
    new_password_file: NewPasswordFile = None,
    as_operator: AsOperator = False,
    no_cache: NoCache = False,
) -> None:
    """Show the session that would be vended: its tags, and what they reach."""
    from tenantctl.vending.reach import reach, whoami

    how = Vouchers(token_file, password_file, new_password_file, as_operator)
    with context.of(ctx).cloud() as (names, aws):
        who, session = _vend(aws, names, tenant, user, how, no_cache=no_cache)
    if output is params.Format.JSON:
        console.emit_json(whoami(names, who, session))
        return
    facts = [("arn", session.arn), ("expires", session.expires.isoformat()), *session.tags]
    console.emit_table(("SESSION", ""), facts)
    reached = [tuple(row.values()) for row in reach(names, who)]
    console.emit_table(("PLANE", "RESOURCE", "WHAT IT REACHES"), reached)
