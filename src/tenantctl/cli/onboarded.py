"""How onboarding is shown: a plan, what became of it, the exit code that says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenantctl.cli import console
from tenantctl.cli.params import Format
from tenantctl.errors import ExitCode

if TYPE_CHECKING:
    from tenantctl.lifecycle.apply import Applied
    from tenantctl.lifecycle.plan import Plan


def show_plan(plan: Plan, output: Format) -> None:
    """The steps, a line each; as JSON `{"steps": [{tenant, change, what}], "totals": {…}}`."""
    if output is Format.JSON:
        steps = [
            {"tenant": s.tenant.id, "change": s.change.name.lower(), "what": s.what}
            for s in plan.steps
        ]
        console.emit_json({"steps": steps, "totals": plan.totals})
        return
    rows = [(step.change.value, step.tenant.id, step.what) for step in plan.steps]
    if rows:
        console.emit_table(("", "TENANT", "WHAT"), rows)
    console.emit_text(_summary(plan, "would onboard"))


def show(plan: Plan, applied: Applied, output: Format, *, passwords: bool) -> None:
    """What was done, the checks' verdicts and, if asked, the temporary passwords (once)."""
    issued = applied.issued if passwords else ()
    if output is Format.JSON:
        console.emit_json(
            {
                "changes": len(plan.steps),
                "totals": plan.totals,
                "passwords": [
                    {"tenant": i.tenant, "email": i.email, "password": i.password} for i in issued
                ],
                "checks": [
                    {"tenant": c.tenant, "verdict": c.report.verdict.value} for c in applied.checks
                ],
                "policies": list(applied.policies),
                "error": None if applied.failure is None else str(applied.failure),
            }
        )
        return
    if issued:
        rows = [(one.tenant, one.email, one.password) for one in issued]
        console.emit_table(("TENANT", "USER", "TEMPORARY PASSWORD (shown only now)"), rows)
    for tier in applied.policies:
        console.note(f"made the policies of tier {tier}")
    for check in applied.checks:
        for finding in check.report.findings:
            if finding.outcome is not check.report.verdict or not finding.message:
                continue
            if check.report.verdict.exit_code is not ExitCode.OK:
                console.note(f"{check.tenant}: {finding.rule}: {finding.message}")
    if applied.failure is None:
        console.emit_text(_summary(plan, "onboarded"))


def exit_code(applied: Applied) -> ExitCode:
    """A breach wins over an inconclusive check."""
    codes = {check.report.verdict.exit_code for check in applied.checks}
    return next((c for c in (ExitCode.BREACH, ExitCode.INCONCLUSIVE) if c in codes), ExitCode.OK)


def _summary(plan: Plan, verb: str) -> str:
    counted = ", ".join(f"{n:,} {noun if n != 1 else noun[:-1]}" for noun, n in plan.totals.items())
    return f"{verb} {counted}" if plan.steps else f"nothing to do: {counted}, all as described"
