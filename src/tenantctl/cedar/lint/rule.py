"""What a rule is: who it is, how bad its finding is, how to mend it, and where it is documented."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

_AGENTCORE = "https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide"
CONDITIONS = f"{_AGENTCORE}/policy-conditions.html"
FLOW = f"{_AGENTCORE}/policy-authorization-flow.html"
INTERCEPTORS = f"{_AGENTCORE}/gateway-interceptors.html"
LIMITS = f"{_AGENTCORE}/policy-limitations-section.html"
SCHEMA = f"{_AGENTCORE}/policy-schema-constraints.html"
SCOPE = f"{_AGENTCORE}/policy-scope.html"
SCOPE_PAIRS = f"{_AGENTCORE}/example-policies-action-resource.html"
UNDERSTANDING = f"{_AGENTCORE}/policy-understanding-cedar.html"
VALIDATION = f"{_AGENTCORE}/policy-validation-overview.html"
STATEMENT = (
    "https://docs.aws.amazon.com/bedrock-agentcore-control/latest/APIReference/API_CedarPolicy.html"
)
CEDAR_SYNTAX = "https://docs.cedarpolicy.com/policies/syntax-policy.html"
CEDAR_VALIDATION = "https://docs.cedarpolicy.com/policies/validation.html"
CEDAR_OPERATORS = "https://docs.cedarpolicy.com/policies/syntax-operators.html"


class Severity(StrEnum):
    """How bad a finding is.

    An error is refused by AgentCore or gives away what it must not; a warning is regretted later.
    """

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; `id` is stable, `summary` says what is wrong, `url` who says so."""

    id: str
    severity: Severity
    summary: str
    fix: str
    url: str


@dataclass(frozen=True, slots=True)
class Hit:
    """What an audit says of one policy; `line` counts from 1, None where there is none."""

    line: int | None
    message: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule broken by a file, or without `in_file` by what `file` names instead."""

    rule: Rule
    file: str
    line: int | None
    message: str
    in_file: bool = True

    @property
    def place(self) -> str:
        """`file:line`, as compilers say it."""
        return self.file if self.line is None else f"{self.file}:{self.line}"

    def document(self) -> dict[str, object]:
        """The finding as JSON."""
        return {
            "rule": self.rule.id,
            "severity": self.rule.severity.value,
            "file": self.file,
            "line": self.line,
            "message": self.message,
            "fix": self.rule.fix,
            "url": self.rule.url,
        }
