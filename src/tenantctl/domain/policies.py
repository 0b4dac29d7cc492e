"""Names of Cedar policies: in the reviewed folder, and in the policy engine."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from tenantctl.domain.tools import TOOLS
from tenantctl.errors import UsageError

FOLDER = "policies"
"""The reviewed folder, beside tenantctl.yaml."""

SUFFIX = ".cedar"

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,47}")
"""Names of policies and engines: `PolicyName` in botocore's bedrock-agentcore-control model, which
boto3 doesn't check."""

SWITCH = "disabled"
"""The name of a tier's kill switch, and with a hyphen the end of a tool's: no tool's name holds
one."""

MAX_POLICIES = 1_000
"""Policies that an engine takes:
https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/policy-limitations-section.html
"""

_PART = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_OURS = "tenantctl "
_DIGEST = 12


@dataclass(frozen=True, slots=True, order=True)
class PolicyKey:
    """Which rule a policy came from: a tier, and its tool, kill switch or free-hand file."""

    tier: str
    tool: str

    def __post_init__(self) -> None:
        """Refuse what can't be a file's and a policy's name at once; raises `UsageError`."""
        for part in (self.tier, self.tool):
            if _PART.fullmatch(part) is None:
                raise UsageError(
                    f"`{part}` can't name a policy",
                    hint="use letters, digits, `_` and `-`, and start with a letter",
                )

    @classmethod
    def switch(cls, tier: str, tool: str | None = None) -> PolicyKey:
        """The kill switch of a tool, or without one of the whole tier."""
        return cls(tier, SWITCH if tool is None else f"{tool}-{SWITCH}")

    @property
    def rendered(self) -> bool:
        """Whether the name belongs to `render`: a tool's permit, its switch, or the tier's."""
        return self.tool == SWITCH or self.tool.removesuffix(f"-{SWITCH}") in TOOLS

    @property
    def switches(self) -> bool:
        """Whether the name is that of a kill switch."""
        return self.rendered and self.tool.rpartition("-")[2] == SWITCH

    @property
    def path(self) -> str:
        """The file below the policies' folder: `basic/patient_context.cedar`."""
        return f"{self.tier}/{self.tool}{SUFFIX}"

    @property
    def annotation(self) -> str:
        """The `@id` of the statement: `basic.patient_context`."""
        return f"{self.tier}.{self.tool}"

    @property
    def description(self) -> str:
        """The policy's description in the engine, by which it is known as the tool's own."""
        return f"{_OURS}{self.tier}/{self.tool}"

    def name(self, statement: str, attempt: int = 0) -> str:
        """The policy's name in the engine: readable, and different for every statement.

        Names are unique in the account and can't be changed, so the content is part of it: a
        changed policy is a new one beside the old, and pushing twice meets what is there.
        `attempt` counts the names that are taken by something else, e.g. a policy tampered with.
        """
        what = f"{self.path}\0{statement}" + (f"\0{attempt}" if attempt else "")
        digest = hashlib.sha256(what.encode()).hexdigest()[:_DIGEST]
        plain = f"{self.tier}_{self.tool}".replace("-", "_")
        return f"{plain[: 47 - _DIGEST]}_{digest}"


def read_description(description: str | None) -> PolicyKey | None:
    """The key that `description` was made of; None for policies that aren't the tool's own."""
    if description is None or not description.startswith(_OURS):
        return None
    tier, slash, tool = description.removeprefix(_OURS).partition("/")
    if not slash or _PART.fullmatch(tier) is None or _PART.fullmatch(tool) is None:
        return None
    return PolicyKey(tier, tool)
