"""The report as SARIF 2.1.0, which code scanning shows: a result for each finding that isn't fine.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import json
from typing import Any

from tenantctl.domain.finding import Finding, Outcome, Report
from tenantctl.report import words

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {Outcome.BREACH: "error", Outcome.INCONCLUSIVE: "warning"}


def to_sarif(report: Report) -> str:
    """The document as text."""
    wrong = words.bad(report)
    rules = {f.rule: f for f in wrong}
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "tenantctl",
                "rules": [_rule(finding) for finding in rules.values()],
            }
        },
        "results": [_result(finding, list(rules)) for finding in wrong],
        "invocations": [{"executionSuccessful": report.verdict is not Outcome.INCONCLUSIVE}],
        "properties": {
            "verdict": str(report.verdict),
            "target": report.target,
            "assumptions": list(report.assumptions),
        },
    }
    document = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _rule(finding: Finding) -> dict[str, Any]:
    return {
        "id": finding.rule,
        "shortDescription": {"text": f"{finding.action or finding.plane} across tenants"},
        "help": {"text": finding.fix or "see the message"},
    }


def _result(finding: Finding, rules: list[str]) -> dict[str, Any]:
    return {
        "ruleId": finding.rule,
        "ruleIndex": rules.index(finding.rule),
        "level": _LEVELS[finding.outcome],
        "message": {"text": finding.message},
        "locations": [
            {"logicalLocations": [{"fullyQualifiedName": finding.resource, "kind": "resource"}]}
        ],
        "partialFingerprints": {
            "tenantctl/1": "|".join(
                (
                    finding.rule,
                    words.party(finding.actor),
                    words.party(finding.owner),
                    finding.resource,
                )
            )
        },
        "properties": {"request": words.request(finding), "decidedBy": words.deciders(finding)},
    }
