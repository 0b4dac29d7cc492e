"""`--try-witnesses`: whether a proof's witnesses are carried out, and the proof itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from tenantctl.domain.target import Target
from tenantctl.errors import UsageError

if TYPE_CHECKING:
    from tenantctl.aws.session import Aws
    from tenantctl.cli.context import Context
    from tenantctl.domain.finding import Report
    from tenantctl.domain.names import Names
    from tenantctl.proof.documents import Documents

_UNTRIED = "no witness was carried out; --try-witnesses does it, with made-up tenants"


def by_default(ctx: Context) -> bool:
    """Whether what is deployed is attacked unasked: only where it is nobody's, in the local cloud.

    A proof is otherwise read-only, and on AWS often run by somebody who may write nothing.
    """
    return ctx.pool().target is Target.LOCAL


def check(choice: bool | None, *, live: bool, elsewhere: bool) -> None:
    """Refuse the option where it would do nothing.

    `elsewhere` says that the documents are those of a file, which no cloud at hand enforces.
    """
    if choice is None:
        return
    if live:
        raise UsageError("a live run has no witnesses", hint="add --mode proof")
    if choice and elsewhere:
        raise UsageError(
            "what a file holds isn't what the cloud at hand enforces",
            hint="prove --from account, or the configuration itself",
        )


def proved_in_cloud(
    ctx: Context, documents: Callable[[Names, Aws], Documents], *, trying: bool
) -> Report:
    """Prove documents of the pool in its cloud; with `trying`, carry out their witnesses there."""
    from tenantctl.probes.witness.carry_out import proved_and_tried
    from tenantctl.proof.prove import prove

    with ctx.cloud() as (names, aws):
        found, target = documents(names, aws), names.pool.target.value
        if trying:
            return proved_and_tried(
                aws, names, lambda taken: prove(names, found, target=target, taken=taken)
            )
    report = prove(names, found, target=target)
    untried = report.verdict is not report.verdict.ISOLATED
    return replace(report, assumptions=(*report.assumptions, *((_UNTRIED,) if untried else ())))
