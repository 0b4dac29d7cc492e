"""The embedded cloud's own secrets: what sessions are signed with, and the keys that it lends.

They are part of the saved state, and stand nowhere else.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from tenantctl.aws.session import Credentials
from tenantctl.local.sts.session import KEY_BYTES, new_access_key

SERVICE = "bedrock-agentcore.amazonaws.com"
"""The principal that runs agents, as trust policies name it."""

OPERATOR = "operator"
"""The IAM user that a fresh account has; what the tool itself acts as."""


@dataclass(frozen=True, slots=True)
class ServiceKey:
    """A key of the AgentCore service, for one account."""

    account: str
    access_key: str
    secret: str = field(repr=False)

    @property
    def credentials(self) -> Credentials:
        """As a client takes them."""
        return Credentials(self.access_key, self.secret)


@dataclass(slots=True)
class Keys:
    """Mutable, and pickled: the session key, and each account's lent keys."""

    session_key: bytes = field(repr=False, default_factory=lambda: secrets.token_bytes(KEY_BYTES))
    services: dict[str, ServiceKey] = field(repr=False, default_factory=dict)
    operators: dict[str, Credentials] = field(repr=False, default_factory=dict)

    def service(self, account: str) -> ServiceKey:
        """The service's key in an account, made on first use."""
        if account not in self.services:
            self.services[account] = ServiceKey(
                account, new_access_key("AKIA"), secrets.token_urlsafe(30)
            )
        return self.services[account]

    def service_key(self, access_key: str) -> ServiceKey | None:
        """The service's key by its id."""
        return next((k for k in self.services.values() if k.access_key == access_key), None)
