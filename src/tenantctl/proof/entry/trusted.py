"""Who can make sessions besides the agent role, in sentences for the report."""

from __future__ import annotations

from collections.abc import Iterator

from tenantctl.domain.names import Names
from tenantctl.iam.policy import Policy
from tenantctl.iam.request import Principal, PrincipalKind
from tenantctl.proof.entry.entering import lets_in
from tenantctl.proof.entry.minters import is_generic, minters, outsider

_MOST_TRIED = 16
"""So many of those of whom only conditions speak are tried, to say whether they are let in."""


def others(names: Names, trust: Policy) -> Iterator[str]:
    """One sentence for each of those whom the trust policy lets in."""
    named = [s.principals for s in trust.statements if s.allow and s.principals is not None]
    accounts = {account for n in named if not n.negated for account in n.accounts}
    arns = {arn for n in named if not n.negated for arn in n.arns}
    tried = 0
    for minter in minters(names, trust):
        who = minter.role_arn or minter.arn
        if minter.role_arn == names.agent_role_arn:
            continue
        if minter == outsider():
            yield from _of_organizations(names, trust)
        elif is_generic(minter):
            if minter.account in accounts:
                yield _of_account(minter.account)
        elif minter.kind is not PrincipalKind.FEDERATED and (
            who in arns or minter.kind is PrincipalKind.SERVICE
        ):
            yield _of_one(minter)
        elif tried < _MOST_TRIED:
            tried += 1
            if lets_in(names, trust, minter) is not False:
                yield _of_one(minter)


def _of_organizations(names: Names, trust: Policy) -> Iterator[str]:
    """What only an organization keeps strangers from; that they get in is a finding already."""
    if (
        lets_in(names, trust, outsider()) is not False
        and lets_in(names, trust, outsider(), stranger=True) is False
    ):
        yield (
            "warning: the trust policy names no account, only an organization or the like: every "
            "principal there can mint a session of any tenant"
        )


def _of_account(account: str) -> str:
    return (
        f"warning: the trust policy names the root of account `{account}`: every "
        "principal there whose own policies allow it can mint a session of any tenant"
    )


def _of_one(minter: Principal) -> str:
    match minter.kind:
        case PrincipalKind.SERVICE:
            return f"trusted base: the service `{minter.arn}` may take the vending role too"
        case PrincipalKind.FEDERATED:
            return (
                f"trusted base: the identity provider `{minter.arn}` can mint a session of any "
                "tenant too, by the tags that it puts into its tokens"
            )
    return f"trusted base: `{minter.role_arn or minter.arn}` can mint a session of any tenant too"
