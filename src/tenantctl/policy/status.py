"""How the engine stands against the reviewed folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tenantctl.aws.session import Aws
from tenantctl.domain.names import Names
from tenantctl.errors import ExitCode
from tenantctl.policy.plan import Entry, State
from tenantctl.policy.push import Push, prepare
from tenantctl.policy.wanted import Source


@dataclass(frozen=True, slots=True)
class Status:
    """The comparison; `source` says what the engine was compared with."""

    push: Push
    source: Source

    @property
    def in_sync(self) -> bool:
        """Whether the engine is active and enforces exactly what it should."""
        push = self.push
        return push.plan.in_sync and not push.attach and push.engine.status == "ACTIVE"

    @property
    def exit_code(self) -> ExitCode:
        """0, or 14 for differences."""
        return ExitCode.OK if self.in_sync else ExitCode.DIFFERENCES

    @property
    def summary(self) -> str:
        """One line for people."""
        if self.in_sync:
            return "the engine enforces exactly these policies"
        gateways = f"; gateways without the engine: {len(self.push.attach)}"
        return (
            f"the engine ({self.push.engine.status}) differs in {self._differing} policies"
            f"{gateways if self.push.attach else ''}; `tenantctl policy push` mends what is ours"
        )

    @property
    def _differing(self) -> int:
        return sum(entry.state is not State.ACTIVE for entry in self.push.plan.entries)

    def rows(self) -> list[tuple[str, str, str, str]]:
        """Policy, state, name in the engine, and the engine's reasons."""
        return [
            (entry.label, entry.state.value, _name(entry), "; ".join(_reasons(entry)))
            for entry in self.push.plan.entries
        ]

    def document(self) -> dict[str, Any]:
        """The same as one JSON value."""
        engine = self.push.engine
        return {
            "engine": {"name": engine.name, "arn": engine.arn, "status": engine.status},
            "source": None if self.source.directory is None else str(self.source.directory),
            "policies": [
                {"policy": label, "state": state, "name": name, "reasons": list(_reasons(entry))}
                for entry, (label, state, name, _) in zip(
                    self.push.plan.entries, self.rows(), strict=True
                )
            ],
            "unattached_gateways": sorted(g.arn for g in self.push.attach.values()),
            "differs_from_configuration": list(self.source.differing),
            "in_sync": self.in_sync,
        }


def status(aws: Aws, names: Names, policies: Source) -> Status:
    """Compare the engine with the policies; raises `NotFoundError` without an engine."""
    return Status(prepare(aws, names, policies), policies)


def _name(entry: Entry) -> str:
    if entry.present is not None:
        return entry.present.name
    return "" if entry.wanted is None else entry.wanted.name


def _reasons(entry: Entry) -> tuple[str, ...]:
    return () if entry.present is None else entry.present.reasons
