"""The report as JUnit XML, which CI systems show: a suite for each plane, a case for each finding.

A breach is a `failure`, an inconclusive finding an `error`: neither is ever a pass.
https://github.com/testmoapp/junitxml
"""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from tenantctl.domain.finding import Finding, Outcome, Report
from tenantctl.report import words

# XML 1.0 can't hold these, not even escaped. https://www.w3.org/TR/xml/#charsets
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_junit(report: Report) -> str:
    """The document as text. A report without findings holds one case, which is an error."""
    root = ET.Element(
        "testsuites", {"name": "tenantctl verify-isolation", **_counts(report.findings)}
    )
    for plane in dict.fromkeys(str(f.plane) for f in report.findings):
        of_plane = tuple(f for f in report.findings if f.plane == plane)
        suite = ET.SubElement(root, "testsuite", {"name": xml_text(plane), **_counts(of_plane)})
        for finding in of_plane:
            _case(suite, finding)
    if not report.findings:
        suite = ET.SubElement(root, "testsuite", {"name": "verify-isolation", "errors": "1"})
        case = ET.SubElement(suite, "testcase", {"classname": "tenantctl", "name": "verdict"})
        ET.SubElement(case, "error", {"message": "nothing was tried"})
    return document(root)


def document(root: ET.Element) -> str:
    """A document's text, indented, with its declaration."""
    ET.indent(root)
    # ElementTree would declare the locale's encoding; the file is written as UTF-8.
    declaration = '<?xml version="1.0" encoding="UTF-8"?>'
    return f"{declaration}\n{ET.tostring(root, encoding='unicode')}\n"


def _case(suite: ET.Element, finding: Finding) -> None:
    name = f"{finding.rule} {words.party(finding.actor)} -> {words.party(finding.owner)}"
    case = ET.SubElement(
        suite,
        "testcase",
        {
            "classname": xml_text(f"tenantctl.{finding.plane}"),
            "name": xml_text(f"{name} {finding.resource}"),
        },
    )
    if finding.outcome is Outcome.ISOLATED:
        return
    tag = "failure" if finding.outcome is Outcome.BREACH else "error"
    told = ET.SubElement(
        case, tag, {"message": xml_text(finding.message), "type": str(finding.outcome)}
    )
    parts = [words.request(finding), words.deciders(finding), finding.fix]
    told.text = xml_text("\n".join(part for part in parts if part))


def _counts(findings: tuple[Finding, ...]) -> dict[str, str]:
    outcomes = [f.outcome for f in findings]
    return {
        "tests": str(len(outcomes)),
        "failures": str(outcomes.count(Outcome.BREACH)),
        "errors": str(outcomes.count(Outcome.INCONCLUSIVE)),
    }


def xml_text(value: str) -> str:
    """`value` without what XML can't hold."""
    return _NOT_XML.sub("\ufffd", value)
