"""The tags that a request for the vending role may pass: which, how spelt, which of them to last.

A transitive tag stays on the sessions that are chained from its session, which can't pass it
again: "If you pass a session tag with the same key as an inherited tag, the operation fails."
https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, combinations, product

from tenantctl.domain.names import Names
from tenantctl.iam.policy import Policy, Statement
from tenantctl.proof.asking.keys import PRINCIPAL_TAG, REQUEST_TAG, TAG_KEYS
from tenantctl.proof.asking.values import TENANT, USER
from tenantctl.proof.documents import variable_keys
from tenantctl.proof.entry.spelling import Spellings, TooManySpellingsError

TRANSITIVE_KEYS = "sts:TransitiveTagKeys"
TRANSITIVE = TRANSITIVE_KEYS.lower()

_MOST_EXTRA_TAGS = 6
_MOST_TAGGINGS = 1_024


class TooManySessionsError(Exception):
    """The documents tell more kinds of session apart than can be looked at; says which."""


@dataclass(frozen=True, slots=True)
class Tagging:
    """The tags of one request.

    `tags` maps each tag to the variable that fills it; the tier's has the value `tier` instead.
    `keys` are those of all tags and `transitive` those of the tags that are to last, as spelt.
    """

    tier: str | None
    tags: Mapping[str, str]
    keys: tuple[str, ...]
    transitive: tuple[str, ...] = ()

    @property
    def lasting(self) -> frozenset[str]:
        """The transitive tags in lower case."""
        return frozenset(key.lower() for key in self.transitive)

    def known(self, names: Names) -> dict[str, tuple[str, ...]]:
        """What the request's context holds of them, but for the values of variables."""
        found = {TAG_KEYS: self.keys} if self.keys else {}
        if self.transitive:
            found[TRANSITIVE] = self.transitive
        if self.tier is not None:
            found[REQUEST_TAG + names.pool.identity.tier.tag.lower()] = (self.tier,)
        return found


def extra_tags(
    names: Names,
    policies: tuple[Policy, ...],
    *,
    stems: tuple[str, ...] = (PRINCIPAL_TAG, REQUEST_TAG),
) -> tuple[str, ...]:
    """Further tags (in lower case) of which the documents speak by these keys."""
    own = {tag.lower() for tag in names.pool.identity.tags.values()}
    found: set[str] = set()
    for policy in policies:
        for statement in policy.statements:
            for key in chain((c.key for c in statement.conditions), variable_keys(statement)):
                for stem in stems:
                    if key.startswith(stem):
                        found.add(key.removeprefix(stem))
    return tuple(sorted(found - own))


def taggings(
    names: Names, statements: tuple[Statement, ...], extra: tuple[str, ...]
) -> Iterator[Tagging]:
    """Every choice of tags between which the statements may tell, the tenant's among them.

    Raises `TooManySessionsError`.
    """
    if len(extra) > _MOST_EXTRA_TAGS:
        raise TooManySessionsError("the documents speak of more tags than can be combined")
    try:
        for number, tagging in enumerate(_every(names, statements, extra)):
            if number >= _MOST_TAGGINGS:
                raise TooManySessionsError("the trust policy tells too many choices of tags apart")
            yield tagging
    except TooManySpellingsError as error:
        raise TooManySessionsError(
            "the trust policy tells too many spellings of a tag apart"
        ) from error


def _every(
    names: Names, statements: tuple[Statement, ...], extra: tuple[str, ...]
) -> Iterator[Tagging]:
    identity = names.pool.identity
    spelt = Spellings(statements)
    asked = any(c.key == TRANSITIVE for s in statements for c in s.conditions)
    lasting = Spellings(statements, TRANSITIVE)
    for tier, user, more in product((*names.pool.tiers, None), (True, False), _subsets(extra)):
        tags = {identity.tenant.tag: TENANT}
        if user:
            tags[identity.user.tag] = USER
        tags |= {tag: f"tag:{tag}" for tag in more}
        own = () if tier is None else (identity.tier.tag,)
        # Where nobody asks for transitive tags, none are the most dangerous: they bind least.
        choices = tuple(_subsets((*own, *tags))) if asked else ((),)
        for keys in spelt.of((*own, *tags)):
            for chosen in choices:
                for transitive in lasting.of(chosen):
                    yield Tagging(tier, tags, keys, transitive)


def _subsets(tags: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for size in range(len(tags) + 1):
        yield from combinations(tags, size)
