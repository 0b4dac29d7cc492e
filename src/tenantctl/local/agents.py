"""Who answers for runtimes while the embedded cloud is served, as the cloud sees it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from tenantctl.local.call import Call
from tenantctl.local.wire.incoming import Answer, Incoming

Later = Callable[[], Answer]
"""What answers a request that has been allowed, once the cloud is free again."""


class Agents(Protocol):
    """The agents of the runtimes, each session a process of its own."""

    def signed(self, call: Call, request: Incoming) -> Later:
        """What answers a signed request that IAM has allowed."""
        ...
