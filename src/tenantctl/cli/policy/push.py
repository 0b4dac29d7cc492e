"""`tenantctl policy push`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import typer

from tenantctl.cli import console, context, params
from tenantctl.cli.policy.places import Directory, show_changes, source_of

if TYPE_CHECKING:
    from tenantctl.policy.push import Push


def push_command(
    ctx: typer.Context,
    *,
    directory: Directory = None,
    dry_run: params.DryRun = False,
    yes: params.Yes = False,
    output: params.Output = params.Format.TABLE,
) -> None:
    """Bring the policy engine to what the reviewed folder says."""
    from tenantctl.policy import push as pushing

    with context.of(ctx).cloud() as (names, aws):
        push = pushing.prepare(aws, names, source_of(ctx, names, directory))
        if not dry_run:
            if push.replaces:
                console.confirm("replace policies that are in force?", yes=yes)
            pushing.apply(aws, push, progress=_say(ctx))
    show_changes(_changes(push), output)
    console.note("nothing to do" if push.nothing else "planned" if dry_run else "pushed")


def _changes(push: Push) -> list[dict[str, str]]:
    policies = [
        {"policy": entry.label, "change": _VERBS[entry.state.value]} for entry in push.plan.changes
    ]
    gateways = [{"policy": g.name, "change": "attach the engine"} for g in push.attach.values()]
    return policies + gateways


_VERBS = {
    "missing": "create",
    "pending": "await",
    "changed": "restore",
    "failed": "create again",
    "stale": "delete",
}


def _say(ctx: typer.Context) -> Callable[[str], None]:
    return (lambda _: None) if context.of(ctx).quiet else console.note
