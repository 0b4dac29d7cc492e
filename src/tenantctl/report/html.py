"""The report as one HTML page without scripts or anything fetched from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from tenantctl.domain.finding import Finding, Outcome, Report
from tenantctl.report import matrix, words

_STYLE = """
:root { color-scheme: light dark; --good: #1a7f37; --bad: #cf222e; --open: #9a6700; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { text-align: left; padding: .3rem .8rem; border-bottom: 1px solid #8884; }
.isolated { color: var(--good); } .breach { color: var(--bad); }
.inconclusive { color: var(--open); }
section { border-left: .3rem solid; padding-left: 1rem; margin: 1.5rem 0; }
section p, section dl { color: CanvasText; } dt { font-weight: 600; } dd { margin: 0 0 .5rem; }
code { overflow-wrap: anywhere; }
"""


def to_html(report: Report) -> str:
    """The page as text."""
    verdict = str(report.verdict)
    head = matrix.columns(report)
    return "".join(
        (
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>Tenant isolation: {verdict}</title><style>{_STYLE}</style></head>\n<body>",
            f'<h1>Tenant isolation: <span class="{verdict}">{verdict}</span></h1>\n',
            f"<p>Target {escape(report.target)}: {words.counted(report.findings)}.</p>\n",
            "<table><thead>",
            _row("th", head),
            "</thead><tbody>",
            *(_row("td", row) for row in matrix.rows(report, matrix.UNICODE)),
            "</tbody></table>\n",
            *(_section(finding) for finding in words.bad(report)),
            "<h2>Assumptions</h2><ul>",
            *(f"<li>{escape(text)}</li>" for text in report.assumptions),
            "</ul></body></html>\n",
        )
    )


def _row(tag: str, cells: Iterable[str]) -> str:
    return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>\n"


def _section(finding: Finding) -> str:
    parts = [("request", words.request(finding))] if finding.outcome is Outcome.BREACH else []
    if finding.decided_by:
        parts.append(("allowed by", words.deciders(finding)))
    if finding.fix:
        parts.append(("fix", finding.fix))
    listed = "".join(f"<dt>{k}</dt><dd><code>{escape(v)}</code></dd>" for k, v in parts)
    return (
        f'<section class="{finding.outcome}"><h2>{finding.outcome} {escape(finding.rule)}</h2>'
        f"<p>{escape(finding.message)}</p><dl>{listed}</dl></section>\n"
    )
