"""Show a push before it is made, ask, make it: the same for `push` and `rollback`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tenantctl.cli import console, context, params
from tenantctl.cli.policy.places import tenants_touched

if TYPE_CHECKING:
    from tenantctl.aws.session import Aws
    from tenantctl.cedar.diff.compare import Comparison
    from tenantctl.cedar.diff.differences import Tenants
    from tenantctl.policy.push import Push

OverwriteDrift = Annotated[
    bool,
    typer.Option(
        "--overwrite-drift", help="Push although somebody changed the policies since the last push."
    ),
]
TakeOver = Annotated[
    bool,
    typer.Option(
        "--take-over", help="Push although another push seems to be going on: you know it is dead."
    ),
]


@dataclass(frozen=True, slots=True)
class How:
    """What the user asked for."""

    dry_run: bool
    yes: bool
    overwrite_drift: bool
    take_over: bool
    output: params.Format


def carry_out(ctx: typer.Context, aws: Aws, push: Push, how: How) -> int | None:
    """Show what the push changes, ask where it changes decisions, and make it.

    Returns the version's number, None when none was made.
    """
    from tenantctl.policy.apply import apply, refuse_drift
    from tenantctl.policy.difference import difference

    found = difference(aws, push)
    # Read before anything is written: what can't be read then, can't spoil the answer.
    json = how.output is params.Format.JSON
    tenants = tenants_touched(push.names, aws, found) if json else {}
    if not json:
        _show(push, found)
    number = None
    if not how.dry_run and not push.nothing:
        refuse_drift(push, overwrite=how.overwrite_drift)
        if push.replaces:
            if json and not how.yes:  # whoever is asked must see what for; stdout is the JSON's
                for row in _changes(push):
                    console.note(f"{row['policy']}: {row['change']}")
            console.confirm("replace policies that are in force?", yes=how.yes)
        number = apply(
            aws,
            push,
            say=(lambda _: None) if context.of(ctx).quiet else console.note,
            overwrite_drift=how.overwrite_drift,
            take_over=how.take_over,
        )
    if json:
        console.emit_json(_document(push, found, tenants, number))
    console.note(_end(push, how, number))
    return number


def _end(push: Push, how: How, number: int | None) -> str:
    if push.nothing:
        return "nothing to do"
    if not how.dry_run:
        return "nothing left to do" if number is None else f"pushed version {number}"
    planned = [row["change"].partition(" ")[0].rstrip(",") for row in _changes(push)]
    counts = ", ".join(f"{planned.count(what)} to {what}" for what in dict.fromkeys(planned))
    needs = "; it needs --overwrite-drift" if push.drift and not push.request.trial else ""
    return f"planned: {counts or 'an entry in the history'}{needs}"


def _changes(push: Push) -> list[dict[str, str]]:
    verb = "create, log only" if push.request.trial else "create"
    policies = [
        {"policy": entry.label, "change": _VERBS.get(entry.state.value, verb)}
        for entry in push.plan.changes
    ]
    return policies + [{"policy": to.gateway.name, "change": to.words} for to in push.attach]


_VERBS = {
    "pending": "await",
    "changed": "delete",
    "failed": "delete",
    "log-only": "delete",
    "stale": "delete",
}


def _show(push: Push, found: Comparison) -> None:
    from tenantctl.cedar.diff.differences import line

    rows = [tuple(row.values()) for row in _changes(push)]
    if rows:
        console.emit_table(("POLICY", "CHANGE"), rows)
    for one in found.differences:
        console.emit_text(line(one))
    for what in found.beyond:
        console.note(f"not exact: {what}")
    if not push.request.trial:
        for deviation in push.drift:
            console.note(f"changed since the last push: {deviation}")
    if push.resumes:
        console.note(f"goes on with version {push.resumes}, whose push hasn't ended")


def _document(
    push: Push, found: Comparison, tenants: Tenants, number: int | None
) -> dict[str, Any]:
    from tenantctl.cedar.diff.differences import document

    return {
        "version": number,
        "changes": _changes(push),
        "differences": document(found, tenants)["differences"],
        "not_exact": list(found.beyond),
        "drift": [str(deviation) for deviation in push.drift],
    }
