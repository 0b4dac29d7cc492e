"""The environment variables by which the Lambda functions know their pool.

They hold names and formats, no secret. `TENANTCTL_CLOCK` is never among them: only the embedded
cloud sets it, for the functions that it runs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from tenantctl.domain.clock import HOUR_INPUT
from tenantctl.domain.names import Names
from tenantctl.domain.pool import Claim
from tenantctl.domain.tools import TOOLS
from tenantctl.errors import UsageError

MAX_BYTES = 4096
"""All variables of a function together.
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

_NO_PREFIX = "-"
"""The prefix in a pool without buckets: a header that isn't set would be the client's."""


def interceptor_environment(names: Names) -> dict[str, str]:
    """The gateway's interceptor's."""
    clocked = [tool.action for tool in TOOLS.values() if HOUR_INPUT in tool.server_set]
    return _within(
        _common(names)
        | {
            "TENANTCTL_REGISTRY": names.registry_table,
            "TENANTCTL_CLOCKED_TOOLS": _json(clocked),
        }
    )


def tool_environment(names: Names) -> dict[str, str]:
    """Any tool's. Items and documents are of the first table and bucket, as onboarding seeds them.

    So is the knowledge base. It goes by its name where its id is Bedrock's to assign.
    """
    made = _common(names) | {"TENANTCTL_VENDING_ROLE_ARN": names.vending_role_arn}
    for table in names.pool.data.tables[:1]:
        made["TENANTCTL_TABLE"] = _json(
            {
                "name": table.arn or table.name,
                "partition_key": table.partition_key,
                "sort_key": table.sort_key,
                "value": str(table.value),
            }
        )
    for bucket in names.pool.data.buckets[:1]:
        made["TENANTCTL_BUCKET"] = bucket.name
        for base in names.pool.data.knowledge_bases:
            if base.bucket == bucket.name and base.arn is None:
                made["TENANTCTL_KNOWLEDGE_BASE"] = base.name
            elif base.bucket == bucket.name and base.arn is not None:
                made["TENANTCTL_KNOWLEDGE_BASE_ID"] = base.arn.rpartition("/")[2]
    return _within(made)


def _common(names: Names) -> dict[str, str]:
    identity = names.pool.identity
    parts = {"tier": identity.tier, "tenant": identity.tenant, "user": identity.user}
    prefix = next((str(bucket.prefix) for bucket in names.pool.data.buckets), _NO_PREFIX)
    return {
        "TENANTCTL_IDENTITY": _json({name: _part(claim) for name, claim in parts.items()}),
        "TENANTCTL_PREFIX": prefix,
    }


def _part(claim: Claim) -> dict[str, str | None]:
    return {"tag": claim.tag, "claim": claim.claim, "pattern": claim.pattern}


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _within(made: Mapping[str, str]) -> dict[str, str]:
    size = sum(len(name.encode()) + len(value.encode()) for name, value in made.items())
    if size > MAX_BYTES:
        raise UsageError(
            f"a function's environment would have {size:,} bytes, Lambda takes {MAX_BYTES:,}",
            hint="shorten the patterns of `identity`",
        )
    return dict(made)
