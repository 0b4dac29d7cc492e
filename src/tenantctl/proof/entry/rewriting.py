"""What a session opens by rewriting its own role: its policies, its boundary, its trust policy.

New rights stay below the permissions boundary and the session policy, and below every Deny; what
is taken away opens only what it kept shut. So the data is asked about once more, with the
documents as they may be then.
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagement.html
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

from tenantctl.iam.document import read
from tenantctl.iam.policy import Kind, Policy
from tenantctl.proof.documents import Documents


@dataclass(frozen=True, slots=True)
class Opening:
    """The documents after a rewrite; it isn't `sure` that this one can be made.

    An inline policy is rewritten by other actions than one that is attached, and documents don't
    say which they are.
    """

    documents: Documents
    sure: bool = True


def openings(documents: Documents, action: str) -> tuple[Opening, ...] | None:
    """What an action on the role may make of its documents; `None` where nothing holds it back."""
    name = action.partition(":")[2]
    if name in {"PutRolePolicy", "AttachRolePolicy"}:
        return _granted(documents, overwrites=name == "PutRolePolicy")
    if name in {"PutRolePermissionsBoundary", "DeleteRolePermissionsBoundary"}:
        unbound = documents.boundary is not None
        return (Opening(replace(documents, boundary=None)),) if unbound else ()
    if name in {"DeleteRolePolicy", "DetachRolePolicy"}:
        return tuple(
            Opening(
                replace(
                    documents, identity=tuple(p for p in documents.identity if p is not policy)
                ),
                sure=False,
            )
            for policy in documents.identity
            if _denies(policy)
        )
    return None


def without_session(documents: Documents) -> tuple[Opening, ...]:
    """What a session has before it that leaves its session policy behind."""
    return (Opening(replace(documents, session=None)),)


def _granted(documents: Documents, *, overwrites: bool) -> tuple[Opening, ...] | None:
    """With a policy that allows everything, added or put in the place of those that deny."""
    denying = [policy for policy in documents.identity if _denies(policy)]
    if documents.boundary is None and documents.session is None and not denying:
        return None
    found = [Opening(replace(documents, identity=(*documents.identity, _everything())))]
    if overwrites and denying:
        kept = tuple(policy for policy in documents.identity if not _denies(policy))
        found.append(Opening(replace(documents, identity=(*kept, _everything())), sure=False))
    return tuple(found)


def _denies(policy: Policy) -> bool:
    return any(not statement.allow for statement in policy.statements)


@cache
def _everything() -> Policy:
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    return read(document, name="a new policy", kind=Kind.IDENTITY)
