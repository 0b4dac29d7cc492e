"""How to mend what was found: the condition to add, word for word."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from tenantctl.domain.layout import SIDECAR
from tenantctl.domain.names import Names
from tenantctl.domain.pool import Bucket, Memory, Table
from tenantctl.domain.template import Template
from tenantctl.proof.asking.asks import ACTOR, LEADING_KEYS, PREFIX, Ask, registry
from tenantctl.proof.asking.knowledge import METADATA
from tenantctl.proof.asking.question import Asker, Target
from tenantctl.proof.asking.reach import Reach
from tenantctl.proof.automata.letters import UnsupportedError
from tenantctl.proof.automata.parses import TooLargeError
from tenantctl.proof.automata.shape import Form
from tenantctl.proof.deciding.obligation import Prover, Witness
from tenantctl.proof.entry.tagging import TRANSITIVE_KEYS
from tenantctl.proof.ways.constraint import Match, Track

_TIED = (Reach.SELECT, Reach.JOB, Reach.LISTING)
"""Reaches that a key could tie to a tenant, if policies asked for it."""


def fix(prover: Prover, arn: str, ask: Ask, witness: Witness) -> str:
    """What to change so that the witness' request is refused."""
    by = ", ".join(dict.fromkeys(f"{d.document}: {d.statement}" for d in witness.decided_by))
    said = [_first(prover, arn, ask, by or "the statements that grant it")]
    said += _tags(prover.names, witness)
    return "; ".join(said)


def _first(prover: Prover, arn: str, ask: Ask, by: str) -> str:
    names = prover.names
    if ask.also:
        tag = names.pool.identity.tenant.tag
        return (
            "take the vending role's own ARN out of what sessions may assume, and name the agent "
            "role alone in the trust policy, or add to its Allows "
            + _condition({"ForAnyValue:StringEquals": {TRANSITIVE_KEYS: [tag]}})
            + ", so that a session can't pass the tag again"
        )
    if ask.model is not None:
        tag = f"aws:PrincipalTag/{names.pool.identity.tier.tag}"
        own = sorted(ask.model.own)
        return (
            f"in {by}, name the models of the session's tier alone in `Resource`, or write "
            + _condition({"StringEquals": {tag: own[0] if len(own) == 1 else own}})
        )
    if ask.rule == METADATA:
        return f'deny `{ask.action.name}` on "{arn}/*{SIDECAR}" beside {by}'
    if not ask.target.owners and ask.action.reach not in _TIED:
        return f"take `{ask.action.name}` out of {by}: no condition key ties it to a tenant"
    template, what = _template(names, arn, ask)
    if not _unambiguous(prover.asker, ask):
        return (
            f"change the layout: in {what} `{template}` one tenant's can be read as another's "
            "whatever the policy says; follow each variable by `/` (and keep `/` out of the ids "
            "by a pattern), as in `{tier}-tier/{tenant}/`"
        )
    through = " (and in what is granted on access points)" if ask.point else ""
    return f"in {by}{through}, " + _narrowed(names, arn, ask, template)


def _narrowed(names: Names, arn: str, ask: Ask, template: Template) -> str:
    pattern = names.policy_pattern(template)
    match ask.rule:
        case "DDB-LEADING-KEYS" | "DDB-WHOLE-TABLE":
            asked: dict[str, dict[str, object]] = {
                "ForAllValues:StringEquals": {LEADING_KEYS: [pattern]},
                "Null": {LEADING_KEYS: "false"},
            }
            return f"write {_condition(asked)}"
        case "S3-OBJECT-KEY":
            return f'write "Resource": "{arn}/{pattern}*"'
        case "S3-LIST-PREFIX":
            return f"write {_condition({'StringLike': {PREFIX: f'{pattern}*'}})}"
        case "MEMORY-ACTOR" | "MEMORY-WHOLE":
            return f"write {_condition({'StringEquals': {ACTOR: pattern}})}"
    return f"write {_condition({'StringLike': {ask.word: f'{pattern}*'}})}"


def _template(names: Names, arn: str, ask: Ask) -> tuple[Template, str]:
    """The layout that an ask is about, and what it is called."""
    data = names.pool.data
    for thing in (*data.tables, registry(names), *data.buckets, *data.memories):
        match thing:
            case Table() if names.table_arn(thing) == arn:
                return thing.value, f"the partition key value of table `{thing.name}`"
            case Bucket() if names.bucket_arn(thing) == arn:
                return thing.prefix, f"the prefix of bucket `{thing.name}`"
            case Memory() if names.memory_arn(thing) == arn:
                if ask.word == ACTOR or ask.action.reach is Reach.JOB:
                    return thing.actor, f"the actor of memory `{thing.name}`"
                return thing.namespace, f"the namespace of memory `{thing.name}`"
    raise LookupError(arn)


def _unambiguous(asker: Asker, ask: Ask) -> bool:
    """Whether the layout itself, as a policy, would keep tenants apart."""
    forms: frozenset[Form] = frozenset(form for _, form in ask.target.owners)
    if not forms:
        return True
    try:
        return asker.separated(
            frozenset({Match(Track.WORD, forms)}),
            Target(ask.target.owners, (), ask.target.prefix),
        )
    except (TooLargeError, UnsupportedError):
        return True


def _tags(names: Names, witness: Witness) -> Iterator[str]:
    """What the trust policy should ask, where the witness' session has too few or too many tags."""
    identity = names.pool.identity
    missing = [t for t in (identity.tenant.tag, identity.user.tag) if t not in witness.session.tags]
    if witness.session.tier is None:
        missing.append(identity.tier.tag)
    if missing:
        asked = {"StringLike": {f"aws:RequestTag/{tag}": "?*" for tag in missing}}
        yield f"in the trust policy, demand the tags that may be missing: {_condition(asked)}"
    own = set(identity.tags.values())
    if any(tag not in own for tag in witness.session.tags):
        listed = {"ForAllValues:StringEquals": {"aws:TagKeys": sorted(own)}}
        yield f"in the trust policy, keep other tags out: {_condition(listed)}"


def _condition(value: Mapping[str, Mapping[str, object]]) -> str:
    return f'"Condition": {json.dumps(value)}'
