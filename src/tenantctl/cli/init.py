"""`tenantctl init`: a configuration to start from."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from tenantctl.cli import console, params

Directory = Annotated[Path, typer.Argument(help="Where to write; made if it doesn't exist.")]
Force = Annotated[bool, typer.Option("--force", help="Replace files that differ.")]
Schema = Annotated[
    bool, typer.Option("--schema", help="Print the configuration's JSON Schema instead.")
]


def init(
    directory: Directory = Path(),
    *,
    force: Force = False,
    schema: Schema = False,
    output: params.Output = params.Format.TABLE,
) -> None:
    """Write a commented tenantctl.yaml, with the templates and policies it refers to."""
    if schema:
        from tenantctl.domain.config import json_schema

        console.emit_json(json_schema())
        return
    from tenantctl.domain.files import copy_starter

    done = copy_starter(directory, force=force)
    if output is params.Format.JSON:
        console.emit_json(done)
    else:
        console.emit_table(("FILE", ""), done.items())
        there = "" if directory == Path() else f"cd {shlex.quote(str(directory))} && "
        console.note(f"next: {there}tenantctl pool apply")
