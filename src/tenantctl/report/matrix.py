"""The report on a terminal: a row for each actor, a column for each plane, then what went wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tenantctl.domain.finding import Finding, Outcome, Report, worst
from tenantctl.report import words

ROWS = 40
"""More actors than this are summed up, unless something is wrong with them."""

_EXPLAINED = 12
"""So many broken rules are explained in full; every finding is in the reports."""


@dataclass(frozen=True, slots=True)
class Signs:
    """How an outcome is drawn."""

    isolated: str
    breach: str
    inconclusive: str

    def of(self, outcome: Outcome) -> str:
        """The sign of an outcome."""
        return {
            Outcome.ISOLATED: self.isolated,
            Outcome.BREACH: self.breach,
            Outcome.INCONCLUSIVE: self.inconclusive,
        }[outcome]


UNICODE = Signs("✔", "✘", "?")
ASCII = Signs("ok", "BREACH", "?")


def signs(encoding: str | None) -> Signs:
    """The signs that a stream of this encoding can show."""
    try:
        (UNICODE.isolated + UNICODE.breach).encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return UNICODE


def columns(report: Report) -> tuple[str, ...]:
    """The matrix' head."""
    return ("ACTOR", "AGAINST", *(plane.upper() for plane in _planes(report)))


def rows(report: Report, drawn: Signs) -> tuple[tuple[str, ...], ...]:
    """The matrix' rows; a cell reads `✔ 45`, or `✘ 3/45` for 3 of 45 that are not isolated."""
    by_actor: dict[str, list[Finding]] = {}
    for finding in report.findings:
        by_actor.setdefault(words.party(finding.actor), []).append(finding)
    shown, summed = _split(by_actor)
    made = [_row(actor, by_actor[actor], report, drawn) for actor in shown]
    if summed:
        rest = [f for actor in summed for f in by_actor[actor]]
        made.append(_row(f"{len(summed)} others", rest, report, drawn))
    return tuple(made)


def explanation(report: Report) -> tuple[str, ...]:
    """The lines below the matrix: each broken rule with request, statements and fix, then counts.

    A rule is explained by its first finding; the pairs that it also concerns are counted.
    """
    alike: dict[tuple[str, str], list[Finding]] = {}
    for finding in words.bad(report):
        alike.setdefault((finding.outcome, finding.rule), []).append(finding)
    lines: list[str] = []
    for found in tuple(alike.values())[:_EXPLAINED]:
        lines += [*_explained(found), ""]
    if len(alike) > _EXPLAINED:
        more = len(alike) - _EXPLAINED
        lines += [f"and {more} more rules; --report json=PATH holds every finding", ""]
    live = words.carried_out(report.findings)
    lines += [f"witnesses carried out: {live}"] if live else []
    return (*lines, words.verdict(report))


def _explained(alike: list[Finding]) -> Iterator[str]:
    first, others = alike[0], len(alike) - 1
    yield f"{first.outcome} {first.rule}: {first.message}"
    if first.outcome is Outcome.BREACH:
        yield f"  request     {words.request(first)}"
        if first.decided_by:
            yield f"  allowed by  {words.deciders(first)}"
        yield f"  fix         {first.fix}"
    if others:
        yield f"  also        {others} more like it"


def _planes(report: Report) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(f.plane) for f in report.findings))


def _split(by_actor: dict[str, list[Finding]]) -> tuple[list[str], list[str]]:
    if len(by_actor) <= ROWS:
        return list(by_actor), []
    fine = [a for a, found in by_actor.items() if _outcome(found) is Outcome.ISOLATED]
    return [a for a in by_actor if a not in set(fine)], fine


def _row(actor: str, found: list[Finding], report: Report, drawn: Signs) -> tuple[str, ...]:
    owners = list(dict.fromkeys(f.owner.tenant for f in found if f.owner.tenant is not None))
    against = ", ".join(owners[:3]) + (f" +{len(owners) - 3}" if len(owners) > 3 else "")  # noqa: PLR2004 - what fits a line
    cells = (_cell([f for f in found if f.plane == plane], drawn) for plane in _planes(report))
    return (actor, against or "-", *cells)


def _cell(found: list[Finding], drawn: Signs) -> str:
    if not found:
        return "-"
    outcome = _outcome(found)
    if outcome is Outcome.ISOLATED:
        return f"{drawn.isolated} {len(found)}"
    return f"{drawn.of(outcome)} {sum(f.outcome is outcome for f in found)}/{len(found)}"


def _outcome(found: Iterable[Finding]) -> Outcome:
    return worst(f.outcome for f in found)
