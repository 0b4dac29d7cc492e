"""What reports for people have in common: counts, names and the order of what matters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from tenantctl.domain.finding import Finding, Live, Outcome, Party, Report

ORDER = (Outcome.BREACH, Outcome.INCONCLUSIVE, Outcome.ISOLATED)
"""Worst first."""


def party(who: Party) -> str:
    """`clinic-1 (basic)`, or who it is where it is no tenant."""
    if who.tenant is None:
        return who.user or "-"
    return who.tenant if who.tier is None else f"{who.tenant} ({who.tier})"


def counted(findings: Iterable[Finding]) -> str:
    """`2 breach, 1 inconclusive, 310 isolated`; what didn't occur is left out."""
    seen = Counter(f.outcome for f in findings)
    return ", ".join(f"{seen[o]} {o}" for o in ORDER if seen[o]) or "nothing was tried"


def verdict(report: Report) -> str:
    """`isolated: 303 of 303 findings`; `breach: 2 of 40 findings, 1 inconclusive`."""
    seen = Counter(f.outcome for f in report.findings)
    total = len(report.findings)
    if not total:
        return f"{report.verdict}: {counted(report.findings)}"
    line = f"{report.verdict}: {seen[report.verdict]} of {total} finding{'s' * (total > 1)}"
    doubtful = seen[Outcome.INCONCLUSIVE] if report.verdict is Outcome.BREACH else 0
    return f"{line}, {doubtful} inconclusive" if doubtful else line


_LIVE = {
    Live.CONFIRMED: "confirmed",
    Live.REFUSED: "refused",
    Live.UNCLEAR: "unclear",
    Live.UNTRIED: "not tried",
}


def carried_out(findings: Iterable[Finding]) -> str:
    """`5 confirmed, 1 not tried`: what came of witnesses; empty where none might have been."""
    seen = Counter(f.live for f in findings)
    return ", ".join(f"{seen[live]} {text}" for live, text in _LIVE.items() if seen[live])


def bad(report: Report) -> list[Finding]:
    """Breaches, then what is inconclusive; each in the order it was found."""
    return sorted(
        (f for f in report.findings if f.outcome is not Outcome.ISOLATED),
        key=lambda f: ORDER.index(f.outcome),
    )


def deciders(finding: Finding) -> str:
    """The statements that decided: `clinic-agent-tvm/tables: Table1PatientRecords`."""
    return ", ".join(f"{d.document}: {d.statement}" for d in finding.decided_by)


def request(finding: Finding) -> str:
    """The request in one line: action, resource, condition keys."""
    context = finding.request.get("context")
    keys = (
        ", ".join(f"{key}={value}" for key, value in context.items())
        if isinstance(context, dict) and context
        else "no condition keys"
    )
    return f"{finding.action} on {finding.resource} with {keys}"
