"""The policy-engine API of bedrock-agentcore-control, which moto lacks.

Changes are asynchronous, as on AWS: an answer shows the transitional status, and the change is
done when the resource is next fetched, or has been listed once in that status. What the request
alone shows to be wrong is refused at once, syntax errors among it; what needs the schema or the
statement's meaning ends in CREATE_FAILED or UPDATE_FAILED with `statusReasons`.
https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/policy-use-errors.html
https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/policy-create-update-validation.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tenantctl.cedar.statement import Statement, parse
from tenantctl.domain.names import partition
from tenantctl.local.call import ServiceError
from tenantctl.local.policy_engine import engines, policies
from tenantctl.local.policy_engine.records import Policy
from tenantctl.local.policy_engine.store import Params, Store, missing, settle
from tenantctl.local.wire import shapes

SERVICE = "bedrock-agentcore-control"
_OPERATIONS = {**engines.OPERATIONS, **policies.OPERATIONS}
_NEVER_IN_FORCE = frozenset({"CREATING", "CREATE_FAILED"})


class PolicyEngines:
    """The engines of one account in one region; picklable. Calls must not overlap."""

    operations: frozenset[str] = frozenset(_OPERATIONS)
    """The operations that `handle` answers whatever they are about."""

    def __init__(self, region: str, account: str) -> None:
        self._store = Store(f"arn:{partition(region)}:bedrock-agentcore:{region}:{account}")

    def owns(self, operation: str, params: Params) -> bool:
        """Whether a call is for this service: also tagging, when an engine is tagged."""
        if operation in engines.TAGGING:
            return ":policy-engine/" in str(params.get("resourceArn", ""))
        return operation in self.operations

    def handle(self, operation: str, params: Params) -> dict[str, Any]:
        """The answer, in the shape of the operation's output; raises `ServiceError`."""
        found = _OPERATIONS.get(operation) or engines.TAGGING.get(operation)
        if found is None:
            raise ServiceError("UnknownOperationException", f"{operation} isn't served", 404)
        shapes.check(SERVICE, operation, params)
        return found(self._store, params)

    def has(self, engine_arn: str) -> bool:
        """Whether there is such an engine."""
        return any(engine.arn == engine_arn for engine in self._store.engines.values())

    def statements(self, engine_arn: str) -> tuple[Statement, ...]:
        """What an engine enforces: its policies that came into force and aren't in LOG_ONLY mode.

        A policy whose change is on its way or failed goes on as it was.
        """
        return tuple(
            parse(policies.source(policy.definition), policy.name)
            for policy in self._in_force(engine_arn)
        )

    def enforced(self, engine_arn: str) -> dict[str, str]:
        """The same as texts by the ids of the policies, for a gateway; raises `ServiceError`.

        What is on its way has ended: for who calls a gateway, time has passed.
        """
        for engine in self._store.engines.values():
            for policy in [*engine.policies.values()] if engine.arn == engine_arn else ():
                settle(engine.policies, policy)
        return {
            policy.id: policies.source(policy.definition) for policy in self._in_force(engine_arn)
        }

    def _in_force(self, engine_arn: str) -> Iterator[Policy]:
        found = [engine for engine in self._store.engines.values() if engine.arn == engine_arn]
        if not found:
            raise missing("policy engine", engine_arn)
        for policy in found[0].policies.values():
            if policy.status not in _NEVER_IN_FORCE and policy.enforcement == "ACTIVE":
                yield policy
