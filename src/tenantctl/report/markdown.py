"""The report as Markdown, for a pull request or a ticket."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tenantctl.domain.finding import Finding, Outcome, Report
from tenantctl.report import matrix, words


def to_markdown(report: Report) -> str:
    """The document as text: verdict, matrix, what went wrong, assumptions."""
    lines = [f"# Tenant isolation: {report.verdict}", ""]
    lines += [f"Target `{report.target}`: {words.counted(report.findings)}.", ""]
    if report.findings:
        head = matrix.columns(report)
        lines += [_row(head), _row("---" for _ in head)]
        lines += [_row(row) for row in matrix.rows(report, matrix.UNICODE)]
        lines.append("")
    for finding in words.bad(report):
        lines += _section(finding)
    lines += ["## Assumptions", "", *(f"- {_plain(text)}" for text in report.assumptions), ""]
    return "\n".join(lines)


def _section(finding: Finding) -> list[str]:
    lines = [f"## {finding.outcome} {finding.rule}", "", f"{_plain(finding.message)}.", ""]
    if finding.outcome is Outcome.BREACH:
        lines.append(f"- request: {_code(words.request(finding))}")
        if finding.decided_by:
            lines.append(f"- allowed by: {_code(words.deciders(finding))}")
        lines += [f"- fix: {_plain(finding.fix)}", ""]
    return lines


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(_plain(text) for text in cells) + " |"


def _plain(text: str) -> str:
    """Text that can't start markup, a table cell or HTML; code spans stay."""
    return re.sub(r"([\\|<>*_\[\]])", r"\\\1", " ".join(text.split()))


def _code(text: str) -> str:
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * (longest + 1)
    return f"{fence} {' '.join(text.split())} {fence}"
