"""Who asks: sessions of the vending role, by every name under which a resource's policy knows them.

Whoever makes a session chooses its name, so a policy that names one speaks of any tenant's session.
A policy may also name the role with its path, which sessions' ARNs leave out.
https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html#API_AssumeRole_RequestParameters
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

from __future__ import annotations

from itertools import chain, count

from tenantctl.domain.names import Names
from tenantctl.iam.policy import Policy
from tenantctl.iam.request import Principal
from tenantctl.iam.role_path import named_roles
from tenantctl.proof.documents import SESSION_NAME, session_of

_NAME_KEY = "sts:rolesessionname"


def callers(names: Names, resource: Policy | None) -> tuple[Principal, ...]:
    """The sessions between which a resource's policy can tell; one that it doesn't name first."""
    own = named_sessions(names, resource)
    free = (f"{SESSION_NAME}-{number}" for number in count(1))
    unnamed = next(name for name in chain((SESSION_NAME,), free) if name not in own)
    roles = named_roles(resource).get(names.vending_role_arn, {names.vending_role_arn})
    return tuple(
        session_of(names, session=name)._replace(role_arn=role)
        for role in sorted(roles)
        for name in (unnamed, *own)
    )


def named_sessions(names: Names, resource: Policy | None) -> tuple[str, ...]:
    """The names of the vending role's sessions that a resource's policy names."""
    stem = session_of(names, session="").arn
    found = {
        arn.removeprefix(stem)
        for statement in (() if resource is None else resource.statements)
        for arn in (() if statement.principals is None else statement.principals.arns)
        if arn.startswith(stem)
    }
    return tuple(sorted(found))


def binds_names(trust: Policy) -> bool:
    """Whether a trust policy has a say in how sessions are named, by their tags for example."""
    return any(c.key == _NAME_KEY for s in trust.statements for c in s.conditions)
