"""The composition root: every command group is hung in here.

Modules of this package import only typer at the top; boto3, moto, cedarpy and rich come with the
command that needs them, so that `--help` stays quick.
"""

from __future__ import annotations

import os
from typing import Any

import typer
from typer.core import TyperGroup

from tenantctl.cli import params
from tenantctl.cli.context import Context
from tenantctl.cli.creds import app as creds
from tenantctl.cli.demo import demo
from tenantctl.cli.iam import app as iam
from tenantctl.cli.init import init
from tenantctl.cli.local import app as local
from tenantctl.cli.onboard import app as onboard
from tenantctl.cli.policy import app as policy
from tenantctl.cli.pool import app as pool
from tenantctl.cli.tenant import app as tenant
from tenantctl.cli.token import app as token
from tenantctl.cli.verify import verify_isolation
from tenantctl.errors import InterruptError

ORDER = (
    "init",
    "pool",
    "onboard",
    "tenant",
    "policy",
    "token",
    "creds",
    "verify-isolation",
    "iam",
    "local",
    "demo",
)
"""The order of a tenant's life, which `--help` follows."""


class InOrder(TyperGroup):
    """Lists commands and groups in `ORDER`; what isn't named there comes last."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401 - typer keeps the type private
        """Left alone, typer would list all commands before all groups."""
        rank = {name: number for number, name in enumerate(ORDER)}
        return sorted(super().list_commands(ctx), key=lambda name: rank.get(name, len(rank)))

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - as above
        """Left alone, typer would turn an interrupt into a plain exit, as a child's 130 is one."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            raise InterruptError("interrupted") from error


app = typer.Typer(
    name="tenantctl",
    cls=InOrder,
    help="Run the whole life of a tenant on Amazon Bedrock AgentCore, and show that no tenant "
    "reaches another's data.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(init)
app.add_typer(pool)
app.add_typer(onboard)
app.add_typer(tenant)
app.add_typer(policy)
app.add_typer(token)
app.add_typer(creds)
app.command()(verify_isolation)
app.add_typer(iam)
app.add_typer(local)
app.command()(demo)


@app.callback()
def root(
    ctx: typer.Context,
    *,
    config: params.Config = params.DEFAULT_CONFIG,
    target: params.TargetOption = None,
    profile: params.Profile = None,
    region: params.Region = None,
    quiet: params.Quiet = False,
    debug: params.Debug = False,
    _version: params.Version = False,
) -> None:
    """Options that hold for every command."""
    if debug:
        os.environ[params.DEBUG] = "1"
    ctx.obj = Context(config=config, target=target, profile=profile, region=region, quiet=quiet)
