"""Which role a session is of, where a policy names the role with its path.

A session's ARN names its role without the role's path, a policy's principal has it. Role names are
unique in an account whatever their paths, and AWS only takes a principal that exists: so a role
that is named with a path is the role of that name. `aws:PrincipalArn` is the role's whole ARN, so
where the context has it, it decides.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-names
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tenantctl.iam.malformed import MalformedError, shown
from tenantctl.iam.policy import Policy
from tenantctl.iam.request import Context, Principal

Named = Mapping[str, frozenset[str]]
"""The roles that a resource policy names: their ARNs as written, by the same without the path."""

_ROLE = ":role/"
_KEY = "aws:principalarn"


def named_roles(policy: Policy | None) -> Named:
    """The roles that the statements of a resource policy speak of."""
    found: dict[str, frozenset[str]] = {}
    for statement in () if policy is None else policy.statements:
        for arn in () if statement.principals is None else statement.principals.arns:
            if _ROLE in arn:
                found[pathless(arn)] = found.get(pathless(arn), frozenset()) | {arn}
    return MappingProxyType(found)


def pathless(arn: str) -> str:
    """A role's ARN as it would be without its path, which is how its sessions' ARNs name it."""
    account, _, role = arn.partition(_ROLE)
    return f"{account}{_ROLE}{role.rpartition('/')[2]}"


def of_role(session: Principal, context: Context, named: Named) -> Principal:
    """The session with its role's whole ARN, if a policy names a role that may be it.

    Raises `MalformedError` where the policy gives the role several paths and the context doesn't
    say which is its own.
    """
    arns = named.get(session.role_arn or "")
    if arns is None:
        return session
    told = context.get(_KEY, ())
    if len(told) == 1 and _ROLE in told[0] and pathless(told[0]) == session.role_arn:
        return session._replace(role_arn=told[0])
    if len(arns) > 1:
        raise MalformedError(
            f"the role {shown(session.role_arn)} is named with several paths, and has one",
            "give its ARN as `aws:PrincipalArn`",
        )
    return session._replace(role_arn=next(iter(arns)))
