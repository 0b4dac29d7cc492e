"""What a proof takes for granted, said plainly in every report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tenantctl.domain.knowledge import trusted_filters
from tenantctl.domain.names import Names
from tenantctl.domain.pool import Claim
from tenantctl.iam.policy import Policy
from tenantctl.proof.asking.values import TENANT, USER
from tenantctl.proof.automata.formats import ANY_TAG, Node
from tenantctl.proof.documents import Documents
from tenantctl.proof.entry.minters import ASSUME
from tenantctl.proof.entry.trust import Session
from tenantctl.proof.entry.trusted import others
from tenantctl.proof.unseen import unseen

_BECOMES = (
    ASSUME,
    "iam:AddUserToGroup",
    "iam:AttachGroupPolicy",
    "iam:AttachUserPolicy",
    "iam:CreateAccessKey",
    "iam:CreateLoginProfile",
    "iam:CreatePolicyVersion",
    "iam:DeleteRolePermissionsBoundary",
    "iam:PassRole",
    "iam:PutGroupPolicy",
    "iam:PutUserPolicy",
    "iam:SetDefaultPolicyVersion",
    "iam:TagRole",
    "iam:UpdateLoginProfile",
    "cognito-idp:AdminCreateUser",
    "cognito-idp:AdminSetUserPassword",
    "cognito-idp:AdminUpdateUserAttributes",
)
"""Ways to another principal's rights, or to another tenant's token."""


def assumptions(
    documents: Documents, names: Names, made: Iterable[Session], formats: Mapping[str, Node]
) -> tuple[str, ...]:
    """In order: who is trusted, which ids there are and who sees to it, what wasn't looked at."""
    return (
        *_trusted(documents, names, tuple(made)),
        *_formats(names, formats),
        *_chaining(documents, names),
        *_becoming(documents, names),
        *_data(names),
        *documents.notes,
        *unseen(documents, names),
    )


def _trusted(documents: Documents, names: Names, made: tuple[Session, ...]) -> Iterator[str]:
    role = names.pool.roles.agent
    yield (
        f"trusted base: whoever may act as the agent role `{role}` can mint a session of any "
        "tenant; it takes the tags from a verified token and from nothing else"
    )
    if not made:
        yield (
            "the trust policy lets no session with a tenant's tag in: `sts:AssumeRole` and "
            "`sts:TagSession` must both be allowed to the agent role"
        )
    yield from others(names, documents.trust)


def _formats(names: Names, formats: Mapping[str, Node]) -> Iterator[str]:
    identity = names.pool.identity
    tiers = ", ".join(f"`{tier}`" for tier in names.pool.tiers)
    yield f"a session's tag `{identity.tier.tag}` is one of {tiers}"
    for name, claim in ((TENANT, identity.tenant), (USER, identity.user)):
        yield _format(name, claim, any_value=formats[name] is ANY_TAG)


def _format(name: str, claim: Claim, *, any_value: bool) -> str:
    if claim.pattern is None:
        return f"{name} ids are whatever STS takes as the value of tag `{claim.tag}`"
    also = "; it can't be read here, so any tag value was looked at" if any_value else ""
    return (
        f"{name} ids match `{claim.pattern}`: onboarding and vending refuse others, "
        f"the trust policy need not{also}"
    )


def _chaining(documents: Documents, names: Names) -> Iterator[str]:
    context: dict[str, tuple[str, ...]] = {}
    for policy in documents.identity:
        for statement in policy.speaking_of(ASSUME)[0]:
            if statement.resources is not None and statement.resources.cover(
                names.vending_role_arn, context
            ):
                yield (
                    f"{_named(policy, statement.label)} lets sessions ask for the vending role "
                    "itself; the trust policy alone decides that"
                )


def _becoming(documents: Documents, names: Names) -> Iterator[str]:
    """What lets a session become, or make, somebody else: whose policies aren't looked at."""
    for policy in documents.identity:
        for action in _BECOMES:
            for statement in policy.speaking_of(action)[0]:
                if action == ASSUME and statement.resources is not None:
                    role = names.vending_role_arn
                    only = not statement.resources.negated and all(
                        p.matches(role, {}) and not p.matches(f"{role}-other", {})
                        for p in statement.resources.patterns
                    )
                    if only:
                        continue
                yield (
                    f"warning: {_named(policy, statement.label)} allows sessions `{action}`: "
                    "what they reach as another principal isn't looked at"
                )


def _named(policy: Policy, label: str) -> str:
    return f"`{policy.name}` ({label})"


def _data(names: Names) -> Iterator[str]:
    tables = ", ".join(f"`{t.name}`" for t in names.pool.data.tables)
    if tables:
        yield f"every index of {tables} has the table's partition key"
    data = names.pool.data
    yield from trusted_filters(names.pool)
    if not (data.tables or data.buckets or data.memories):
        yield "the configuration names no data of tenants"
