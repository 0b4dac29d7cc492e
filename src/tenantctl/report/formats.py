"""The formats of a report, by name; each is a pure function from a report to text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum

from tenantctl.domain.finding import Report
from tenantctl.report.html import to_html
from tenantctl.report.json import to_json
from tenantctl.report.junit import to_junit
from tenantctl.report.markdown import to_markdown
from tenantctl.report.sarif import to_sarif


class ReportFormat(StrEnum):
    """What `--report FORMAT=PATH` takes."""

    JSON = "json"
    JUNIT = "junit"
    SARIF = "sarif"
    MARKDOWN = "markdown"
    HTML = "html"


_WRITERS: Mapping[ReportFormat, Callable[[Report], str]] = {
    ReportFormat.JSON: to_json,
    ReportFormat.JUNIT: to_junit,
    ReportFormat.SARIF: to_sarif,
    ReportFormat.MARKDOWN: to_markdown,
    ReportFormat.HTML: to_html,
}


def render(report: Report, form: ReportFormat) -> str:
    """The report as text, ending with a newline."""
    return _WRITERS[form](report)
