"""Findings as SARIF 2.1.0, which code scanning shows beside the line.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from tenantctl.cedar.lint.rule import Finding, Rule, Severity
from tenantctl.cedar.lint.run import RULES, Linted

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def to_sarif(linted: Linted) -> str:
    """The document as text; every rule is described, found or not."""
    run = {
        "tool": {"driver": {"name": "tenantctl", "rules": [_rule(rule) for rule in RULES]}},
        "results": [_result(finding) for finding in linted.findings],
        "invocations": [{"executionSuccessful": True}],
        "properties": {"undecided": list(linted.undecided)},
    }
    document = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=2) + "\n"


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.summary},
        "help": {"text": rule.fix},
        "helpUri": rule.url,
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


def _result(finding: Finding) -> dict[str, Any]:
    made: dict[str, Any] = {
        "ruleId": finding.rule.id,
        "ruleIndex": RULES.index(finding.rule),
        "level": _LEVELS[finding.rule.severity],
        "message": {"text": f"{finding.message}: {finding.rule.fix}"},
    }
    if not finding.in_file:
        made["locations"] = [{"logicalLocations": [{"fullyQualifiedName": finding.file}]}]
        return made
    where: dict[str, Any] = {"artifactLocation": {"uri": _uri(finding.file)}}
    if finding.line is not None:
        where["region"] = {"startLine": finding.line}
    made["locations"] = [{"physicalLocation": where}]
    return made


def _uri(file: str) -> str:
    path = Path(file)
    if path.is_absolute():
        return path.as_uri()
    return quote(path.as_posix())
