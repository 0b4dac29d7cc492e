"""Who may enter the vending role: findings about the trust policy itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tenantctl.domain.finding import Decider, Finding, Outcome, Party
from tenantctl.domain.names import Names
from tenantctl.iam.policy import Statement
from tenantctl.proof.asking.values import TENANT, Values
from tenantctl.proof.automata.formats import Node, letters_of
from tenantctl.proof.automata.letters import Alphabet
from tenantctl.proof.documents import Documents
from tenantctl.proof.entry.entering import lets_in
from tenantctl.proof.entry.minters import ASSUME, SAML, WEB_IDENTITY, strangers
from tenantctl.proof.entry.providers import Provider, providers
from tenantctl.proof.friendly import NAMESAKES

_MOST_STRANGERS = 16


def of_trust(documents: Documents, names: Names, formats: Mapping[str, Node]) -> Iterator[Finding]:
    """Whether everybody is let in, and whether somebody else vouches for tags."""
    yield _of_anybody(documents, names, formats)
    for action in (WEB_IDENTITY, SAML):
        found = tuple(providers(names, documents.trust, action))
        if found:
            yield _of_providers(documents, names, action, found)


def _of_anybody(documents: Documents, names: Names, formats: Mapping[str, Node]) -> Finding:
    trust = documents.trust
    anybody = [s for s in trust.statements if s.allow and _is_wide(s)]
    some = strangers(names, trust) if anybody else ()
    # One stranger who surely gets in is enough; what isn't known of any is no proof.
    answers = {
        stranger: lets_in(names, trust, stranger, stranger=True)
        for stranger in some[:_MOST_STRANGERS]
    }
    entering = next((who for who, answer in answers.items() if answer), None)
    doubt = None in answers.values() or len(some) > _MOST_STRANGERS
    if entering is None:
        outcome = Outcome.INCONCLUSIVE if doubt else Outcome.ISOLATED
        message = (
            "whether its conditions keep strangers out can't be told"
            if doubt
            else "only principals that it names are let in"
        )
        return _finding(
            names,
            "STS-TRUST-ANYBODY",
            ASSUME,
            outcome,
            message,
            _by(documents, anybody if doubt else ()),
        )
    actor, owner = _two_tenants(names, formats)
    tier = next(iter(names.pool.tiers))
    return Finding(
        rule="STS-TRUST-ANYBODY",
        plane="sts",
        action=ASSUME,
        outcome=Outcome.BREACH,
        resource=names.vending_role_arn,
        actor=Party(tier, actor),
        owner=Party(tier, owner),
        request={
            "action": ASSUME,
            "resource": names.vending_role_arn,
            "context": {"aws:PrincipalArn": entering.role_arn or entering.arn},
        },
        decided_by=_by(documents, anybody),
        message=f"anybody on AWS may take the vending role and become `{owner}`",
        fix=f'name the agent role alone: "Principal": {{"AWS": "{names.agent_role_arn}"}}',
    )


def _two_tenants(names: Names, formats: Mapping[str, Node]) -> tuple[str, str]:
    """Two ids of the declared format; friendly ones where it has any."""
    takes = names.pool.identity.tenant.takes
    for pair in NAMESAKES:
        if all(map(takes, pair)):
            return pair
    alphabet = Alphabet.of((), letters_of(formats[TENANT]))
    words = Values(alphabet, {TENANT: formats[TENANT]}).of(TENANT).words(_MOST_STRANGERS)
    found = [text for text in map(alphabet.word, words) if takes(text)]
    return (found[0], found[1]) if len(found) > 1 else NAMESAKES[0]


def _of_providers(
    documents: Documents, names: Names, action: str, found: tuple[Provider, ...]
) -> Finding:
    """Providers of one's own are trusted, as the agent role is; others may serve anybody."""
    doubts = [p for p in found if p.doubt]
    if doubts:
        message = "; ".join(dict.fromkeys(p.doubt for p in doubts))
        by = _by(documents, [s for p in doubts for s in p.statements])
        return _finding(names, "STS-TRUST-FEDERATED", action, Outcome.INCONCLUSIVE, message, by)
    named = ", ".join(f"`{p.name}`" for p in found)
    message = f"{named} can mint a session of any tenant, as the agent role can"
    return _finding(names, "STS-TRUST-FEDERATED", action, Outcome.ISOLATED, message)


def _finding(  # noqa: PLR0913, PLR0917 - a finding's own fields
    names: Names,
    rule: str,
    action: str,
    outcome: Outcome,
    message: str,
    by: tuple[Decider, ...] = (),
) -> Finding:
    nobody = Party(None, None)
    undecided = outcome is Outcome.INCONCLUSIVE
    return Finding(
        rule=rule,
        plane="sts",
        action=action,
        outcome=outcome,
        resource=names.vending_role_arn,
        actor=nobody,
        owner=nobody,
        decided_by=by,
        message=message,
        fix="let the agent role alone take the vending role" if undecided else "",
    )


def _by(documents: Documents, statements: Iterable[Statement]) -> tuple[Decider, ...]:
    return tuple(dict.fromkeys(Decider(documents.trust.name, s.label) for s in statements))


def _is_wide(statement: Statement) -> bool:
    named = statement.principals
    return named is not None and (named.everyone or named.negated)
