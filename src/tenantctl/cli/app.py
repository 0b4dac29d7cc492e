"""The composition root: every command group is hung in here.

Modules of this package import only typer at the top; boto3, moto, cedarpy and rich come with the
command that needs them, so that `--help` stays quick.
"""

from __future__ import annotations

import typer

from tenantctl.cli import params
from tenantctl.cli.context import Context

app = typer.Typer(
    name="tenantctl",
    help="Run the whole life of a tenant on Amazon Bedrock AgentCore, and show that no tenant "
    "reaches another's data.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def root(
    ctx: typer.Context,
    *,
    config: params.Config = params.DEFAULT_CONFIG,
    target: params.TargetOption = None,
    profile: params.Profile = None,
    region: params.Region = None,
    quiet: params.Quiet = False,
    _version: params.Version = False,
) -> None:
    """Options that hold for every command."""
    ctx.obj = Context(config=config, target=target, profile=profile, region=region, quiet=quiet)
