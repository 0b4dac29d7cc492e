"""Carry out the witnesses of a proof, and note on each breach what came of it.

A breach stays one whatever comes of it: that one call was refused takes nothing back that the
documents show. So only the message and `live` change, never an outcome.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from dataclasses import replace

from tenantctl.aws import registry
from tenantctl.aws.chain import agent_session
from tenantctl.aws.session import Aws
from tenantctl.domain.canary import Run
from tenantctl.domain.finding import Finding, Live, Outcome, Report
from tenantctl.domain.names import Names
from tenantctl.domain.target import Target
from tenantctl.domain.tenant import Tenant
from tenantctl.errors import AwsError
from tenantctl.probes.probe import Trial
from tenantctl.probes.runner import run
from tenantctl.probes.verify import JOBS
from tenantctl.probes.witness.ground import Ground, ground
from tenantctl.probes.witness.sessions import NoSessionError, Sessions
from tenantctl.probes.witness.trials import trial
from tenantctl.probes.witness.witness import UntriedError, Witness, read

NO_MORE = (
    "witnesses were carried out with made-up tenants; one that was refused there leaves its breach "
    "a breach"
)

_SAID = {
    Live.CONFIRMED: "confirmed live",
    Live.REFUSED: "not reproduced live",
    Live.UNCLEAR: "not reproduced live",
    Live.UNTRIED: "not tried live",
}
_LIVE = {
    Outcome.BREACH: Live.CONFIRMED,
    Outcome.ISOLATED: Live.REFUSED,
    Outcome.INCONCLUSIVE: Live.UNCLEAR,
}


def proved_and_tried(
    aws: Aws, names: Names, prove: Callable[[frozenset[str]], Report], *, jobs: int | None = None
) -> Report:
    """Prove, and carry out every witness that can be without touching anybody's data.

    `aws` is the operator's. `prove` is given the ids of all tenants, for its witnesses to name
    others. Whatever keeps a witness from being tried is said on its finding.
    """
    try:
        tenants = registry.tenants(aws, names)
    except AwsError as error:
        why = f"whose data it might be isn't known: {error.message}"
        return _untried(prove(frozenset()), why)
    return carried_out(aws, names, prove(frozenset(t.id for t in tenants)), tenants, jobs=jobs)


def carried_out(
    aws: Aws,
    names: Names,
    report: Report,
    tenants: tuple[Tenant, ...],
    *,
    jobs: int | None = None,
) -> Report:
    """The report with its breaches tried; `tenants` are all who are onboarded."""
    breaches = [f for f in report.findings if f.outcome is Outcome.BREACH]
    if not breaches:
        return report
    try:
        agent = agent_session(aws, names)
    except AwsError as error:
        return _untried(report, error.message)
    chosen = jobs or (1 if aws.target is Target.LOCAL else JOBS)
    with ground(aws, names, tenants, Run(secrets.token_hex(4))) as place:
        found = _tried(breaches, place, Sessions(agent, names), chosen)
    noted = {id(old): new for old, new in zip(breaches, found, strict=True)}
    said = (NO_MORE,) if any(f.live is not Live.UNTRIED for f in found) else ()
    return replace(
        report,
        findings=tuple(noted.get(id(f), f) for f in report.findings),
        assumptions=(*report.assumptions, *said, *place.leftovers),
    )


def _tried(
    breaches: Iterable[Finding], place: Ground, sessions: Sessions, jobs: int
) -> list[Finding]:
    made: list[Finding | tuple[Witness, Trial]] = []
    for finding in breaches:
        try:
            witness = read(finding, place.names)
            made.append((witness, trial(witness, place, sessions)))
        except UntriedError as error:
            made.append(_noted(finding, Live.UNTRIED, str(error)))
        except NoSessionError as error:
            live = Live.REFUSED if error.refused else Live.UNCLEAR
            made.append(_noted(finding, live, str(error)))
    answers = iter(run([m[1] for m in made if isinstance(m, tuple)], jobs=jobs))
    return [m if isinstance(m, Finding) else _answered(m[0], next(answers)) for m in made]


def _answered(witness: Witness, answer: Finding) -> Finding:
    live = _LIVE[answer.outcome]
    unsent = ", ".join(f"`{key}`" for key in witness.unsent)
    without = f", without {unsent}" if unsent and live is not Live.CONFIRMED else ""
    return _noted(witness.finding, live, answer.message + without)


def _noted(finding: Finding, live: Live, said: str) -> Finding:
    return replace(finding, message=f"{finding.message}; {_SAID[live]}: {said}", live=live)


def _untried(report: Report, why: str) -> Report:
    findings = (
        _noted(f, Live.UNTRIED, why) if f.outcome is Outcome.BREACH else f for f in report.findings
    )
    return replace(report, findings=tuple(findings))
