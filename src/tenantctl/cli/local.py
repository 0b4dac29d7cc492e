"""`tenantctl local`: the embedded cloud, served to other clients, looked at, forgotten."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tenantctl.cli import console, context, params

app = typer.Typer(name="local", help="Look after the embedded cloud.", no_args_is_help=True)


@app.command("serve")
def serve_command(
    ctx: typer.Context,
    *,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="On 127.0.0.1; 0 takes a free one.")
    ] = 4577,
    ready_file: Annotated[
        Path | None,
        typer.Option("--ready-file", help="Write the addresses here while it is served."),
    ] = None,
    clock: Annotated[
        str | None,
        typer.Option("--clock", help="The time on all clinics' clocks, e.g. 2026-01-05T20:00."),
    ] = None,
) -> None:
    """Answer AWS and MCP clients on 127.0.0.1 until interrupted."""
    from tenantctl.domain.names import Names
    from tenantctl.local.connect import ACCOUNT
    from tenantctl.local.set_clock import moment
    from tenantctl.local.state import daemon

    pool = context.of(ctx).pool()
    account = pool.account or ACCOUNT
    names = Names(pool, account)
    what = daemon.Serving(
        region=pool.region,
        account=account,
        port=port,
        clock=None if clock is None else moment(clock),
        ready_file=ready_file,
        gateways={tier: names.gateway(tier) for tier in pool.tiers},
    )
    daemon.run(
        what,
        announce=lambda endpoint: console.note(f"serving the embedded cloud at {endpoint}"),
        notify=console.note,
    )


@app.command("status")
def status_command(*, output: params.Output = params.Format.TABLE) -> None:
    """Show where the state is, what is in it, and which process has it."""
    from dataclasses import asdict

    from tenantctl.local.state import daemon

    found = asdict(daemon.status())
    if output is params.Format.JSON:
        console.emit_json(found)
    else:
        console.emit_table(("", ""), [(name, _cell(value)) for name, value in found.items()])


@app.command("reset")
def reset_command(*, yes: params.Yes = False) -> None:
    """Forget everything in the embedded cloud."""
    from tenantctl.local.state import daemon

    console.confirm("forget everything in the embedded cloud?", yes=yes)
    existed = daemon.reset(notify=console.note)
    console.note("forgotten" if existed else "there was nothing to forget")


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
