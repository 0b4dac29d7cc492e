"""`tenantctl pool`: the shared infrastructure, planned, made, shown and taken down."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tenantctl.cli import console, context, params
from tenantctl.domain.target import Target
from tenantctl.errors import ExitCode

if TYPE_CHECKING:
    from tenantctl.aws.session import Aws
    from tenantctl.domain.names import Names
    from tenantctl.pool.plan import Plan
    from tenantctl.pool.step import Part, Step

app = typer.Typer(
    name="pool", help="Plan, make and take down the shared infrastructure.", no_args_is_help=True
)


Adopt = Annotated[
    bool,
    typer.Option("--adopt", help="Take over what bears the right name and isn't the pool's."),
]


@app.command("plan")
def plan_command(
    ctx: typer.Context,
    *,
    adopt: Adopt = False,
    output: params.Output = params.Format.TABLE,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 14 when something would change.")
    ] = False,
) -> None:
    """Show what `apply` would change; changes nothing."""
    with context.of(ctx).cloud() as (names, aws):
        planned = _planned(ctx, aws, names, adopt=adopt)
    _show(planned.steps, output)
    if exit_code and planned.steps:
        raise typer.Exit(ExitCode.DIFFERENCES)


@app.command("apply")
def apply_command(
    ctx: typer.Context,
    *,
    adopt: Adopt = False,
    yes: params.Yes = False,
    dry_run: params.DryRun = False,
    output: params.Output = params.Format.TABLE,
) -> None:
    """Bring the pool to what the configuration says."""
    with context.of(ctx).cloud() as (names, aws):
        steps = _planned(ctx, aws, names, adopt=adopt).steps
        if steps and not dry_run:
            # Nothing is lost by it, but on AWS it costs money.
            free = aws.target is Target.LOCAL
            console.confirm(f"make {len(steps)} changes in {aws.account}?", yes=yes or free)
            _run(ctx, steps, aws, "making the pool")
    _show(steps, output, done=not dry_run)


@app.command("destroy")
def destroy_command(
    ctx: typer.Context,
    *,
    yes: params.Yes = False,
    force: Annotated[
        bool, typer.Option("--force", help="Even while tenants exist: their data goes too.")
    ] = False,
    dry_run: params.DryRun = False,
    output: params.Output = params.Format.TABLE,
) -> None:
    """Delete what the pool made or adopted, with all data in it; nothing else."""
    from tenantctl.pool import plan, teardown

    with context.of(ctx).cloud() as (names, aws):
        present = plan.observe(aws, names, beside=_beside(ctx))
        steps = teardown.steps(names, present)
        if not force:
            teardown.refuse_with_tenants(aws, names)
        if steps and not dry_run:
            question = f"delete the pool `{names.pool.name}` with all data in it?"
            console.confirm(question, yes=yes)
            _run(ctx, steps, aws, "deleting the pool")
    _show(steps, output, done=not dry_run, left=present.foreign)


@app.command("show")
def show_command(ctx: typer.Context, *, output: params.Output = params.Format.TABLE) -> None:
    """Draw the pool's parts as a tree, and whether each is as it must be."""
    from tenantctl.pool import describe, plan

    with context.of(ctx).cloud() as (names, aws):
        planned = plan.plan(aws, names, beside=_beside(ctx))
    if output is params.Format.JSON:
        console.emit_json(
            {
                "pool": names.pool.name,
                "target": str(aws.target),
                "region": aws.region,
                "account": aws.account,
                "parts": describe.parts_json(planned.parts),
            }
        )
    else:
        tree = describe.rows(planned, names.pool.name)
        console.emit_table(("KIND", "NAME", "HEALTH", "ID"), tree)


def _beside(ctx: typer.Context) -> Path:
    return context.of(ctx).config.parent


def _planned(ctx: typer.Context, aws: Aws, names: Names, *, adopt: bool) -> Plan:
    from tenantctl.pool import plan

    planned = plan.plan(aws, names, beside=_beside(ctx), adopt=adopt)
    plan.check(planned)
    return planned


def _run(ctx: typer.Context, steps: tuple[Step, ...], aws: Aws, title: str) -> None:
    from tenantctl.pool import plan

    with console.progress(title, len(steps), quiet=context.of(ctx).quiet) as advance:
        plan.run(steps, aws, lambda step: advance(step.resource))


def _show(
    steps: tuple[Step, ...],
    output: params.Format,
    *,
    done: bool = False,
    left: tuple[Part, ...] = (),
) -> None:
    from tenantctl.pool import describe

    if output is params.Format.JSON:
        alone = {"left_alone": describe.left_json(left)} if left else {}
        console.emit_json({"done": done, "steps": describe.steps_json(steps), **alone})
        return
    for line in (*describe.lines(steps, fields=not done), *describe.left_alone(left)):
        console.emit_text(line)
    console.emit_text(describe.summary(steps, done=done))
