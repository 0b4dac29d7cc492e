"""What verification found: the one form that probes, the proof and every report share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from tenantctl.errors import ExitCode


class Outcome(StrEnum):
    """Of one finding, and of a whole verification; `breach` wins over `inconclusive`."""

    ISOLATED = "isolated"
    BREACH = "breach"
    INCONCLUSIVE = "inconclusive"

    @property
    def exit_code(self) -> ExitCode:
        """The exit code that says the same."""
        return {
            Outcome.ISOLATED: ExitCode.OK,
            Outcome.BREACH: ExitCode.BREACH,
            Outcome.INCONCLUSIVE: ExitCode.INCONCLUSIVE,
        }[self]


class Live(StrEnum):
    """What came of carrying out a proved breach's witness; none of them changes an outcome."""

    CONFIRMED = "confirmed"
    REFUSED = "refused"
    UNCLEAR = "unclear"
    UNTRIED = "untried"


@dataclass(frozen=True, slots=True)
class Party:
    """Who acts, or whose data it is; `None` where the plane knows no such part."""

    tier: str | None
    tenant: str | None
    user: str | None = None


@dataclass(frozen=True, slots=True)
class Decider:
    """A statement that decided: the document's name, and its Sid or index."""

    document: str
    statement: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tried or proved.

    `rule` is stable (`S3-LIST-PREFIX`); `request` holds `action`, `resource` and `context` as
    IAM would see them; `fix` says how to mend a breach. `live` is there where a witness of a
    proof was, or might have been, carried out.
    """

    rule: str
    plane: str
    action: str
    outcome: Outcome
    resource: str
    actor: Party
    owner: Party
    request: Mapping[str, object] = field(default_factory=dict)
    decided_by: tuple[Decider, ...] = ()
    message: str = ""
    fix: str = ""
    live: Live | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """All findings of a run. `target` is `local`, `aws` or `documents`."""

    target: str
    findings: tuple[Finding, ...]
    assumptions: tuple[str, ...] = ()

    @property
    def verdict(self) -> Outcome:
        """Isolated only with evidence: a run that found nothing at all is inconclusive."""
        return worst(f.outcome for f in self.findings)


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """A breach wins, then inconclusive; nothing at all is inconclusive."""
    seen = set(outcomes)
    if Outcome.BREACH in seen:
        return Outcome.BREACH
    if Outcome.INCONCLUSIVE in seen or not seen:
        return Outcome.INCONCLUSIVE
    return Outcome.ISOLATED
