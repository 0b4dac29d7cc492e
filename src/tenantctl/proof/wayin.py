"""Who may enter the vending role: findings about the trust policy itself."""

from __future__ import annotations

from collections.abc import Iterator

from tenantctl.domain.finding import Decider, Finding, Outcome, Party
from tenantctl.domain.names import Names
from tenantctl.iam.policy import Statement
from tenantctl.proof.candidates import NAMESAKES
from tenantctl.proof.documents import Documents
from tenantctl.proof.minters import outsider
from tenantctl.proof.trust import ASSUME, lets_in

_FEDERATED = ("sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithSAML")


def of_trust(documents: Documents, names: Names) -> Iterator[Finding]:
    """Whether everybody is let in, and whether somebody else vouches for tags."""
    actor, owner = NAMESAKES[0]
    tier = next(iter(names.pool.tiers))
    anybody = [s for s in documents.trust.statements if s.allow and _is_wide(s)]
    open_ = bool(anybody) and lets_in(names, documents.trust, outsider())
    agent = names.agent_role_arn
    yield Finding(
        rule="STS-TRUST-ANYBODY",
        plane="sts",
        action=ASSUME,
        outcome=Outcome.BREACH if open_ else Outcome.ISOLATED,
        resource=names.vending_role_arn,
        actor=Party(tier, actor) if open_ else Party(None, None),
        owner=Party(tier, owner) if open_ else Party(None, None),
        request={
            "action": ASSUME,
            "resource": names.vending_role_arn,
            "context": {"aws:PrincipalArn": outsider().role_arn},
        }
        if open_
        else {},
        decided_by=tuple(Decider(documents.trust.name, s.label) for s in anybody) if open_ else (),
        message=f"anybody on AWS may take the vending role and become `{owner}`"
        if open_
        else "only principals that it names are let in",
        fix=f'name the agent role alone: "Principal": {{"AWS": "{agent}"}}' if open_ else "",
    )
    for action in _FEDERATED:
        vouching = documents.trust.speaking_of(action)[0]
        named = [s for s in vouching if s.principals is not None and s.principals.federated]
        if named:
            yield Finding(
                rule="STS-TRUST-FEDERATED",
                plane="sts",
                action=action,
                outcome=Outcome.INCONCLUSIVE,
                resource=names.vending_role_arn,
                actor=Party(None, None),
                owner=Party(None, None),
                decided_by=tuple(Decider(documents.trust.name, s.label) for s in named),
                message="an identity provider vouches for the tags of its sessions, "
                "and what it puts there isn't known here",
                fix="let the agent role alone take the vending role",
            )


def _is_wide(statement: Statement) -> bool:
    named = statement.principals
    return named is not None and (named.everyone or named.negated)
