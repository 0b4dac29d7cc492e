"""What a request reaches: every (action, resource, context) that IAM must allow before it runs.

One operation can reach several things, and all of them must be allowed: each key of a batch, the
source of a copy, the role that is passed on. A request whose reach can't be told is refused:
`UnrecognisedError` names its service and operation, and why.

Action names, resource ARNs and condition keys follow the service authorization reference:
https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tenantctl.local.call import Call, Check, Facts, UnrecognisedError
from tenantctl.local.recognise import (
    dynamodb,
    functions,
    iam,
    knowledge,
    memory,
    roles,
    runtimes,
    s3,
)
from tenantctl.local.recognise.control import CONTROL
from tenantctl.local.recognise.dynamodb import streams
from tenantctl.local.recognise.rules import Table

Recogniser = Callable[[Call, Facts], tuple[Check, ...] | None]


def _agentcore(call: Call, facts: Facts) -> tuple[Check, ...] | None:
    return runtimes.recognise(call, facts) or memory.recognise(call, facts)


# Services with operations whose checks depend on more than an ARN; `None` leaves the operation
# to the table.
_SPECIAL: Mapping[str, Recogniser] = {
    "bedrock-agent": knowledge.recognise,
    "bedrock-agent-runtime": knowledge.recognise,
    "bedrock-agentcore": _agentcore,
    "dynamodb": dynamodb.recognise,
    "dynamodbstreams": streams.recognise,
    "iam": iam.recognise,
    "lambda": functions.recognise,
    "s3": s3.recognise,
    "sts": roles.recognise,
}


def recognise(call: Call, facts: Facts) -> tuple[Check, ...]:
    """All the checks of a call; none, for operations that AWS authorizes by a token instead.

    Raises `UnrecognisedError` for what isn't known, and `ServiceError` for parameters that AWS
    itself would refuse before it decides.
    """
    special = _SPECIAL.get(call.service)
    checks = special(call, facts) if special else None
    if checks is not None:
        return checks
    table: Table | None = CONTROL.get(call.service)
    rule = table.get(call.operation) if table else None
    if rule is None:
        raise UnrecognisedError(f"{call.service}:{call.operation}")
    return rule.checks(call)
