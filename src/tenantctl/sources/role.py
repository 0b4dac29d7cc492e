"""A role's own documents, whatever they were read from."""

from __future__ import annotations

from dataclasses import dataclass

from tenantctl.iam.policy import Policy


@dataclass(frozen=True, slots=True)
class RolePolicies:
    """Trust policy, identity policies (inline and attached), permissions boundary."""

    trust: Policy
    identity: tuple[Policy, ...]
    boundary: Policy | None
