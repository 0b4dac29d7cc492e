"""Which sessions the trust policy lets in: with which tags, and what their values must be.

A session of a tenant needs both `sts:AssumeRole` and `sts:TagSession`. One without the tenant's
tag is no tenant's. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import combinations, product

from tenantctl.domain.names import Names
from tenantctl.iam.document import read
from tenantctl.iam.evaluate import Policies, evaluate
from tenantctl.iam.policy import Kind, Policy, Statement
from tenantctl.iam.request import Principal, PrincipalKind, Request
from tenantctl.proof.constraint import Cube, in_order
from tenantctl.proof.documents import conditions, statements, variable_keys
from tenantctl.proof.keys import PRINCIPAL_TAG, REQUEST_TAG, TAG_KEYS, Source, choices, source
from tenantctl.proof.minters import minters
from tenantctl.proof.paths import Ways, joined
from tenantctl.proof.reach import catalogue
from tenantctl.proof.situation import Situation
from tenantctl.proof.spelling import spellings
from tenantctl.proof.values import TENANT, USER

ASSUME = "sts:AssumeRole"
TAG = "sts:TagSession"
_MOST_EXTRA_TAGS = 6
_MOST_CHOICES = 64


class TooManyTagsError(Exception):
    """The documents speak of more tags than can be combined."""


@dataclass(frozen=True, slots=True)
class Session:
    """Sessions of one kind.

    `tags` maps each tag that they carry to its variable; the tier's has the value `tier` instead.
    `keys` are those of all tags, spelt as the trust policy lets them in.
    `cube` is what the trust policy asks of the values; `minter` is one who may have made them,
    with `circumstances`.
    """

    tier: str | None
    tags: Mapping[str, str]
    keys: tuple[str, ...]
    cube: Cube
    minter: Principal
    circumstances: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def principal_tags(self) -> dict[str, str]:
        """Condition keys of the tags that a variable fills."""
        return {PRINCIPAL_TAG + tag.lower(): variable for tag, variable in self.tags.items()}


@cache
def _anything() -> Policy:
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [everything]}
    return read(document, name="the minter's own", kind=Kind.IDENTITY)


def extra_tags(names: Names, policies: tuple[Policy, ...]) -> tuple[str, ...]:
    """Further tags (in lower case) of which the documents speak."""
    own = {tag.lower() for tag in names.pool.identity.tags.values()}
    found: set[str] = set()
    for policy in policies:
        for statement in policy.statements:
            for key in _keys(statement):
                for stem in (PRINCIPAL_TAG, REQUEST_TAG):
                    if key.startswith(stem):
                        found.add(key.removeprefix(stem))
    return tuple(sorted(found - own))


def _keys(statement: Statement) -> Iterator[str]:
    yield from (c.key for c in statement.conditions)
    yield from variable_keys(statement)


def sessions(names: Names, trust: Policy, extra: tuple[str, ...]) -> tuple[Session, ...]:
    """Every kind of tenant session that somebody may make. Raises `TooManyTagsError`."""
    if len(extra) > _MOST_EXTRA_TAGS:
        raise TooManyTagsError
    found: dict[object, Session] = {}
    for minter in minters(names, trust):
        for made in _by(names, trust, minter, extra):
            for session in made:
                key = (session.tier, tuple(session.tags), session.cube)
                found.setdefault(key, session)
    return tuple(found.values())


def _by(
    names: Names, trust: Policy, minter: Principal, extra: tuple[str, ...]
) -> Iterator[Iterator[Session]]:
    """The sessions that one principal may make, by the tags that they carry."""
    identity = names.pool.identity
    for tier, user, more in product((*names.pool.tiers, None), (True, False), _subsets(extra)):
        tags = {identity.tenant.tag: TENANT}
        if user:
            tags[identity.user.tag] = USER
        tags |= {tag: f"tag:{tag}" for tag in more}
        own = () if tier is None else (identity.tier.tag,)
        for keys in spellings(trust, (*own, *tags)):
            yield _spelt(names, trust, minter, tier, tags, keys)


def _spelt(  # noqa: PLR0913, PLR0917 - all that makes a session
    names: Names,
    trust: Policy,
    minter: Principal,
    tier: str | None,
    tags: Mapping[str, str],
    keys: tuple[str, ...],
) -> Iterator[Session]:
    base = _mint_context(names, minter, tier, keys)
    for circumstances, cube in _admitted(names, trust, minter, base, tags):
        yield Session(tier, tags, keys, cube, minter, circumstances)


def lets_in(names: Names, trust: Policy, minter: Principal) -> bool:
    """Whether somebody may make any session at all, with or without tags."""
    extra = extra_tags(names, (trust,))
    tagged = (x for found in _by(names, trust, minter, extra) for x in found)
    return any(True for _ in _untagged(names, trust, minter)) or any(True for _ in tagged)


def confirmed(names: Names, trust: Policy, session: Session, values: Mapping[str, str]) -> bool:
    """Whether the evaluator lets the minter make this session."""
    known = _mint_context(names, session.minter, session.tier, session.keys)
    slots = {REQUEST_TAG + tag.lower(): (values[v],) for tag, v in session.tags.items()}
    context = {**known, **slots, **session.circumstances}
    policies = Policies(identity=(_anything(),), resource=trust)
    return all(
        evaluate(Request(session.minter, action, names.vending_role_arn, context), policies).allowed
        for action in (ASSUME, TAG)
    )


def _admitted(
    names: Names,
    trust: Policy,
    minter: Principal,
    base: Mapping[str, tuple[str, ...]],
    tags: Mapping[str, str],
) -> Iterator[tuple[Mapping[str, tuple[str, ...]], Cube]]:
    """What the values must be, in each of the circumstances in which the session may be made."""
    slots = {REQUEST_TAG + tag.lower(): variable for tag, variable in tags.items()}
    for circumstances, open_ in _circumstances(trust, base, slots):
        situation = Situation(
            minter, {**base, **circumstances}, slots, open=open_, resource=names.vending_role_arn
        )
        policies = Policies(identity=(_anything(),), resource=trust)
        assume = Ways(policies, situation, ASSUME).cubes()
        tag = Ways(policies, situation, TAG).cubes()
        for cube in in_order(joined(assume, tag)):
            yield circumstances, cube


def _untagged(names: Names, trust: Policy, minter: Principal) -> Iterator[Cube]:
    base = _fixed(minter)
    for circumstances, open_ in _circumstances(trust, base, {}):
        known = {**base, **circumstances}
        situation = Situation(minter, known, {}, open=open_, resource=names.vending_role_arn)
        policies = Policies(identity=(_anything(),), resource=trust)
        yield from Ways(policies, situation, ASSUME).cubes()


def _circumstances(
    trust: Policy, base: Mapping[str, tuple[str, ...]], slots: Mapping[str, str]
) -> Iterator[tuple[dict[str, tuple[str, ...]], frozenset[str]]]:
    """What the minter may choose besides the tags, and what is unknown of it."""
    policies = Policies(resource=trust)
    both = (*statements(policies, ASSUME), *statements(policies, TAG))
    asked = tuple(conditions(both))
    chosen: dict[str, tuple[tuple[str, ...] | None, ...]] = {}
    unknown: set[str] = set()
    for key in dict.fromkeys(c.key for c in asked):
        if key in base or key in slots or key.startswith(REQUEST_TAG) or key == TAG_KEYS:
            continue
        values, complete = choices(key, (c for c in asked if c.key == key), base)
        if key.startswith(PRINCIPAL_TAG) or source(key, catalogue()[ASSUME]) is Source.STATE:
            unknown.add(key)
        elif complete or key.startswith("sts:"):
            chosen[key] = values
        else:
            unknown.add(key)
    combined = list(product(*chosen.values()))
    if len(combined) > _MOST_CHOICES:
        unknown |= set(chosen)
        combined, chosen = [()], {}
    for values in combined:
        pairs = zip(chosen, values, strict=True)
        yield {key: value for key, value in pairs if value is not None}, frozenset(unknown)


def _mint_context(
    names: Names, minter: Principal, tier: str | None, keys: tuple[str, ...]
) -> dict[str, tuple[str, ...]]:
    known = _fixed(minter)
    if tier is not None:
        known[REQUEST_TAG + names.pool.identity.tier.tag.lower()] = (tier,)
    known[TAG_KEYS] = keys
    return known


def _fixed(minter: Principal) -> dict[str, tuple[str, ...]]:
    known: dict[str, tuple[str, ...]] = {
        "aws:securetransport": ("true",),
        "aws:principalisawsservice": ("false",),
    }
    if minter.kind is PrincipalKind.SERVICE:
        return known | {"aws:principalisawsservice": ("true",)}
    kind = "User" if minter.kind is PrincipalKind.USER else "AssumedRole"
    return known | {
        "aws:principalaccount": (minter.account,),
        "aws:principalarn": (minter.role_arn or minter.arn,),
        "aws:principaltype": (kind,),
    }


def _subsets(tags: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for size in range(len(tags) + 1):
        yield from combinations(tags, size)
