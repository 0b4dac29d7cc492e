"""The report as JSON, schema `tenantctl.report/1`: the contract with scripts."""

from __future__ import annotations

import json
from typing import Any

from tenantctl.domain.finding import Finding, Party, Report

SCHEMA = "tenantctl.report/1"


def to_json(report: Report) -> str:
    """The document as text."""
    return json.dumps(document(report), indent=2, ensure_ascii=False) + "\n"


def document(report: Report) -> dict[str, Any]:
    """The document as a JSON value."""
    return {
        "schema": SCHEMA,
        "verdict": str(report.verdict),
        "target": report.target,
        "findings": [_finding(f) for f in report.findings],
        "assumptions": list(report.assumptions),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    made = {
        "rule": finding.rule,
        "plane": str(finding.plane),
        "action": finding.action,
        "outcome": str(finding.outcome),
        "resource": finding.resource,
        "actor": _party(finding.actor),
        "owner": _party(finding.owner),
        "request": dict(finding.request),
        "decided_by": [
            {"document": d.document, "statement": d.statement} for d in finding.decided_by
        ],
        "message": finding.message,
        "fix": finding.fix,
    }
    return made if finding.live is None else made | {"live": str(finding.live)}


def _party(party: Party) -> dict[str, str | None]:
    return {"tier": party.tier, "tenant": party.tenant, "user": party.user}
