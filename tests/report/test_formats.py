"""Each report format: what it says, and that no text in it can become markup."""

from __future__ import annotations

import json
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest

from tenantctl.domain.finding import Finding, Outcome, Party, Report
from tenantctl.report import matrix
from tenantctl.report.formats import ReportFormat, render

EMPTY = Report("local", ())


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002 - the base's form
        self.seen.add(tag)


def test_json_is_the_contract(report: Report) -> None:
    document = json.loads(render(report, ReportFormat.JSON))

    assert set(document) == {"schema", "verdict", "target", "findings", "assumptions"}
    assert document["schema"] == "tenantctl.report/1"
    assert (document["verdict"], document["target"]) == ("breach", "local")
    breach = document["findings"][1]
    assert breach == {
        "rule": "S3-LIST-STEM",
        "plane": "s3",
        "action": "s3:ListBucket",
        "outcome": "breach",
        "resource": "arn:aws:s3:::clinic-documents",
        "actor": {"tier": "basic", "tenant": "clinic-1", "user": "0000"},
        "owner": {"tier": "basic", "tenant": "clinic-10", "user": "1111"},
        "request": {
            "action": "s3:ListBucket",
            "resource": "arn:aws:s3:::clinic-documents",
            "context": {"s3:prefix": "basic-tier/clinic-1"},
        },
        "decided_by": [{"document": "tvm/buckets", "statement": "Bucket1List"}],
        "message": "S3-LIST-STEM breach",
        "fix": "end the prefix with a slash",
    }


def test_junit_fails_breaches_and_errs_on_what_is_not_known(report: Report) -> None:
    root = ET.fromstring(render(report, ReportFormat.JUNIT))  # noqa: S314 - our own text

    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("4", "1", "1")
    assert [s.get("name") for s in root] == ["s3", "dynamodb"]
    (failure,) = root.iter("failure")
    assert failure.get("message") == "S3-LIST-STEM breach"
    assert "tvm/buckets: Bucket1List" in (failure.text or "")


def test_junit_of_nothing_is_an_error() -> None:
    root = ET.fromstring(render(EMPTY, ReportFormat.JUNIT))  # noqa: S314 - our own text

    assert next(root.iter("error")).get("message") == "nothing was tried"


def test_sarif_holds_what_is_wrong_only(report: Report) -> None:
    (run,) = json.loads(render(report, ReportFormat.SARIF))["runs"]

    assert [(r["ruleId"], r["level"]) for r in run["results"]] == [
        ("S3-LIST-STEM", "error"),
        ("DDB-QUERY-INDEX", "warning"),
    ]
    rules = run["tool"]["driver"]["rules"]
    assert all(rules[r["ruleIndex"]]["id"] == r["ruleId"] for r in run["results"])


def test_markdown_tells_the_story(report: Report) -> None:
    text = render(report, ReportFormat.MARKDOWN)

    assert text.startswith("# Tenant isolation: breach\n")
    assert "| clinic-1 (basic) | clinic-10 | ✘ 1/2 | ✔ 1 |" in text
    assert "- allowed by: ` tvm/buckets: Bucket1List `" in text


@pytest.mark.parametrize("form", ReportFormat)
def test_no_text_becomes_markup(nasty: Report, form: ReportFormat) -> None:
    text = render(nasty, form)

    match form:
        case ReportFormat.JSON | ReportFormat.SARIF:
            json.loads(text)
        case ReportFormat.JUNIT:
            ET.fromstring(text)  # noqa: S314 - our own text
        case ReportFormat.MARKDOWN:
            rows = [line for line in text.splitlines() if line.startswith("| a")]
            assert [row.replace("\\|", "").count("|") for row in rows] == [4]
        case ReportFormat.HTML:
            tags = Tags()
            tags.feed(text)
            assert "script" not in tags.seen
            assert {"table", "section", "dl"} <= tags.seen


@pytest.mark.parametrize("form", ReportFormat)
def test_a_report_without_findings_says_so(form: ReportFormat) -> None:
    assert "inconclusive" in render(EMPTY, form) or "nothing was tried" in render(EMPTY, form)


@pytest.mark.parametrize(
    ("encoding", "drawn"),
    [("utf-8", matrix.UNICODE), ("ascii", matrix.ASCII), ("latin-1", matrix.ASCII),
     (None, matrix.ASCII), ("no-such", matrix.ASCII)],
)  # fmt: skip
def test_signs_are_those_that_the_terminal_can_show(
    encoding: str | None, drawn: matrix.Signs
) -> None:
    assert matrix.signs(encoding) is drawn


def test_the_matrix_has_a_row_for_each_actor(report: Report) -> None:
    assert matrix.columns(report) == ("ACTOR", "AGAINST", "S3", "DYNAMODB")
    assert matrix.rows(report, matrix.ASCII) == (
        ("clinic-1 (basic)", "clinic-10", "BREACH 1/2", "ok 1"),
        ("clinic-2 (basic)", "clinic-10", "-", "? 1/1"),
    )


def test_many_actors_are_summed_up_but_never_those_in_trouble() -> None:
    def one(number: int, outcome: Outcome) -> Finding:
        actor, owner = Party("basic", f"c-{number}"), Party("basic", "x")
        return Finding("R", "s3", "a", outcome, "r", actor, owner)

    findings = [one(n, Outcome.ISOLATED) for n in range(100)] + [one(100, Outcome.BREACH)]

    rows = matrix.rows(Report("aws", tuple(findings)), matrix.ASCII)

    assert [row[0] for row in rows] == ["c-100 (basic)", "100 others"]


def test_a_breach_is_explained_with_request_statement_and_fix(report: Report) -> None:
    lines = matrix.explanation(report)

    assert lines == (
        "breach S3-LIST-STEM: S3-LIST-STEM breach",
        (
            "  request     s3:ListBucket on arn:aws:s3:::clinic-documents "
            "with s3:prefix=basic-tier/clinic-1"
        ),
        "  allowed by  tvm/buckets: Bucket1List",
        "  fix         end the prefix with a slash",
        "",
        "inconclusive DDB-QUERY-INDEX: DDB-QUERY-INDEX inconclusive",
        "",
        "breach: 1 of 4 findings, 1 inconclusive",
    )


def test_the_same_breach_against_two_owners_is_explained_once(report: Report) -> None:
    stem = report.findings[1]
    twice = replace(report, findings=(stem, replace(stem, owner=Party("premium", "harbour"))))

    lines = matrix.explanation(twice)

    assert sum(line.startswith("breach S3-LIST-STEM") for line in lines) == 1
    assert lines[-1] == "breach: 2 of 2 findings"


def test_rules_that_are_not_explained_are_counted(report: Report) -> None:
    stem = report.findings[1]
    many = tuple(replace(stem, rule=f"RULE-{n // 2}") for n in range(40))

    lines = matrix.explanation(replace(report, findings=many))

    assert sum(line.startswith("breach RULE-") for line in lines) == 12
    assert "and 8 more rules; --report json=PATH holds every finding" in lines


def test_a_rule_is_explained_once(report: Report) -> None:
    breach = report.findings[1]

    lines = matrix.explanation(Report("local", (breach, breach, breach)))

    assert [line for line in lines if line.startswith("breach S3")] == [
        "breach S3-LIST-STEM: S3-LIST-STEM breach"
    ]
    assert "  also        2 more like it" in lines
