"""What IAM answers."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from tenantctl.domain.finding import Decider


class Verdict(StrEnum):
    """The three answers of the evaluation logic."""

    ALLOWED = "allowed"
    IMPLICIT_DENY = "implicit_deny"
    EXPLICIT_DENY = "explicit_deny"


class Decision(NamedTuple):
    """The verdict, with the statements that decided it (none, for an implicit deny)."""

    verdict: Verdict
    decided_by: tuple[Decider, ...] = ()

    @property
    def allowed(self) -> bool:
        """Whether the request may proceed."""
        return self.verdict is Verdict.ALLOWED
