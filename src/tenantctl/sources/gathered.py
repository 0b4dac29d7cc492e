"""Documents that were gathered from a source, with what of them couldn't be read.

A proof over part of the documents proves nothing that the other part could undo: whatever an
unread part bears on is inconclusive, and each unread part is named.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from tenantctl.domain.finding import Finding, Outcome, Party, Report
from tenantctl.domain.names import Names
from tenantctl.iam.policy import Actions
from tenantctl.proof.asking.reach import catalogue
from tenantctl.proof.documents import Documents
from tenantctl.proof.prove import prove

RULE = "SOURCE-UNREAD"
_PLANE = "source"
_FEW = 3


@dataclass(frozen=True, slots=True)
class Unread:
    """A part that isn't static: where it stands, and why it isn't known.

    `about` is the table or bucket whose policy it belongs to; without, it is about the role.
    `actions` are those of which it speaks; without, it may speak of any.
    """

    at: str
    why: str
    about: str | None = None
    actions: Actions | None = None

    @property
    def may_matter(self) -> bool:
        """Whether it may speak of an action that reaches tenants' data."""
        return self.actions is None or any(self.actions.cover(a.lower()) for a in catalogue())

    def bears_on(self, finding: Finding) -> bool:
        """Whether the finding could be another if this were known."""
        if self.about is not None:
            rest = finding.resource.removeprefix(self.about)
            if rest == finding.resource or rest[:1] not in {"", "/", ":"}:
                return False
        return self.actions is None or self.actions.cover(finding.action.lower())

    def __str__(self) -> str:
        """Place and reason, for a message."""
        return f"{self.at}: {self.why}"


@dataclass(frozen=True, slots=True)
class Gathered:
    """The documents of a source, in the account that it speaks of."""

    names: Names
    documents: Documents
    unread: tuple[Unread, ...] = ()


def prove_gathered(gathered: Gathered, *, target: str = "documents") -> Report:
    """Prove what was read; isolation is never claimed over something that wasn't."""
    report = prove(gathered.names, gathered.documents, target=target)
    bearing = tuple(u for u in gathered.unread if u.may_matter)
    idle = tuple(f"{u}; it is about no tenant's data" for u in gathered.unread if not u.may_matter)
    found = [_doubted(f, [u for u in bearing if u.bears_on(f)]) for f in report.findings]
    named = [_named(bearing, gathered.names)] if bearing else []
    return replace(report, findings=(*named, *found), assumptions=(*report.assumptions, *idle))


def _doubted(finding: Finding, unread: list[Unread]) -> Finding:
    if not unread or finding.outcome is Outcome.INCONCLUSIVE:
        return finding
    where = _few(u.at for u in unread)
    if finding.outcome is Outcome.BREACH:
        return replace(finding, message=f"{finding.message}, unless what wasn't read denies it")
    return replace(
        finding,
        outcome=Outcome.INCONCLUSIVE,
        message=f"`{finding.action}`: {finding.message}, but {where} couldn't be read",
    )


def _few(places: Iterable[str]) -> str:
    listed = list(places)
    more = f" and {len(listed) - _FEW} more" if len(listed) > _FEW else ""
    return ", ".join(listed[:_FEW]) + more


def _named(unread: tuple[Unread, ...], names: Names) -> Finding:
    """One finding that names them all: reports show only the first of several under one rule."""
    return Finding(
        rule=RULE,
        plane=_PLANE,
        action="",
        outcome=Outcome.INCONCLUSIVE,
        resource=names.vending_role_arn,
        actor=Party(None, None),
        owner=Party(None, None),
        message="couldn't be read: " + "; ".join(str(u) for u in unread),
        fix="write these out, or prove what is deployed: --from account",
    )
