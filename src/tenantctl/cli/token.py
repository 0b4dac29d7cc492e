"""`tenantctl token`: what a user's ID token is, says and is worth."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from tenantctl.cli import console, context, params
from tenantctl.cli.creds import NewPasswordFile, PasswordFile
from tenantctl.cli.vouch import Vouchers, given_token, signed_in
from tenantctl.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from tenantctl.aws.lookup import UserPool
    from tenantctl.aws.session import Aws
    from tenantctl.domain.pool import Identity
    from tenantctl.vending.token_text import Decoded

app = typer.Typer(name="token", help="Issue, read and verify ID tokens.", no_args_is_help=True)

NOT_VERIFIED = "not verified: anybody can write such a text; `tenantctl token verify` checks it"
IN_THE_OPEN = "the token is on your terminal now: until it expires, whoever has it is its user"

Token = Annotated[
    str | None,
    typer.Argument(
        help="Better left out, or - for stdin: arguments show in process lists.",
        show_default=False,
    ),
]


@app.command("issue")
def issue_command(
    ctx: typer.Context,
    *,
    tenant: Annotated[str, typer.Option(help="The tenant's id.")],
    user: Annotated[str, typer.Option("--user", "-u", help="E-mail address or sub.")],
    raw: Annotated[bool, typer.Option("--raw", help="Write the token itself, alone.")] = False,
    password_file: PasswordFile = None,
    new_password_file: NewPasswordFile = None,
    as_operator: Annotated[
        bool,
        typer.Option("--as-operator", help="Without the password, by replacing it."),
    ] = False,
    yes: params.Yes = False,
    output: params.Output = params.Format.TABLE,
) -> None:
    """Sign in a tenant's user and show the ID token's claims, or with --raw the token."""
    from tenantctl.vending.issue import issue, with_new_password

    if raw and output is params.Format.JSON:
        raise UsageError("--raw writes the token alone, so not as JSON", hint="leave one out")
    how = Vouchers(None, password_file, new_password_file, as_operator)

    def sign_in(aws: Aws, pool: UserPool, email: str) -> str:
        if not as_operator:
            return signed_in(aws, pool, email, how)
        console.confirm(f"replace the password of `{email}` by one that nobody knows?", yes=yes)
        return with_new_password(aws, pool, email)

    with context.of(ctx).cloud() as (names, aws):
        issued = issue(aws, names, tenant, user, sign_in)
    if raw:
        _in_the_open(issued.token)
    else:
        _show(issued.decoded, names.pool.identity, output, verified=True)


@app.command("inspect")
def inspect_command(
    ctx: typer.Context, token: Token = None, *, output: params.Output = params.Format.TABLE
) -> None:
    """Show what a token claims, without verifying any of it."""
    from tenantctl.vending.token_text import decode

    decoded = decode(given_token(token))
    identity = _identity(context.of(ctx))
    console.note(NOT_VERIFIED)
    _show(decoded, identity, output, verified=False)


@app.command("verify")
def verify_command(
    ctx: typer.Context, token: Token = None, *, output: params.Output = params.Format.TABLE
) -> None:
    """Check a token against the pool and say all that is wrong with it; 12 when anything is."""
    from tenantctl.vending.token_standing import SIGN_OUT, verdict
    from tenantctl.vending.token_view import check_rows, checked

    text = given_token(token)
    with context.of(ctx).cloud() as (names, aws):
        found = verdict(aws, names, text, now=time.time())
    if output is params.Format.JSON:
        console.emit_json(checked(found, names.pool.identity, now=time.time()))
    else:
        console.emit_table(("CHECK", "RESULT", "WHY"), check_rows(found))
    if found.believed:
        console.note(SIGN_OUT)
    raise typer.Exit(ExitCode.OK if found.believed else ExitCode.DENIED)


def _in_the_open(token: str) -> None:
    if sys.stdout.isatty():
        console.note(IN_THE_OPEN)
    console.emit_text(token)


def _show(decoded: Decoded, identity: Identity, output: params.Format, *, verified: bool) -> None:
    from tenantctl.vending.token_view import claim_rows, document, header_rows, summary

    now = time.time()
    if output is params.Format.JSON:
        console.emit_json({"verified": verified, **document(decoded, identity, now=now)})
        return
    title = "ID TOKEN" if verified else "NOT VERIFIED"
    console.emit_table((title, ""), summary(decoded, identity, now=now))
    console.emit_table(("HEADER", ""), header_rows(decoded))
    console.emit_table(("CLAIM", ""), claim_rows(decoded))


def _identity(given: context.Context) -> Identity:
    """The pool's, or the usual one where there is no configuration: reading needs no pool."""
    from tenantctl.domain.pool import Identity

    if given.config == params.DEFAULT_CONFIG and not given.config.exists():
        return Identity()
    return given.pool().identity
