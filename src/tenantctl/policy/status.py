"""How the engine stands: against the reviewed folder, and against the last push."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tenantctl.aws.session import Aws
from tenantctl.domain.names import Names
from tenantctl.errors import ExitCode
from tenantctl.policy.history import Kind, Progress, Version
from tenantctl.policy.plan import Entry, State
from tenantctl.policy.push import Push, reviewed
from tenantctl.policy.wanted import Source
from tenantctl.policy.wording import count, moment


@dataclass(frozen=True, slots=True)
class Status:
    """The comparison; `source` says what the engine was compared with."""

    push: Push
    source: Source

    @property
    def in_sync(self) -> bool:
        """Whether the engine is active and enforces exactly what it should, and no push is open."""
        push = self.push
        return (
            push.plan.in_sync
            and not push.attach
            and not push.drift
            and not push.record.open
            and push.engine.status == "ACTIVE"
        )

    @property
    def exit_code(self) -> ExitCode:
        """0, or 14 for differences."""
        return ExitCode.OK if self.in_sync else ExitCode.DIFFERENCES

    @property
    def lines(self) -> tuple[str, ...]:
        """What there is to say for people: the version, what somebody changed, the summary."""
        latest = self.push.record.latest
        version = "no version was pushed yet" if latest is None else _told(latest)
        drift = tuple(f"changed since the last push: {one}" for one in self.push.drift)
        return (version, *drift, self._summary)

    @property
    def _summary(self) -> str:
        if self.in_sync:
            return "the engine enforces exactly these policies"
        return "; ".join((*self._differences, *self._advice))

    @property
    def _differences(self) -> tuple[str, ...]:
        push = self.push
        entries = [entry for entry in push.plan.entries if entry.state is not State.ACTIVE]
        foreign = sum(entry.state is State.FOREIGN for entry in entries)
        ours = {entry.label for entry in entries if entry.state is not State.FOREIGN}
        differs = (
            f"differs in {count(len(ours), 'policy', 'policies')}" if ours else "has these policies"
        )
        said = [f"the engine ({push.engine.status}) {differs}"]
        if foreign:
            said.append(f"{count(foreign, 'policy', 'policies')} of others, never touched")
        if push.attach:
            said.append(f"gateways without the engine: {len(push.attach)}")
        if push.record.open:
            said.append("a push hasn't ended")
        return tuple(said)

    @property
    def _advice(self) -> tuple[str, ...]:
        push, latest = self.push, self.push.record.done
        if push.nothing:
            return ()
        option = " --overwrite-drift" if push.drift else ""
        back = latest is not None and latest.kind is Kind.ROLLBACK and not push.record.open
        what = "would undo the rollback" if back else "mends what is ours"
        return (f"`tenantctl policy push{option}` {what}",)

    def rows(self) -> list[tuple[str, str, str, str]]:
        """Policy, state, name in the engine, and the engine's reasons."""
        return [
            (entry.label, entry.state.value, entry.name, "; ".join(_reasons(entry)))
            for entry in self.push.plan.entries
        ]

    def document(self) -> dict[str, Any]:
        """The same as one JSON value."""
        push = self.push
        engine, latest = push.engine, push.record.latest
        return {
            "engine": {"name": engine.name, "arn": engine.arn, "status": engine.status},
            "source": None if self.source.directory is None else str(self.source.directory),
            "version": None if latest is None else latest.document(),
            "drift": [
                {"policy": one.label, "name": one.name, "change": one.change.value}
                for one in push.drift
            ],
            "policies": [
                {"policy": label, "state": state, "name": name, "reasons": list(_reasons(entry))}
                for entry, (label, state, name, _) in zip(
                    push.plan.entries, self.rows(), strict=True
                )
            ],
            "unattached_gateways": sorted(to.gateway.arn for to in push.attach),
            "differs_from_configuration": list(self.source.differing),
            "in_sync": self.in_sync,
        }


def status(aws: Aws, names: Names, policies: Source) -> Status:
    """Compare the engine with the policies; raises `NotFoundError` without an engine."""
    return Status(reviewed(aws, names, policies), policies)


def _reasons(entry: Entry) -> tuple[str, ...]:
    return () if entry.present is None else entry.present.reasons


def _told(version: Version) -> str:
    """Which version the engine is at, or on its way to."""
    named = f"version {version.number}"
    if version.of is not None:
        named += f", back to {version.of},"
    if version.progress is Progress.STARTED:
        stands = f"was begun {moment(version.started)} and hasn't ended"
    elif version.trial:
        stands = f"on trial since {moment(version.ended)}"
    else:
        stands = f"in force since {moment(version.ended)}"
    return f"{named} {stands}, by {version.who}"
