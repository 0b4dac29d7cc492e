"""Identity providers whom the trust policy lets vouch for sessions and their tags.

Only `sts:AssumeRoleWithWebIdentity` and `sts:AssumeRoleWithSAML` come with a provider's token;
a statement that allows `Federated` principals `sts:AssumeRole` alone lets nobody in.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_adding-assume-role-idp
https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html

A provider of one's own is part of the trusted base, as the agent role is: its tokens say which
tags a session carries. One that serves everybody is not: there the statement must ask for a claim
that tells one's own tokens from others'.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_oidc_secure-by-default.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tenantctl.domain.names import Names
from tenantctl.iam.conditions.condition import Condition
from tenantctl.iam.conditions.operators import Quantifier
from tenantctl.iam.policy import Policy, Statement
from tenantctl.iam.request import Principal, PrincipalKind
from tenantctl.proof.entry.entering import lets_in
from tenantctl.proof.entry.minters import entries

_SHARED = {
    "cognito-identity.amazonaws.com": ("aud",),
    "accounts.google.com": ("aud", "oaud", "sub"),
    "www.amazon.com": ("app_id", "user_id"),
    "graph.facebook.com": ("app_id", "id"),
    "token.actions.githubusercontent.com": ("sub", "job_workflow_ref"),
    "gitlab.com": ("sub",),
    "app.terraform.io": ("sub",),
    "agent.buildkite.com": ("sub",),
    "oidc.codefresh.io": ("sub",),
    "oidc.vercel.com": ("sub", "aud"),
    "studio.datachain.ai": ("sub",),
    "api.pulumi.com/oidc": ("sub", "aud"),
    "bitbucket.org": ("sub",),
}
"""Providers that serve everybody, with the claims that tell their customers apart."""

_OWN = "arn:aws:iam::{account}:saml-provider/any"


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider that gets in by these statements; `doubt` says why it isn't just trusted."""

    name: str
    statements: tuple[Statement, ...]
    doubt: str = ""


def providers(names: Names, trust: Policy, action: str) -> Iterator[Provider]:
    """Those whose sessions the trust policy may let in by an action."""
    by_name: dict[str, list[Statement]] = {}
    wide: list[Statement] = []
    for statement in trust.speaking_of(action)[0]:
        named = statement.principals
        if named is None or named.everyone or named.negated:
            wide.append(statement)
            continue
        for name in sorted(named.federated):
            by_name.setdefault(name, []).append(statement)
    for name, some in by_name.items():
        caller = Principal(PrincipalKind.FEDERATED, name)
        if action in entries(caller) and lets_in(names, trust, caller) is not False:
            loose = [s for s in some if not _told_apart(name, s)]
            yield Provider(name, tuple(loose or some), _doubt(name) if loose else "")
    anybody = ("accounts.google.com", _OWN.format(account=names.account))
    callers = (Principal(PrincipalKind.FEDERATED, name) for name in anybody)
    if wide and any(
        action in entries(c) and lets_in(names, trust, c) is not False for c in callers
    ):
        yield Provider(
            "*", tuple(wide), "any identity provider's users are let in, whoever vouches for them"
        )


def _doubt(name: str) -> str:
    host = _host(name)
    claims = " or ".join(f"`{host}:{claim}`" for claim in _SHARED[host])
    return f"`{name}` vouches for anybody's users, and no condition asks for {claims}"


def _told_apart(name: str, statement: Statement) -> bool:
    """Whether a statement admits only one's own tokens of a provider."""
    host = _host(name)
    if host not in _SHARED:
        return True
    keys = {f"{host}:{claim}" for claim in _SHARED[host]}
    return any(
        isinstance(c, Condition)
        and c.key in keys
        and not c.negated
        and not c.if_exists
        and c.quantifier is not Quantifier.ALL
        and all(value.strip("*?") for value in c.values)
        for c in statement.conditions
    )


def _host(name: str) -> str:
    """The part of a provider's name or ARN before which its claims are written."""
    return name.rpartition(":oidc-provider/")[2].lower()
