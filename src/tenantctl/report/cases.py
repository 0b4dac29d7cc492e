"""Test cases as JUnit XML: a `failure` for each that didn't come out as it must."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from tenantctl.report.junit import document, xml_text


@dataclass(frozen=True, slots=True)
class TestedCase:
    """A case by name; `failure` says in a line what was wrong, `detail` all about it."""

    name: str
    failure: str | None = None
    detail: str = ""


def to_junit(suite: str, cases: Sequence[TestedCase]) -> str:
    """The document as text; `suite` names what was tested."""
    failures = sum(case.failure is not None for case in cases)
    counts = {"tests": str(len(cases)), "failures": str(failures), "errors": "0"}
    root = ET.Element("testsuites", {"name": xml_text(suite), **counts})
    element = ET.SubElement(root, "testsuite", {"name": xml_text(suite), **counts})
    for case in cases:
        at = {"classname": xml_text(suite), "name": xml_text(case.name)}
        made = ET.SubElement(element, "testcase", at)
        if case.failure is not None:
            told = ET.SubElement(made, "failure", {"message": xml_text(case.failure)})
            told.text = xml_text(case.detail)
    return document(root)
