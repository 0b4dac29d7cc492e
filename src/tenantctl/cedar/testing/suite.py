"""Run test cases against policies: each case, whether it came out as it must, and why not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tenantctl.cedar.decide import Decider, ToolCall, Verdict
from tenantctl.cedar.statement import Statement
from tenantctl.cedar.testing.cases import Case, Expectation
from tenantctl.cedar.testing.nearest import nearest


@dataclass(frozen=True, slots=True)
class Result:
    """A case and the first call whose verdict wasn't the expected one, if there was any."""

    case: Case
    verdict: Verdict
    call: ToolCall
    passed: bool
    why: tuple[str, ...] = ()
    """For a failure, a line for each policy that couldn't be evaluated or didn't quite apply."""

    @property
    def got(self) -> str:
        """The verdict in the words of a case: `allow by basic.current_time`."""
        said = Expectation.ALLOW if self.verdict.allowed else Expectation.DENY
        return _told(said, self.verdict.deciding)

    @property
    def expected(self) -> str:
        """What the case asks for, in the same words."""
        if self.case.by is None:
            return self.case.expect.value
        return _told(self.case.expect, tuple(sorted(self.case.by)))

    def document(self) -> dict[str, Any]:
        """One JSON value."""
        return {
            "name": self.case.name,
            "place": str(self.case.place),
            "passed": self.passed,
            "expected": self.expected,
            "decision": "allow" if self.verdict.allowed else "deny",
            "decided_by": list(self.verdict.deciding),
            "why": list(self.why),
            "request": {
                "claims": dict(self.call.claims),
                "action": self.call.action,
                "gateway": self.call.gateway,
                "input": {name: _plain(value) for name, value in self.call.input.items()},
            },
        }


def run(cases: Sequence[Case], policies: Mapping[str, Statement]) -> tuple[Result, ...]:
    """Every case's result, in order; `policies` are known by the ids that cases name."""
    decider = Decider({name: policy.text for name, policy in policies.items()})
    calls = [call for case in cases for call in case.calls]
    verdicts = iter(decider.decide_all(calls))
    return tuple(_result(case, [next(verdicts) for _ in case.calls], policies) for case in cases)


def _result(case: Case, verdicts: Sequence[Verdict], policies: Mapping[str, Statement]) -> Result:
    for call, verdict in zip(case.calls, verdicts, strict=True):
        if not _as_expected(case, verdict):
            why = verdict.errors if verdict.allowed else (*verdict.errors, *nearest(policies, call))
            return Result(case, verdict, call, passed=False, why=why)
    return Result(case, verdicts[0], case.calls[0], passed=True)


def _as_expected(case: Case, verdict: Verdict) -> bool:
    """A policy that couldn't be evaluated was left out, which no case can mean."""
    if verdict.errors or verdict.allowed is not (case.expect is Expectation.ALLOW):
        return False
    return case.by is None or case.by == frozenset(verdict.deciding)


def _told(said: Expectation, deciding: Sequence[str]) -> str:
    return f"{said.value} by {', '.join(deciding) or 'default'}"


def _plain(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, list | dict | str | bool | int):
        return value
    return str(value)
