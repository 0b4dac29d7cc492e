"""What IAM is asked: may this principal do this action on this resource, in this context?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple


class PrincipalKind(StrEnum):
    """The kinds of caller that the evaluation logic tells apart."""

    USER = "user"
    SESSION = "session"  # an assumed-role session
    SERVICE = "service"
    FEDERATED = "federated"  # somebody for whom an identity provider vouches, entering a role
    ROOT = "root"
    ANONYMOUS = "anonymous"


class Principal(NamedTuple):
    """Who asks; a tuple, as a request is.

    `arn` is the user's, the session's (`arn:aws:sts::…:assumed-role/NAME/SESSION`) or the
    account root's; for a service it is its name (`bedrock-agentcore.amazonaws.com`), for somebody
    federated the provider's name or ARN, for an anonymous caller `*`. `role_arn` is the role of a
    session.
    """

    kind: PrincipalKind
    arn: str
    account: str = ""
    role_arn: str | None = None


Context = Mapping[str, tuple[str, ...]]
"""Condition keys (lower case, as keys ignore case) and their values; absent means absent.

An empty tuple is a key that is present without values.
"""


def context(pairs: Mapping[str, str | Iterable[str]]) -> dict[str, tuple[str, ...]]:
    """Build a `Context`: lower the keys, make every value a tuple."""
    return {
        key.lower(): (value,) if isinstance(value, str) else tuple(value)
        for key, value in pairs.items()
    }


class Request(NamedTuple):
    """One authorization question. `resource` is an ARN, or `*` for actions without one.

    A tuple, not a dataclass: one is made for every decision, in a third of the time.
    `resource_account` owns the resource; it need only be said where the ARN doesn't (S3) and the
    owner may be another account than the caller's.
    """

    principal: Principal
    action: str
    resource: str
    context: Context
    resource_account: str = ""
