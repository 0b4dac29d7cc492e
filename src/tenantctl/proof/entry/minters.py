"""Who may make sessions of the vending role: everybody whom its trust policy names.

It may name them as principals, or let in more and narrow that down by conditions on
`aws:PrincipalArn` and `aws:PrincipalAccount`.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

from __future__ import annotations

from collections.abc import Iterator

from tenantctl.domain.names import Names
from tenantctl.iam.policy import Policy, Statement
from tenantctl.iam.request import Principal, PrincipalKind

ASSUME = "sts:AssumeRole"
WEB_IDENTITY = "sts:AssumeRoleWithWebIdentity"
SAML = "sts:AssumeRoleWithSAML"

FOREIGN = "999999999999"
"""An account that has nothing to do with the pool."""

_ANY = "any"
_ARN_FIELDS = 6
_ACCOUNT_DIGITS = 12


def minters(names: Names, trust: Policy) -> tuple[Principal, ...]:
    """Everybody whom the trust policy names, one of each kind; the agent role first."""
    found = {_role(names.agent_role_arn): None}
    for statement in trust.statements:
        named = statement.principals
        if not statement.allow or named is None:
            continue
        if named.everyone or named.negated:
            found[outsider()] = None
            found[_anybody(names.account)] = None
        elif named.accounts:
            found |= dict.fromkeys(_anybody(account) for account in sorted(named.accounts))
        if not named.negated:
            found |= dict.fromkeys(_entity(arn) for arn in sorted(named.arns))
            services, providers = sorted(named.services), sorted(named.federated)
            found |= {Principal(PrincipalKind.SERVICE, name): None for name in services}
            found |= {Principal(PrincipalKind.FEDERATED, name): None for name in providers}
    found |= dict.fromkeys(_by_conditions(names, trust))
    return tuple(found)


def strangers(names: Names, trust: Policy) -> tuple[Principal, ...]:
    """Principals of an account that the trust policy doesn't name: anybody could be one."""
    written = (m for m in _by_conditions(names, trust) if m.account == FOREIGN)
    return (outsider(), *dict.fromkeys(written))


def outsider() -> Principal:
    """Somebody of another account, who has nothing to do with the pool."""
    return _role(f"arn:aws:iam::{FOREIGN}:role/anyone")


def is_generic(minter: Principal) -> bool:
    """Whether it stands for everybody in its account, by whatever name."""
    entity = minter.kind in {PrincipalKind.SESSION, PrincipalKind.USER}
    return entity and (minter == outsider() or minter.arn.split("/")[1] == _ANY)


def entries(minter: Principal) -> tuple[str, ...]:
    """The actions by which a principal may enter a role.

    Somebody federated can't call `sts:AssumeRole`, and nobody else the other two.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_request.html
    """
    if minter.kind is not PrincipalKind.FEDERATED:
        return (ASSUME,)
    return (SAML if ":saml-provider/" in minter.arn else WEB_IDENTITY,)


def speaking_to(trust: Policy, minter: Principal) -> tuple[Statement, ...]:
    """The statements that speak of a principal."""
    return tuple(
        statement
        for statement in trust.statements
        if (
            statement.reach(minter) is not None
            if statement.allow
            else statement.principals is None or statement.principals.denies(minter)
        )
    )


def _by_conditions(names: Names, trust: Policy) -> Iterator[Principal]:
    """Those of whom conditions speak; a wildcard for the account means anybody's, and ours."""
    for statement in trust.statements:
        for condition in statement.conditions:
            for value in condition.values:
                match condition.key:
                    case "aws:principalarn":
                        yield from _alike(names, value)
                    case "aws:principalaccount":
                        if len(value) == _ACCOUNT_DIGITS and value.isdigit():
                            yield _anybody(value)
                    case "aws:principaltype" | "aws:username":
                        yield _user(names.account)


def _alike(names: Names, value: str) -> Iterator[Principal]:
    """Principals whose ARN a pattern matches, or nearly: each is tried, none is believed."""
    if "${" in value:
        return
    fields = value.split(":", _ARN_FIELDS - 1)
    account = fields[4] if len(fields) == _ARN_FIELDS else "*"
    resource = (fields[-1] if len(fields) == _ARN_FIELDS else value).lstrip("*")
    kind, _, name = resource.replace("*", "x").replace("?", "x").partition("/")
    if not name:
        kind, name = "role", kind
    known = len(account) == _ACCOUNT_DIGITS and account.isdigit()
    for owner in (account,) if known else (names.account, FOREIGN):
        if kind == "user":
            arn = f"arn:aws:iam::{owner}:user/{name}"
            yield Principal(PrincipalKind.USER, arn, owner)
        else:
            yield _role(f"arn:aws:iam::{owner}:role/{name}")


def _anybody(account: str) -> Principal:
    return _role(f"arn:aws:iam::{account}:role/{_ANY}")


def _user(account: str) -> Principal:
    return Principal(PrincipalKind.USER, f"arn:aws:iam::{account}:user/{_ANY}", account)


def _entity(arn: str) -> Principal:
    account = arn.split(":")[4]
    if ":user/" in arn:
        return Principal(PrincipalKind.USER, arn, account)
    if ":assumed-role/" in arn:
        role = arn.split("/")[1]
        return Principal(PrincipalKind.SESSION, arn, account, f"arn:aws:iam::{account}:role/{role}")
    return _role(arn)


def _role(arn: str) -> Principal:
    account, name = arn.split(":")[4], arn.rpartition("/")[2]
    session = f"arn:aws:sts::{account}:assumed-role/{name}/tenantctl-proof"
    return Principal(PrincipalKind.SESSION, session, account, arn)
