"""`tenantctl iam`: ask IAM's evaluation logic, without an account."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tenantctl.cli import console, context, params
from tenantctl.errors import ExitCode

app = typer.Typer(
    name="iam", help="Decide requests as IAM does, and say why.", no_args_is_help=True
)


@app.command("simulate")
def simulate_command(
    cases: Annotated[str, typer.Argument(help="JSON lines, one case each; - is stdin.")],
) -> None:
    """Answer every case with a line of JSON; exit with 1 when one was malformed."""
    from tenantctl.cli.simulate import simulate

    raise typer.Exit(simulate(cases))


@app.command("explain")
def explain_command(
    ctx: typer.Context,
    *,
    tenant: Annotated[str, typer.Option(help="Whose session asks.")],
    action: Annotated[str, typer.Option(help="An IAM action, as s3:GetObject.")],
    resource: Annotated[str, typer.Option(help="The ARN that is asked for, or *.")],
    keys: Annotated[
        list[str] | None,
        typer.Option("--context", metavar="KEY=VALUE", help="A condition key; repeatable."),
    ] = None,
    user: Annotated[str | None, typer.Option(help="Which user of the tenant.")] = None,
    tier: Annotated[
        str | None, typer.Option(help="The tenant's tier; default: what the registry says.")
    ] = None,
    documents: Annotated[
        Path | None, typer.Option(help="Policies to ask instead of the rendered ones.")
    ] = None,
    output: params.Output = params.Format.TABLE,
) -> None:
    """Say which statements decide a tenant's request, and which nearly did; 12 when denied."""
    from tenantctl.cli.question import Asked, question
    from tenantctl.iam.explain import explain
    from tenantctl.iam.explained import document, tree

    asked = Asked(tenant, action, resource, tier, user, tuple(keys or ()))
    found = explain(*question(context.of(ctx), asked, documents))
    if output is params.Format.JSON:
        console.emit_json(document(found))
    else:
        console.emit_tree(tree(found))
    raise typer.Exit(ExitCode.OK if found.decision.allowed else ExitCode.DENIED)
