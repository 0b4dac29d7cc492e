"""What a push is: what is wanted, what is there, and the way from one to the other.

Every push is a version of the history, entered before its first write; a push that was killed is
found there and gone on with. What somebody else changed meanwhile is drift, and refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from tenantctl.aws.lookup import Engine, find_gateways, policy_engine
from tenantctl.aws.session import Aws
from tenantctl.domain import versions as keys
from tenantctl.domain.names import Names
from tenantctl.errors import ConflictError, PolicyInvalidError
from tenantctl.policy import history, present
from tenantctl.policy.attach import Attachment, unattached
from tenantctl.policy.drift import Deviation, drift, ours
from tenantctl.policy.history import Held, Kind, Progress, Record
from tenantctl.policy.plan import Entry, Plan, State, plan
from tenantctl.policy.present import Present
from tenantctl.policy.wanted import Source, Wanted, wanted


@dataclass(frozen=True, slots=True)
class Request:
    """What a push shall make of the engine.

    `wanted` is all that it shall hold, or with `tier` all of one tier's, others left as they are.
    `trial` is the LOG_ONLY push; `of` is the version that a rollback goes back to.
    """

    wanted: tuple[Wanted, ...]
    kind: Kind = Kind.PUSH
    trial: bool = False
    tier: str | None = None
    of: int | None = None


@dataclass(frozen=True)
class Push:
    """What is to be done, and where. `present` are all policies of the engine, as they are."""

    names: Names
    engine: Engine
    request: Request
    plan: Plan
    attach: tuple[Attachment, ...]
    record: Record
    present: tuple[Present, ...] = field(repr=False)

    @property
    def nothing(self) -> bool:
        """Whether there is nothing to do, not even to enter into the history."""
        latest = self.record.latest
        if self.plan.changes or self.attach:
            return False
        if latest is None:
            return not self.holds
        return latest.progress is Progress.DONE and _content(latest.holds) == _content(self.holds)

    @property
    def replaces(self) -> bool:
        """Whether a decision may change for somebody who relies on it.

        Policies in force go or others come beside them, or a gateway changes its engine.
        """
        changes = bool(self.plan.changes) and not self.plan.trial
        settled = any(policy.key is not None and not policy.inert for policy in self.present)
        return (changes and settled) or any(to.instead_of for to in self.attach)

    @cached_property
    def drift(self) -> tuple[Deviation, ...]:
        """What somebody changed since the last push."""
        return drift(self.record, self.present, self.request.wanted)

    @cached_property
    def holds(self) -> tuple[Held, ...]:
        """What the engine holds at the end, of ours."""
        entries = [entry for entry in self.plan.entries if entry.wanted is not None]
        kept: tuple[Held, ...] = ()
        if self.record.done is not None and (self.request.trial or self.request.tier is not None):
            kept = tuple(h for h in self.record.done.holds if h.enforced or not self.request.trial)
        names = {held.name for held in kept}
        made = (_held(entry, trial=self.request.trial) for entry in entries)
        holds = (*kept, *(held for held in made if held.name not in names))
        return tuple(sorted(holds, key=lambda held: (held.key, held.name)))

    @property
    def resumes(self) -> int | None:
        """The version that was begun with these policies, and killed."""
        last = self.record.open[-1] if self.record.open else None
        if last is None or last.trial != self.request.trial:
            return None
        return last.number if _content(last.holds) == _content(self.holds) else None

    @property
    def number(self) -> int:
        """The version that this push makes, or goes on with."""
        latest = self.record.latest
        return self.resumes or (1 if latest is None else latest.number + 1)

    @property
    def before(self) -> dict[str, str]:
        """The statements that decide now, by label; others' too."""
        return present.enforced(self.present)

    @property
    def after(self) -> dict[str, str]:
        """The statements that decide at the end, by label; others' too."""
        if self.request.trial:
            return self.before
        foreign = present.enforced(p for p in self.present if p.key is None)
        return foreign | {want.key.annotation: want.text for want in self.request.wanted}

    @property
    def essence(self) -> frozenset[tuple[str, ...]]:
        """What is to be made and to go, however far it is with that already."""
        made = {
            ("create", e.wanted.key.annotation, e.wanted.text)
            for e in self.plan.of(State.MISSING)
            if e.wanted is not None
        }
        gone = {("delete", e.present.id) for s in self.plan.stages for e in s.delete if e.present}
        return frozenset(made | gone)


def prepare(aws: Aws, names: Names, request: Request) -> Push:
    """See what a push would do; changes nothing.

    Raises `NotFoundError` without an engine, `PolicyInvalidError` for what it would refuse,
    `ConflictError` for a trial in the middle of a push.
    """
    engine, gateways = policy_engine(aws, names), find_gateways(aws, names)
    record = history.record(aws, names)
    if request.trial and record.open and not record.open[-1].trial:
        raise ConflictError(
            f"the push of version {record.open[-1].number} hasn't ended",
            hint="end it with `tenantctl policy push` before you try something else",
        )
    there = ours(present.read(aws, engine.id), record)
    tier = request.tier
    about = [p for p in there if tier is None or (p.key is not None and p.key.tier == tier)]
    pushed = frozenset(name for name, held in record.names.items() if held.enforced)
    return Push(
        names=names,
        engine=engine,
        request=request,
        plan=plan(request.wanted, about, trial=request.trial, names=pushed),
        attach=unattached(
            aws,
            {t: gateway for t, gateway in gateways.items() if tier in {None, t}},
            engine.arn,
            trial=request.trial,
        ),
        record=record,
        present=there,
    )


def reviewed(aws: Aws, names: Names, source: Source, *, trial: bool = False) -> Push:
    """See what pushing the reviewed policies would do, about the gateways that exist.

    Raises `PolicyInvalidError` for what lint calls an error, too: what permits open together, say,
    no statement shows alone.
    """
    _sound(source, names)
    policies = wanted(source.policies, find_gateways(aws, names))
    return prepare(aws, names, Request(policies, trial=trial))


def _sound(source: Source, names: Names) -> None:
    from tenantctl.cedar.lint.rule import Severity
    from tenantctl.cedar.lint.run import lint
    from tenantctl.cedar.lint.subject import Source as Text
    from tenantctl.cedar.lint.subject import frame

    texts = [Text(policy.key.path, policy.text, policy.key) for policy in source.policies]
    found = lint(texts, frame(names)).findings
    wrong = [one for one in found if one.rule.severity is Severity.ERROR]
    if wrong:
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise PolicyInvalidError(
            f"{wrong[0].place}: {wrong[0].message}{more}", hint="see `tenantctl policy lint`"
        )


def _held(entry: Entry, *, trial: bool) -> Held:
    if entry.wanted is None:  # pragma: no cover - asked only of what is wanted
        raise ValueError(entry.name)
    enforced = not trial if entry.present is None else entry.present.enforced
    return Held(entry.wanted.key, entry.name, keys.digest(entry.wanted.text), enforced)


def _content(holds: Sequence[Held]) -> frozenset[tuple[str, str, bool]]:
    return frozenset((held.label, held.digest, held.enforced) for held in holds)
