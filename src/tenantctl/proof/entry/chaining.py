"""Role chaining: what a session may ask for when it takes the vending role again.

The trust policy and the session's own policies must allow both `sts:AssumeRole` and
`sts:TagSession`, with the tags that the session then passes, whichever it likes.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_role-chaining
"""

from __future__ import annotations

from dataclasses import replace

from tenantctl.domain.names import Names
from tenantctl.iam.policy import Statement
from tenantctl.proof.asking.asks import Ask
from tenantctl.proof.asking.keys import REQUEST_TAG
from tenantctl.proof.asking.question import Target
from tenantctl.proof.asking.reach import catalogue
from tenantctl.proof.asking.values import TENANT
from tenantctl.proof.automata.shape import Slot
from tenantctl.proof.callers import callers
from tenantctl.proof.documents import Documents
from tenantctl.proof.entry.minters import ASSUME, speaking_to
from tenantctl.proof.entry.tagging import TRANSITIVE, extra_tags, taggings
from tenantctl.proof.entry.trust import TAG

CHAIN = "STS-CHAIN"


def retags(names: Names, documents: Documents) -> tuple[Ask, ...]:
    """The asks of a session that takes the role again with another tenant's tag.

    One for each choice of tags that the documents tell apart. Raises `TooManySessionsError`.
    """
    identity = names.pool.identity
    extra = extra_tags(names, documents.every)
    every = (*identity.tags.values(), *extra)
    made: dict[object, Ask] = {}
    for tagging in taggings(names, _heard(names, documents), extra):
        passed = {key.lower() for key in tagging.keys}
        left_out = [REQUEST_TAG + tag for tag in every if tag.lower() not in passed]
        if not tagging.transitive:
            left_out.append(TRANSITIVE)
        known = tagging.known(names)
        made.setdefault(tuple(sorted(known.items())), retag(names, known, tuple(left_out)))
    return tuple(made.values())


def rechains(retagging: tuple[Ask, ...]) -> tuple[Ask, ...]:
    """The asks of a session that takes the role again as the tenant that it is.

    It leaves its session policy behind: the new session has none, or another.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session
    """
    return tuple(
        replace(ask, rule=CHAIN, target=Target((), ask.target.resources), word="")
        for ask in retagging
    )


def retag(names: Names, known: dict[str, tuple[str, ...]], without: tuple[str, ...] = ()) -> Ask:
    """The ask with these keys in its context, and without those."""
    owners = tuple((tier, (Slot(TENANT),)) for tier in names.pool.tiers)
    return Ask(
        catalogue()[ASSUME],
        "STS-RETAG",
        Target(owners, ((names.vending_role_arn,),)),
        names.vending_role_arn,
        f"aws:RequestTag/{names.pool.identity.tenant.tag}",
        known=known,
        without=without,
        also=TAG,
    )


def _heard(names: Names, documents: Documents) -> tuple[Statement, ...]:
    """Every statement that has a say in it."""
    policies = (*documents.identity, documents.boundary, documents.session)
    own = (
        statement
        for policy in policies
        if policy is not None
        for action in (ASSUME, TAG)
        for some in policy.speaking_of(action)
        for statement in some
    )
    heard = {
        id(statement): statement
        for caller in callers(names, documents.trust)
        for statement in speaking_to(documents.trust, caller)
    }
    return (*own, *heard.values())
