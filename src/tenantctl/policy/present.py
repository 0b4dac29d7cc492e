"""Which policies the engine holds."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tenantctl.aws.failures import translated
from tenantctl.aws.session import Aws
from tenantctl.cedar.statement import Effect, parse
from tenantctl.domain.policies import PolicyKey, read_description
from tenantctl.domain.pool import Target
from tenantctl.errors import ConflictError, PolicyInvalidError

ACTIVE = "ACTIVE"
CREATING = "CREATING"
CREATE_FAILED = "CREATE_FAILED"
DELETING = "DELETING"
TRANSITIONAL = frozenset({CREATING, "UPDATING", DELETING})

_PAUSE = 2.0  # seconds
_GLANCE = 0.02  # the same on the embedded cloud, where changes end when looked at


@dataclass(frozen=True, slots=True)
class Present:
    """A policy in the engine; `key` is `None` for policies that aren't the tool's own.

    `text` is `None` for what isn't plain Cedar. `enforced` is false in LOG_ONLY mode. `described`
    is false for one of ours whose description somebody changed.
    """

    id: str
    name: str
    key: PolicyKey | None
    status: str
    reasons: tuple[str, ...]
    text: str | None
    enforced: bool
    described: bool = True

    @property
    def inert(self) -> bool:
        """Whether it certainly decides nothing: refused by the engine, or in LOG_ONLY mode.

        A policy in another mode or status than these may be in force, whatever it says.
        """
        return self.status == CREATE_FAILED or (self.status == ACTIVE and not self.enforced)

    @property
    def effect(self) -> Effect:
        """What it does; raises `ConflictError` when that can't be read."""
        try:
            return parse(self.text or "", self.name).effect
        except PolicyInvalidError as error:
            raise ConflictError(
                f"the policy `{self.name}` can't be read, so it isn't known when it may go",
                hint="look at it in the engine and delete it there, then push again",
            ) from error


def read(aws: Aws, engine_id: str) -> tuple[Present, ...]:
    """Every policy of the engine, in the engine's order.

    When some are on their way, they are looked at once more: most changes take a moment.
    """
    found = _list(aws, engine_id)
    if any(policy.status in TRANSITIONAL for policy in found):
        time.sleep(_PAUSE if aws.target is Target.AWS else _GLANCE)
        found = _list(aws, engine_id)
    return found


def _list(aws: Aws, engine_id: str) -> tuple[Present, ...]:
    with translated("listing the policies"):
        pages = (
            aws.client("bedrock-agentcore-control")
            .get_paginator("list_policies")
            .paginate(policyEngineId=engine_id, PaginationConfig={"PageSize": 100})
        )
        return tuple(_present(policy) for page in pages for policy in page["policies"])


def enforced(present: Iterable[Present]) -> dict[str, str]:
    """What the engine decides by, as statements by a label; what isn't plain Cedar is empty text.

    Whatever may be in force counts: only what is certainly inert is left out.
    """
    found: dict[str, str] = {}
    for policy in present:
        if policy.inert:
            continue
        label = policy.name if policy.key is None else policy.key.annotation
        found[label if label not in found else f"{label} ({policy.name})"] = policy.text or ""
    return found


def _present(policy: Mapping[str, Any]) -> Present:
    definition = policy["definition"]
    return Present(
        id=policy["policyId"],
        name=policy["name"],
        key=read_description(policy.get("description")),
        status=policy["status"],
        reasons=tuple(policy["statusReasons"]),
        text=definition.get("cedar", {}).get("statement"),
        enforced=policy.get("enforcementMode", ACTIVE) == ACTIVE,
    )
