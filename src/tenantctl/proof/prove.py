"""The whole proof: every action on everything that belongs to tenants, and the way into the role.

Pure: documents and the pool's names in, a report out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tenantctl.domain.finding import Finding, Outcome, Party, Report
from tenantctl.domain.names import Names
from tenantctl.iam.evaluate import Policies
from tenantctl.proof.asking.asks import Ask, registry
from tenantctl.proof.asking.candidates import Finder
from tenantctl.proof.asking.reach import Action, Reach
from tenantctl.proof.asking.values import TENANT, USER
from tenantctl.proof.assumptions import assumptions
from tenantctl.proof.automata.formats import Node
from tenantctl.proof.callers import binds_names, callers
from tenantctl.proof.deciding.obligation import Prover, Unknown, Witness
from tenantctl.proof.deciding.situations import Situations
from tenantctl.proof.documents import Documents
from tenantctl.proof.entry.chaining import CHAIN, rechains, retag, retags
from tenantctl.proof.entry.rewriting import Opening, openings, without_session
from tenantctl.proof.entry.tagging import TooManySessionsError, extra_tags
from tenantctl.proof.entry.trust import sessions
from tenantctl.proof.entry.wayin import of_trust
from tenantctl.proof.fixes import fix
from tenantctl.proof.holdings import Holding, holdings
from tenantctl.proof.vocabulary import asker_of, formats_of
from tenantctl.proof.words import request_of, sentence


def prove(
    names: Names,
    documents: Documents,
    *,
    target: str = "documents",
    taken: frozenset[str] = frozenset(),
) -> Report:
    """Prove isolation for all tenants, or show how it breaks, or say what isn't known.

    There is a finding for every action that reaches tenants' data, on every table, bucket and
    memory of the pool, and for the ways into the vending role. Witnesses speak of tenants that
    aren't `taken` (ids), wherever there are any.
    """
    about = _about(names, documents, taken)
    found = [*of_trust(documents, names, about.formats)]
    for holding in holdings(names, about.chained):
        by_action: dict[str, list[Finding]] = {}
        for finding in _findings(about, holding):
            by_action.setdefault(finding.action, []).append(finding)
        found += map(_worst, by_action.values())
    said = assumptions(documents, names, about.prover.sessions, about.formats)
    return Report(target, tuple(found), said)


@dataclass(frozen=True, slots=True)
class _About:
    """What a proof is about, worked out once: who asks, how they chain, their tags' formats."""

    prover: Prover
    chained: tuple[Ask, ...]
    formats: dict[str, Node]
    doubts: tuple[str, ...]


def _about(names: Names, documents: Documents, taken: frozenset[str]) -> _About:
    extra = extra_tags(names, documents.every)
    formats, doubts = formats_of(names)
    asker = asker_of(names, documents, formats, extra)
    try:
        made = sessions(names, documents.trust, documents.every)
        chained = retags(names, documents)
        if documents.session is not None:
            chained = (*chained, *rechains(chained))
    except TooManySessionsError as error:
        made, chained = (), (retag(names, {}),)
        doubts = (*doubts, str(error))
    prover = Prover(
        names,
        documents,
        made,
        asker,
        Finder(asker),
        Situations(names, binds_names(documents.trust)),
        taken,
    )
    return _About(prover, chained, formats, doubts)


def _findings(about: _About, holding: Holding) -> Iterator[Finding]:
    """One finding for every action and rule on a holding; none for what isn't expected there."""
    names = about.prover.names
    own = names.table_arn(registry(names))
    policies = _policies(about.prover.documents, holding)
    actions: dict[tuple[Action, str], list[Ask]] = {}
    for ask in holding.asks:
        actions.setdefault((ask.action, ask.rule), []).append(ask)
    for asks in actions.values():
        if holding.arn == own and not _granted(policies, asks[0], names):
            continue  # nobody expects tenants to reach the pool's own table
        yield _finding(about.prover, holding, asks, policies, about.doubts)


def _policies(documents: Documents, holding: Holding) -> Policies:
    if holding.plane == "sts":
        return documents.for_role()
    return documents.for_resource(holding.arn)


def _finding(
    prover: Prover,
    holding: Holding,
    asks: list[Ask],
    policies: Policies,
    doubts: tuple[str, ...],
) -> Finding:
    """The finding of one action under one rule, on one holding."""
    ask = asks[0]
    nobody = Party(None, None)
    granted = _granted(policies, ask, prover.names)
    unknown: Unknown | None = None
    if granted and not (ask.action.reach is Reach.UNLOCK and not _locked(policies)):
        for one in asks:
            decided = prover.decide(one, policies)
            if isinstance(decided, Witness):
                kept = _kept(prover, one)
                if kept is None:
                    return _breach(prover, holding, one, policies, decided)
                decided = kept if isinstance(kept, Unknown) else None
            unknown = unknown or decided
        if doubts and not prover.sessions:
            unknown = Unknown(doubts[0])
    outcome = Outcome.ISOLATED if unknown is None else Outcome.INCONCLUSIVE
    message = "proved for all tenants" if granted else "no statement grants it"
    if unknown is not None:
        reason = "; ".join((unknown.reason, *doubts))
        message = f"whether `{ask.action.name}` stays with its tenant can't be decided: {reason}"
    return Finding(
        rule=ask.rule,
        plane=holding.plane,
        action=ask.action.name,
        outcome=outcome,
        resource=ask.shown,
        actor=nobody,
        owner=nobody,
        message=message,
    )


def _kept(prover: Prover, ask: Ask) -> Unknown | bool | None:
    """What holds a session back that may escape its policies: `None` if nothing does."""
    opened: tuple[Opening, ...] | None
    if ask.rule == CHAIN:
        opened = without_session(prover.documents)
    elif ask.action.reach is Reach.ROLE:
        opened = openings(prover.documents, ask.action.name)
    else:
        return None
    if opened is None:
        return None
    doubt = False
    for opening in opened:
        for outcome in _outcomes(prover, opening.documents):
            if outcome is Outcome.BREACH and opening.sure:
                return None
            if outcome is not Outcome.ISOLATED:
                doubt = True
                if not opening.sure:  # there is no more to learn
                    break
    if doubt:
        return Unknown("what the role's policies are then, and what they open, isn't known")
    return True


def _outcomes(prover: Prover, documents: Documents) -> Iterator[Outcome]:
    """What comes of every action on data, with other documents; each is decided if asked for."""
    about = _about(prover.names, documents, prover.taken)
    for holding in holdings(prover.names, ()):
        if holding.plane != "sts":
            yield from (finding.outcome for finding in _findings(about, holding))


def _breach(
    prover: Prover, holding: Holding, ask: Ask, policies: Policies, witness: Witness
) -> Finding:
    candidate, identity = witness.candidate, prover.names.pool.identity
    tiers = list(prover.names.pool.tiers)
    theirs = candidate.tier if ask.model is None else ask.model.tier
    return Finding(
        rule=ask.rule,
        plane=holding.plane,
        action=ask.action.name,
        outcome=Outcome.BREACH,
        resource=witness.request.resource,
        actor=Party(
            witness.session.tier,
            candidate.values[TENANT],
            candidate.values[USER] if identity.user.tag in witness.session.tags else None,
        ),
        owner=Party(theirs or tiers[0], candidate.owner[TENANT], candidate.owner.get(USER)),
        request=request_of(witness.request, prover.names, prover.situations.keys(ask, policies)),
        decided_by=witness.decided_by,
        message=sentence(ask, witness),
        fix=fix(prover, holding.arn, ask, witness),
    )


def _worst(found: list[Finding]) -> Finding:
    """The worst of an action's findings."""
    order = (Outcome.BREACH, Outcome.INCONCLUSIVE, Outcome.ISOLATED)
    return min(found, key=lambda f: order.index(f.outcome))


def _granted(policies: Policies, ask: Ask, names: Names) -> bool:
    """Whether any Allow speaks of the action: an identity policy's, or one of the resource."""
    own = any(p.speaking_of(ask.action.name)[0] for p in policies.identity)
    if own or policies.resource is None:
        return own
    allows = policies.resource.speaking_of(ask.action.name)[0]
    return any(
        statement.reach(caller) is not None
        for caller in callers(names, policies.resource)
        for statement in allows
    )


def _locked(policies: Policies) -> bool:
    """Whether the resource's policy denies anything, so that its loss would open something."""
    return policies.resource is not None and any(not s.allow for s in policies.resource.statements)
