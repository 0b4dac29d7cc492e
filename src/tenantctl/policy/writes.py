"""The engine's writes: paced as its quota asks, each waited for, refusals explained."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tenantctl.aws.failures import code_of, translated
from tenantctl.aws.session import Aws
from tenantctl.domain.pool import Target
from tenantctl.errors import AwsError, PolicyInvalidError
from tenantctl.policy.present import ACTIVE, TRANSITIONAL
from tenantctl.policy.reasons import because, hint
from tenantctl.policy.wanted import Wanted

if TYPE_CHECKING:
    from mypy_boto3_bedrock_agentcore_control import BedrockAgentCoreControlClient

_WRITES_PER_SECOND = 5
"""CreatePolicy, UpdatePolicy and DeletePolicy; not adjustable.
https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/bedrock-agentcore-limits.html
"""

_PAUSE = 2.0  # seconds between looks at a status
_GLANCE = 0.02  # the same on the embedded cloud, where changes end when looked at
_PATIENCE = 120.0  # seconds until a status is given up; boto3's waiters have the same

_GONE = "GONE"


@dataclass(slots=True)
class EngineWrites:
    """The writing side of one engine, no faster than the quota allows.

    `before` is called ahead of each write; what it raises keeps the write from being made.
    """

    aws: Aws
    engine_id: str
    before: Callable[[], None] = field(default=lambda: None, repr=False)
    _next: float = field(default=0.0, repr=False)

    def ready(self) -> None:
        """Wait until the engine takes policies; raises `AwsError` when it never will."""

        def look() -> tuple[str, tuple[str, ...]]:
            engine = self._client.get_policy_engine(policyEngineId=self.engine_id)
            return engine["status"], tuple(engine["statusReasons"])

        with translated("waiting for the policy engine"):
            status, reasons = self._settled(look)
        if status != ACTIVE:
            raise AwsError(
                f"the policy engine is in status {status}{because(reasons)}",
                code=status,
                operation="GetPolicyEngine",
                hint="delete the engine and run `tenantctl pool apply`",
            )

    def create(self, policy: Wanted, name: str, *, enforced: bool = True) -> str:
        """Create a policy under a name; returns its id. Wait for it with `active`."""
        self._pace()
        with translated(f"creating the policy `{policy.key.annotation}`"):
            return self._client.create_policy(
                policyEngineId=self.engine_id,
                name=name,
                definition={"cedar": {"statement": policy.text}},
                description=policy.key.description,
                validationMode="FAIL_ON_ANY_FINDINGS",
                enforcementMode="ACTIVE" if enforced else "LOG_ONLY",
            )["policyId"]

    def active(self, policy_id: str, policy: Wanted) -> None:
        """Wait until the policy is in force, or on trial.

        Raises `PolicyInvalidError` with the engine's reasons when it refuses the policy.
        """
        with translated(f"waiting for the policy `{policy.key.annotation}`"):
            status, reasons = self._settled(lambda: self._look(policy_id))
        if status != ACTIVE:
            raise PolicyInvalidError(
                f"the engine refuses `{policy.key.annotation}` ({status}){because(reasons)}",
                hint=f"{hint(reasons)}; mend {policy.key.path} and push again: "
                "what was in force still is",
            )

    def delete(self, policy_id: str, name: str) -> None:
        """Delete a policy and wait until its name is free; one that is gone is no error."""
        from botocore.exceptions import ClientError

        with translated(f"deleting the policy `{name}`"):
            try:
                status, _ = self._settled(lambda: self._look(policy_id))
                if status != _GONE:
                    self._pace()
                    self._client.delete_policy(policyEngineId=self.engine_id, policyId=policy_id)
            except ClientError as error:
                if code_of(error) != "ResourceNotFoundException":
                    raise
                return
            status, reasons = self._settled(lambda: self._look(policy_id))
        if status != _GONE:
            raise AwsError(
                f"the policy `{name}` can't be deleted ({status}){because(reasons)}",
                code=status,
                operation="DeletePolicy",
            )

    def settle(self, policy_id: str) -> None:
        """Wait until whatever is happening to a policy has come to its end."""
        with translated("waiting for a policy"):
            self._settled(lambda: self._look(policy_id))

    @property
    def _client(self) -> BedrockAgentCoreControlClient:
        return self.aws.client("bedrock-agentcore-control")

    def _look(self, policy_id: str) -> tuple[str, tuple[str, ...]]:
        from botocore.exceptions import ClientError

        try:
            policy = self._client.get_policy(policyEngineId=self.engine_id, policyId=policy_id)
        except ClientError as error:
            if code_of(error) != "ResourceNotFoundException":
                raise
            return _GONE, ()
        return policy["status"], tuple(policy["statusReasons"])

    def _settled(
        self, look: Callable[[], tuple[str, tuple[str, ...]]]
    ) -> tuple[str, tuple[str, ...]]:
        """The status and its reasons, once the status isn't transitional any more."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            status, reasons = look()
            if status not in TRANSITIONAL or time.monotonic() > deadline:
                return status, reasons
            time.sleep(_PAUSE if self.aws.target is Target.AWS else _GLANCE)

    def _pace(self) -> None:
        self.before()
        if self.aws.target is not Target.AWS:
            return
        now = time.monotonic()
        time.sleep(max(0.0, self._next - now))
        self._next = max(now, self._next) + 1 / _WRITES_PER_SECOND
