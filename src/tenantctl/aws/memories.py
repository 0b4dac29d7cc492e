"""Which of the configuration's memories there are, and their ARNs: the service assigns ids.

https://docs.aws.amazon.com/bedrock-agentcore-control/latest/APIReference/API_MemorySummary.html
"""

from __future__ import annotations

from collections.abc import Mapping

from tenantctl.aws.failures import translated
from tenantctl.aws.session import Aws
from tenantctl.domain.names import Names
from tenantctl.errors import ConflictError

_ASSIGNED = 10
"""How many characters the service adds to a name, after a hyphen, to make an id."""


def located(aws: Aws, names: Names) -> Mapping[str, str]:
    """The ARNs of the memories that exist, by the name that the configuration has for them.

    A configured name may be an id as well, and an `arn` says which one is meant. Raises `AwsError`
    when they can't be listed, `ConflictError` where a name fits several.
    """
    wanted = names.pool.data.memories
    if not wanted:
        return {}
    with translated("looking for the memories"):
        pages = aws.client("bedrock-agentcore-control").get_paginator("list_memories").paginate()
        listed = [m["arn"] for page in pages for m in page["memories"] if "arn" in m]
    found: dict[str, str] = {}
    for memory in wanted:
        fitting = [arn for arn in listed if arn == memory.arn]
        if memory.arn is None:
            fitting = [arn for arn in listed if _is_named(arn, memory.name)]
        if len(fitting) > 1:
            raise ConflictError(
                f"there is more than one memory `{memory.name}`",
                hint="say which with `arn` in `data.memories`",
            )
        if fitting:
            found[memory.name] = fitting[0]
    return found


def _is_named(arn: str, name: str) -> bool:
    given = arn.rpartition("/")[2]
    stem, _, assigned = given.rpartition("-")
    return given == name or (stem == name and len(assigned) == _ASSIGNED)
