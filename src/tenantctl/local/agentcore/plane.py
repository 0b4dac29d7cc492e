"""All that the control plane keeps of one account in one region, and what it can see around it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from tenantctl.local.agentcore.records import Ending, Params, Record, invalid, known


@dataclass(slots=True)
class Gateway(Record):
    """A gateway, with its targets and rate limits by id."""

    targets: dict[str, Record] = field(default_factory=dict)
    limits: dict[str, Record] = field(default_factory=dict)


@dataclass(slots=True)
class Runtime(Record):
    """A runtime; `settings` are the newest version's, `versions` every version's by number."""

    version: int = 1
    versions: dict[int, Params] = field(default_factory=dict)
    endpoints: dict[str, Record] = field(default_factory=dict)


class Around(Protocol):
    """What the control plane must know of the cloud's other services while it answers."""

    def gateway_url(self, gateway_id: str) -> str:
        """Where a gateway answers now."""

    def has_engine(self, arn: str) -> bool:
        """Whether there is such a policy engine."""

    def has_object(self, bucket: str, key: str) -> bool:
        """Whether there is such an object in S3."""


@dataclass(slots=True)
class Plane:
    """One account's resources in one region, by id; picklable. `prefix` starts their ARNs.

    `tokens` are the client tokens of creations: what they made, and of what.
    """

    prefix: str
    gateways: dict[str, Gateway] = field(default_factory=dict)
    runtimes: dict[str, Runtime] = field(default_factory=dict)
    memories: dict[str, Record] = field(default_factory=dict)
    tokens: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    serial: int = 0

    def gateway(self, key: str) -> Gateway:
        """A gateway by id, in whatever status; raises `ServiceError`."""
        return known(self.gateways, "gateway", key)

    def runtime(self, key: str) -> Runtime:
        """A runtime by id, in whatever status; raises `ServiceError`."""
        return known(self.runtimes, "agent runtime", key)

    def next(self) -> int:
        """A serial number that is above all before it."""
        self.serial += 1
        return self.serial

    def earlier(self, operation: str, params: Params) -> str | None:
        """What this client token made before; its parameters must be the same."""
        found = self.tokens.get((operation, params.get("clientToken", "")))
        if found is None:
            return None
        made, fingerprint = found
        if fingerprint != _fingerprint(params):
            raise invalid("The client token was used with other parameters")
        return made

    def remember(self, operation: str, params: Params, made: str) -> None:
        """Keep what a client token made."""
        if params.get("clientToken"):
            self.tokens[operation, params["clientToken"]] = (made, _fingerprint(params))


Operation = Callable[[Plane, Params, Around], dict[str, Any]]

GONE = Ending(None)


def _fingerprint(params: Params) -> str:
    return json.dumps(params, sort_keys=True, default=str)
