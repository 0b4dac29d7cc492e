"""Options that more than one command has, each defined once."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tenantctl import __version__
from tenantctl.domain.target import Target

DEBUG = "TENANTCTL_DEBUG"
DEFAULT_CONFIG = Path("tenantctl.yaml")


class Format(StrEnum):
    """How data is written to stdout."""

    TABLE = "table"
    JSON = "json"


def _print_version(*, value: bool) -> None:
    if value:
        typer.echo(f"tenantctl {__version__}")
        raise typer.Exit


Config = Annotated[
    Path,
    typer.Option("--config", "-c", envvar="TENANTCTL_CONFIG", help="The pool's configuration."),
]
TargetOption = Annotated[
    Target | None,
    typer.Option("--target", help="Act on this target instead of the configuration's."),
]
Profile = Annotated[str | None, typer.Option("--profile", help="AWS profile.")]
Region = Annotated[
    str | None, typer.Option("--region", help="AWS region instead of the configuration's.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")]
Debug = Annotated[bool, typer.Option("--debug", envvar=DEBUG, help="Show where a defect happened.")]
Version = Annotated[
    bool,
    typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version."),
]
Output = Annotated[Format, typer.Option("--output", "-o", help="How to write the result.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would change, change nothing.")]
