"""Run trials: every positive control once, then the attacks, and turn both into findings."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from tenantctl.domain.finding import Finding, Outcome, Party
from tenantctl.probes.at_once import each
from tenantctl.probes.judge import Answer, Judgement, judge
from tenantctl.probes.probe import Control, Trial

CONTROL_PATIENCE = 5
"""How often a control that found nothing is repeated: indexes and new roles lag behind on AWS."""

_PAUSE = 0.4  # seconds between them

Progress = Callable[[str], None]


def steps(trials: Iterable[Trial]) -> int:
    """How often `run` will call `progress`."""
    found = tuple(trials)
    return len(found) + len({c.key for t in found for c in t.controls})


def run(
    trials: Sequence[Trial], *, jobs: int, progress: Progress = lambda _: None
) -> tuple[Finding, ...]:
    """All findings, in the order of `trials`, with `jobs` calls under way at a time."""
    controls = {control.key: control for trial in trials for control in trial.controls}

    def controlled(control: Control) -> Judgement:
        judged = _controlled(control)
        progress(f"control {control.key[0]}")
        return judged

    def attacked(trial: Trial) -> Finding:
        finding = _finding(trial, shown)
        progress(trial.rule)
        return finding

    shown = dict(zip(controls, each(controlled, controls.values(), jobs=jobs), strict=True))
    return tuple(each(attacked, trials, jobs=jobs))


def _controlled(control: Control) -> Judgement:
    judged = judge(control.run)
    for _ in range(CONTROL_PATIENCE - 1):
        if judged.answer is not Answer.LET_THROUGH or judged.data:
            break
        time.sleep(_PAUSE)
        judged = judge(control.run)
    return judged


def _finding(trial: Trial, shown: Mapping[tuple[str, ...], Judgement]) -> Finding:
    attack = judge(trial.attack, trial.refusals)
    who, tries = name(trial.actor), trial.tries.replace("{owner}", name(trial.owner))
    if attack.answer is Answer.LET_THROUGH:
        # A breach stands by itself: whoever gets through needs no control to be believed.
        return _made(trial, Outcome.BREACH, f"{who} could {tries}: {attack.evidence}")
    if attack.answer is Answer.UNCLEAR:
        return _made(
            trial,
            Outcome.INCONCLUSIVE,
            f"whether {who} could {tries} is not known: {attack.evidence}",
        )
    for control in trial.controls:
        judged = shown[control.key]
        if judged.answer is not Answer.LET_THROUGH or not judged.data:
            why = "it found nothing" if judged.answer is Answer.LET_THROUGH else judged.evidence
            return _made(
                trial,
                Outcome.INCONCLUSIVE,
                f"whether {who} could {tries} is not known: it was refused, but the positive "
                f"control by {control.who} failed too: {why}",
            )
    return _made(trial, Outcome.ISOLATED, f"{who} could not {tries}: {attack.evidence}")


def name(party: Party) -> str:
    """A party in a sentence."""
    if party.tenant is None:
        return party.user or "anybody"
    return f"`{party.tenant}`" if party.tier is None else f"`{party.tenant}` ({party.tier})"


def _made(trial: Trial, outcome: Outcome, message: str) -> Finding:
    return Finding(
        rule=trial.rule,
        plane=trial.plane,
        action=trial.action,
        outcome=outcome,
        resource=trial.resource,
        actor=trial.actor,
        owner=trial.owner,
        request={
            "action": trial.action,
            "resource": trial.resource,
            "context": dict(trial.context),
        },
        message=message,
        fix=trial.fix if outcome is Outcome.BREACH else "",
    )
