from __future__ import annotations

import json

from tenantctl.cedar.lint.rule import Finding
from tenantctl.cedar.lint.run import RULES, Linted
from tenantctl.cedar.lint.sarif import to_sarif


def test_a_finding_has_its_rule_level_and_place() -> None:
    by_id = {rule.id: rule for rule in RULES}
    found = Linted(
        (
            Finding(by_id["any-tier"], "policies/basic/a b.cedar", 7, "callers of no tier"),
            Finding(by_id["syntax-error"], "/x/#.cedar", None, "not UTF-8 text"),
            Finding(by_id["idle-forbid"], "x.cedar", 1, "no permit"),
            Finding(by_id["too-many-policies"], "engine", None, "1001 policies", in_file=False),
        ),
        3,
        ("a tool",),
    )
    (run,) = json.loads(to_sarif(found))["runs"]
    rules = run["tool"]["driver"]["rules"]
    told = [
        (rules[one["ruleIndex"]]["id"], one["level"], one["locations"][0]) for one in run["results"]
    ]
    assert told == [
        (
            "any-tier",
            "warning",
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": "policies/basic/a%20b.cedar"},
                    "region": {"startLine": 7},
                }
            },
        ),
        (
            "syntax-error",
            "error",
            {"physicalLocation": {"artifactLocation": {"uri": "file:///x/%23.cedar"}}},
        ),
        (
            "idle-forbid",
            "note",
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": "x.cedar"},
                    "region": {"startLine": 1},
                }
            },
        ),
        (
            "too-many-policies",
            "error",
            {"logicalLocations": [{"fullyQualifiedName": "engine"}]},
        ),
    ]
    assert run["properties"] == {"undecided": ["a tool"]}
    assert all(rule["helpUri"].startswith("https://") for rule in rules)
