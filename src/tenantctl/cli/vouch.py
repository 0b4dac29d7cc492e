"""On whose word credentials are vended: where a token or a password comes from.

Neither is ever taken from the command line's arguments: process lists and shell histories keep
those. A question is asked only on a terminal.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from tenantctl.cli import console
from tenantctl.errors import ConfirmationNeededError, UsageError

if TYPE_CHECKING:
    from tenantctl.aws.lookup import UserPool
    from tenantctl.aws.session import Aws
    from tenantctl.domain.names import Names
    from tenantctl.vending.subject import Subject
    from tenantctl.vending.token import Claims

TOKEN = "TENANTCTL_TOKEN"  # noqa: S105 - an environment variable's name
PASSWORD = "TENANTCTL_PASSWORD"  # noqa: S105 - the same

EXPOSED = (
    "a token on the command line shows in process lists and shell histories: until it expires, "
    "whoever has it is its user; give it on stdin"
)

_LONGEST = 65_536
"""Characters that are read of a secret's file; no token is as long, and a device never ends."""


@dataclass(frozen=True, slots=True)
class Vouchers:
    """What the command line says of who vouches for the user."""

    token_file: Path | None = None
    password_file: Path | None = None
    new_password_file: Path | None = None
    as_operator: bool = False


def subject(aws: Aws, names: Names, tenant: str, user: str | None, how: Vouchers) -> Subject:
    """The subject, by the first of: operator's word, token, password.

    Raises `TokenError`, `NotFoundError`, or `ConfirmationNeededError` off a terminal.
    """
    from tenantctl.vending.subject import by_operator, by_token

    if how.as_operator:
        if user is None:
            raise UsageError("--as-operator needs a user", hint="give --user EMAIL")
        console.note(f"on the operator's word, without a token of `{user}`")
        return by_operator(aws, names, tenant, user)
    return by_token(aws, names, tenant, user, _claims(aws, names, user, how))


def _claims(aws: Aws, names: Names, user: str | None, how: Vouchers) -> Claims:
    from tenantctl.aws.lookup import user_pool
    from tenantctl.vending.admit import verified

    pool = user_pool(aws, names)
    if how.token_file is not None:
        return verified(aws, names, pool, secret(how.token_file))
    if TOKEN in os.environ and how.password_file is None:
        return verified(aws, names, pool, os.environ[TOKEN].strip())
    return verified(aws, names, pool, signed_in(aws, pool, user, how))


def signed_in(aws: Aws, pool: UserPool, user: str | None, how: Vouchers) -> str:
    """The ID token of a user who signs in with a password; raises `TokenError`, `UsageError`."""
    from tenantctl.vending.sign_in import sign_in

    if user is None:
        raise UsageError("signing in needs a user", hint="give --user EMAIL, or --token-file FILE")
    password = (
        secret(how.password_file)
        if how.password_file is not None
        else os.environ.get(PASSWORD) or _ask(f"Password of {user}", "--password-file")
    )

    def new_password() -> str:
        if how.new_password_file is not None:
            return secret(how.new_password_file)
        return _ask(f"New password for {user}", "--new-password-file", confirm=True)

    return sign_in(aws, pool, email=user, password=password, new_password=new_password).id_token


def given_token(argument: str | None) -> str:
    """A token to look at: of `TENANTCTL_TOKEN`, or of stdin, or (with a warning) the argument.

    A token that was given as an argument has been seen already; refusing it would hide nothing.
    """
    if argument not in {None, "-"}:
        console.note(EXPOSED)
        return str(argument).strip()
    if argument is None and TOKEN in os.environ:
        return os.environ[TOKEN].strip()
    if sys.stdin.isatty():
        return str(typer.prompt("ID token", hide_input=True, err=True)).strip()
    return secret(Path("-"))


def secret(path: Path) -> str:
    """The first line of a file, or of stdin for `-`; raises `UsageError`."""
    try:
        if str(path) == "-":
            text = sys.stdin.readline(_LONGEST)
        else:
            with path.open(encoding="utf-8") as file:
                text = file.read(_LONGEST)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"`{path}` can't be read", hint="give a text file, or - for stdin"
        ) from error
    first = text.strip().splitlines()
    if not first:
        raise UsageError(f"`{path}` is empty")
    return first[0]


def _ask(question: str, option: str, *, confirm: bool = False) -> str:
    if not sys.stdin.isatty():
        raise ConfirmationNeededError(
            f"{question.lower()} is needed, and this is no terminal",
            hint=f"give {option} FILE; `--help` names the other ways",
        )
    return str(typer.prompt(question, hide_input=True, confirmation_prompt=confirm, err=True))
