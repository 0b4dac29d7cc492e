"""AgentCore Runtime's data plane: whose agent a request calls.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonbedrockagentcore.html
"""

from __future__ import annotations

import re

from tenantctl.local.call import Call, Check, Facts
from tenantctl.local.recognise.rules import arn, unrecognised

DEFAULT_ENDPOINT = "DEFAULT"

_ID = re.compile(r"[a-zA-Z][a-zA-Z0-9_]{0,99}-[a-zA-Z0-9]{10}")
_ENDPOINT = re.compile(r"[a-zA-Z][a-zA-Z0-9_]{0,47}")

OPERATIONS = frozenset({"InvokeAgentRuntime", "StopRuntimeSession"})
"""What runtimes answer; the rest of their operations is denied by name."""


def recognise(call: Call, _facts: Facts) -> tuple[Check, ...] | None:
    """The checks of a call to a runtime: both it and its endpoint must be allowed.

    To say for which user one calls is a permission of its own. `None` for other operations.
    """
    if call.operation not in OPERATIONS:
        return None
    runtime = arn(call, "bedrock-agentcore", f"runtime/{runtime_id(call)}")
    actions = [call.operation]
    if call.params.get("runtimeUserId"):
        actions.append(f"{call.operation}ForUser")
    endpoint = f"{runtime}/runtime-endpoint/{qualifier(call)}"
    return tuple(
        Check(f"bedrock-agentcore:{action}", resource)
        for action in actions
        for resource in (runtime, endpoint)
    )


def runtime_id(call: Call) -> str:
    """The runtime that a call names, by its ARN or by its id and the account's.

    Raises `UnrecognisedError` for one of another account or region.
    """
    named = str(call.params.get("agentRuntimeArn", ""))
    prefix = arn(call, "bedrock-agentcore", "runtime/")
    found = named.removeprefix(prefix)
    account = call.params.get("accountId")
    if account not in {None, call.account}:
        raise unrecognised(call, f"the account `{account}` isn't this one")
    if (found == named and account is None) or not _ID.fullmatch(found):
        raise unrecognised(call, f"`{named}` is no runtime of this account and region")
    return found


def qualifier(call: Call) -> str:
    """The endpoint that a call names."""
    found = call.params.get("qualifier") or DEFAULT_ENDPOINT
    if not isinstance(found, str) or not _ENDPOINT.fullmatch(found):
        raise unrecognised(call, f"`{found}` names no endpoint")
    return found
