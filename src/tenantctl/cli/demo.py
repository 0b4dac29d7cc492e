"""`tenantctl demo`: the whole job in one go, in a cloud that is forgotten at the end."""

from __future__ import annotations

import typer

from tenantctl.errors import ExitCode


def demo() -> None:
    """Onboard four clinics, attack them, plant a leak, find it, mend it. Needs no AWS account."""
    from tenantctl.cli.story import EXPECTED, tell

    if tell() != EXPECTED:
        raise typer.Exit(ExitCode.FAILED)
