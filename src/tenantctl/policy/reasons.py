"""What to do about the engine's `statusReasons`.

The reasons are for people and no contract, so they are matched loosely; one that isn't known is
shown as it is. https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/policy-validation-overview.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_KNOWN = tuple(
    (re.compile(pattern, re.IGNORECASE), advice)
    for pattern, advice in (
        (
            r"overly permissive|allow all",
            "with what is in force it allows everything: let each permit ask for a claim",
        ),
        (
            r"overly restrictive|deny all",
            "with what is in force it denies everything: let the forbid ask for a claim",
        ),
        (r"ineffective|no impact", "its conditions can't hold, or it allows nothing new"),
        (
            r"\baction\b.*(not found|exist|unknown|recogni[sz]ed)|(unknown|recogni[sz]ed) action",
            "no gateway of the engine has this tool: create its target first",
        ),
        (
            r"attribute\b.*(not found|does ?n.t exist|unknown)|unsafe.*optional",
            "the tool's input schema hasn't this input, or it is optional and needs `has`",
        ),
        (
            r"not authorized|access ?denied|permission",
            "the caller needs bedrock-agentcore:ManageResourceScopedPolicy on the gateway",
        ),
        (r"internal|try again|throttl", "a fault of the service: the same push goes on from here"),
    )
)


def hint(reasons: Iterable[str]) -> str:
    """What may help against the first reason that is known."""
    for reason in reasons:
        for pattern, advice in _KNOWN:
            if pattern.search(reason):
                return advice
    return "see `tenantctl policy lint` and the reasons"


def because(reasons: Iterable[str]) -> str:
    """The reasons as the end of a message; empty without any."""
    said = "; ".join(reasons)
    return f": {said}" if said else ""
