"""Who may make sessions of the vending role: everybody whom its trust policy names."""

from __future__ import annotations

from tenantctl.domain.names import Names
from tenantctl.iam.policy import Policy
from tenantctl.iam.request import Principal, PrincipalKind

OUTSIDER = "arn:aws:sts::999999999999:assumed-role/anyone/tenantctl-proof"


def minters(names: Names, trust: Policy) -> tuple[Principal, ...]:
    """Everybody whom the trust policy names, one of each kind."""
    found = {_role(names.agent_role_arn): None}
    for statement in trust.statements:
        named = statement.principals
        if not statement.allow or named is None:
            continue
        if named.everyone or named.negated:
            found[outsider()] = None
        for arn in () if named.negated else sorted(named.arns):
            found[_entity(arn)] = None
        for account in () if named.negated else sorted(named.accounts):
            found[_role(f"arn:aws:iam::{account}:role/any")] = None
        for service in () if named.negated else sorted(named.services):
            found[Principal(PrincipalKind.SERVICE, service)] = None
    return tuple(found)


def outsider() -> Principal:
    """Somebody of another account, who has nothing to do with the pool."""
    return Principal(
        PrincipalKind.SESSION, OUTSIDER, "999999999999", "arn:aws:iam::999999999999:role/anyone"
    )


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
