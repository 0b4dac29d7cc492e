"""What the embedded policy engines keep: engines, policies, and a change on its way."""

from __future__ import annotations

import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

_ID = string.ascii_lowercase + string.digits


def new_id(name: str) -> str:
    """A resource id as the service makes them: the name and ten characters."""
    return f"{name}-{''.join(secrets.choice(_ID) for _ in range(10))}"


def now() -> datetime:
    """The time for `createdAt` and `updatedAt`."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a change on its way will end; a status of None means that the resource is gone."""

    status: str | None
    reasons: tuple[str, ...] = ()
    definition: Mapping[str, Any] | None = None


ACTIVE = Outcome("ACTIVE")


@dataclass(slots=True)
class Resource:
    """What engines and policies share; `serial` counts up, for pages.

    `ending` is set while the status is transitional.
    """

    serial: int
    id: str
    name: str
    arn: str
    created: datetime
    updated: datetime
    status: str
    description: str | None = None
    reasons: tuple[str, ...] = ()
    ending: Outcome | None = None

    def begin(self, status: str, ending: Outcome) -> None:
        """Start a change."""
        self.status, self.ending, self.reasons, self.updated = status, ending, (), now()


@dataclass(slots=True)
class Policy(Resource):
    """A policy; `definition` is what it was given as, a union with one member."""

    engine: str = ""
    definition: Mapping[str, Any] = field(default_factory=dict)
    enforcement: str = "ACTIVE"

    def summary(self) -> dict[str, Any]:
        """The metadata-only answer."""
        return {
            "policyId": self.id,
            "name": self.name,
            "policyEngineId": self.engine,
            "createdAt": self.created,
            "updatedAt": self.updated,
            "policyArn": self.arn,
            "status": self.status,
            "enforcementMode": self.enforcement,
        }

    def answer(self) -> dict[str, Any]:
        """The whole answer."""
        whole = self.summary() | {
            "definition": dict(self.definition),
            "statusReasons": list(self.reasons),
        }
        return whole if self.description is None else whole | {"description": self.description}


@dataclass(slots=True)
class Engine(Resource):
    """A policy engine and its policies, by id."""

    key_arn: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    policies: dict[str, Policy] = field(default_factory=dict)

    def summary(self) -> dict[str, Any]:
        """The metadata-only answer."""
        out = {
            "policyEngineId": self.id,
            "name": self.name,
            "createdAt": self.created,
            "updatedAt": self.updated,
            "policyEngineArn": self.arn,
            "status": self.status,
        }
        return out if self.key_arn is None else out | {"encryptionKeyArn": self.key_arn}

    def answer(self) -> dict[str, Any]:
        """The whole answer."""
        whole = self.summary() | {"statusReasons": list(self.reasons)}
        return whole if self.description is None else whole | {"description": self.description}
