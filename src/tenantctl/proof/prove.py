"""The whole proof: every action on everything that belongs to tenants, and the way into the role.

Pure: documents and the pool's names in, a report out.
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tenantctl.domain.finding import Finding, Outcome, Party, Report
from tenantctl.domain.names import Names
from tenantctl.iam.conditions.comparison import Folded
from tenantctl.iam.conditions.condition import Condition
from tenantctl.iam.evaluate import Policies
from tenantctl.proof.asks import Ask, of_bucket, of_memory, of_role, of_table, of_tags, registry
from tenantctl.proof.assumptions import assumptions
from tenantctl.proof.candidates import NAMESAKES, USERS, Finder
from tenantctl.proof.documents import Documents, session_of, texts
from tenantctl.proof.fixes import fix
from tenantctl.proof.formats import ANY_TAG, Node, letters_of, parse
from tenantctl.proof.keys import FRESH
from tenantctl.proof.letters import Alphabet, UnsupportedError
from tenantctl.proof.obligation import Prover, Unknown, Witness
from tenantctl.proof.question import Asker
from tenantctl.proof.reach import Action, Reach, catalogue
from tenantctl.proof.situations import Situations
from tenantctl.proof.trust import Session, TooManyTagsError, extra_tags, sessions
from tenantctl.proof.values import TENANT, USER, Values
from tenantctl.proof.wayin import of_trust
from tenantctl.proof.words import request_of, sentence

_LAST_ASCII = 127


@dataclass(frozen=True, slots=True)
class Holding:
    """Something that belongs to tenants: its plane, its ARN, what it is called, its asks."""

    plane: str
    arn: str
    asks: tuple[Ask, ...]


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
    extra = extra_tags(names, documents.every)
    formats, doubts = _formats(names)
    asker = _asker(names, documents, formats, extra)
    try:
        made = sessions(names, documents.trust, extra)
    except TooManyTagsError:
        made = ()
        doubts = (*doubts, "the documents speak of more tags than can be combined")
    prover = Prover(names, documents, made, asker, Finder(asker), Situations(names), taken)
    found = [*of_trust(documents, names)]
    own = names.table_arn(registry(names))
    for holding in holdings(names, made):
        policies = _policies(documents, names, holding)
        actions: dict[tuple[Action, str], list[Ask]] = {}
        for ask in holding.asks:
            actions.setdefault((ask.action, ask.rule), []).append(ask)
        by_action: dict[Action, list[Finding]] = {}
        for (action, _), asks in actions.items():
            if holding.arn == own and not _granted(policies, asks[0], names):
                continue  # nobody expects tenants to reach the pool's own table
            finding = _finding(prover, holding, asks, policies, doubts)
            by_action.setdefault(action, []).append(finding)
        found += (_one(some) for some in by_action.values())
    return Report(target, tuple(found), assumptions(documents, names, made, formats))


def holdings(names: Names, made: Iterable[Session]) -> Iterator[Holding]:
    """Everything that is asked about, in the order of the report."""
    actions = catalogue().values()
    keys = tuple(dict.fromkeys(tag for s in made for tag in _tag_keys(names, s)))
    role = names.vending_role_arn
    retag = of_tags(catalogue()["sts:AssumeRole"], names, keys)
    yield Holding("sts", role, (retag, *(a for x in actions for a in of_role(x, names))))
    for table in (*names.pool.data.tables, registry(names)):
        asks = (a for x in actions if x.service == "dynamodb" for a in of_table(x, names, table))
        yield Holding("dynamodb", names.table_arn(table), tuple(asks))
    for bucket in names.pool.data.buckets:
        asks = (a for x in actions if x.service == "s3" for a in of_bucket(x, names, bucket))
        yield Holding("s3", names.bucket_arn(bucket), tuple(asks))
    for memory in names.pool.data.memories:
        asks = (
            a
            for x in actions
            if x.service == "bedrock-agentcore"
            for a in of_memory(x, names, memory)
        )
        yield Holding("memory", names.memory_arn(memory), tuple(asks))


def _tag_keys(names: Names, session: Session) -> tuple[str, ...]:
    tier = (names.pool.identity.tier.tag,) if session.tier is not None else ()
    own = set(names.pool.identity.tags.values())
    return (*tier, *(tag for tag in session.tags if tag in own))


def _policies(documents: Documents, names: Names, holding: Holding) -> Policies:
    if holding.plane == "sts":
        return documents.for_role()
    del names
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
                return _breach(prover, holding, one, policies, decided)
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


def _breach(
    prover: Prover, holding: Holding, ask: Ask, policies: Policies, witness: Witness
) -> Finding:
    candidate, identity = witness.candidate, prover.names.pool.identity
    tiers = list(prover.names.pool.tiers)
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
        owner=Party(candidate.tier or tiers[0], candidate.owner[TENANT], candidate.owner.get(USER)),
        request=request_of(witness.request, prover.names, prover.situations.keys(ask, policies)),
        decided_by=witness.decided_by,
        message=sentence(ask, witness),
        fix=fix(prover, holding.arn, ask, witness),
    )


def _one(found: list[Finding]) -> Finding:
    """The worst of an action's findings."""
    order = (Outcome.BREACH, Outcome.INCONCLUSIVE, Outcome.ISOLATED)
    return min(found, key=lambda f: order.index(f.outcome))


def _granted(policies: Policies, ask: Ask, names: Names) -> bool:
    """Whether any Allow speaks of the action: an identity policy's, or one of the resource."""
    own = any(p.speaking_of(ask.action.name)[0] for p in policies.identity)
    if own or policies.resource is None:
        return own
    caller = session_of(names)
    allows = policies.resource.speaking_of(ask.action.name)[0]
    return any(s.reach(caller) is not None for s in allows)


def _locked(policies: Policies) -> bool:
    """Whether the resource's policy denies anything, so that its loss would open something."""
    return policies.resource is not None and any(not s.allow for s in policies.resource.statements)


def _formats(names: Names) -> tuple[dict[str, Node], tuple[str, ...]]:
    """The formats of tenant and user; one that can't be read counts as any value, with a doubt."""
    made: dict[str, Node] = {}
    doubts: list[str] = []
    identity = names.pool.identity
    for name, pattern in ((TENANT, identity.tenant.pattern), (USER, identity.user.pattern)):
        made[name] = ANY_TAG
        if pattern is None:
            continue
        try:
            read = parse(pattern)
            Alphabet.of((), letters_of(read.node))
        except UnsupportedError as error:
            doubts.append(f"the {name}s' format {error}, so any value of a tag was looked at")
        else:
            made[name] = read.node
            doubts += (
                f"the {name}s' format holds {what}, which was ignored" for what in read.widened
            )
    return made, tuple(doubts)


def _asker(
    names: Names, documents: Documents, formats: dict[str, Node], extra: tuple[str, ...]
) -> Asker:
    alphabet = Alphabet.of(
        _literals(names, documents), (s for node in formats.values() for s in letters_of(node))
    )
    actor = formats | {f"tag:{tag}": ANY_TAG for tag in extra}
    empty = frozenset(name for name, node in actor.items() if node is ANY_TAG)
    return Asker(Values(alphabet, actor, empty), Values(alphabet, formats))


def _literals(names: Names, documents: Documents) -> Iterator[str]:
    pool = names.pool
    yield from (*pool.tiers, pool.region, names.account, names.vending_role_arn, FRESH)
    yield from (*USERS, *(name for pair in NAMESAKES for name in pair), "AssumedRole", "truefalse")
    for table in (*pool.data.tables, registry(names)):
        yield from (names.table_arn(table), str(table.value), "/index/stream/backup/")
    for bucket in pool.data.buckets:
        yield from (names.bucket_arn(bucket), "/", str(bucket.prefix))
    for memory in pool.data.memories:
        yield from (names.memory_arn(memory), str(memory.actor), str(memory.namespace))
    folded = False
    for policy in documents.every:
        yield from texts(policy)
        folded = folded or any(
            isinstance(c, Condition) and isinstance(c.comparison, Folded)
            for s in policy.statements
            for c in s.conditions
        )
    if folded:  # case can only be ignored where both cases are told apart
        yield string.ascii_letters
