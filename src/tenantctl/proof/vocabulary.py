"""The values that a proof is about, over the letters that layouts and documents spell."""

from __future__ import annotations

import string
from collections.abc import Iterator

from tenantctl.domain.layout import SIDECAR
from tenantctl.domain.names import POOL_TAG, Names
from tenantctl.iam.conditions.comparison import Folded
from tenantctl.iam.conditions.condition import Condition
from tenantctl.proof.asking.asks import registry
from tenantctl.proof.asking.keys import FRESH
from tenantctl.proof.asking.models import scarce, spelt
from tenantctl.proof.asking.question import Asker
from tenantctl.proof.asking.values import BASE, PART, TENANT, USER, Values
from tenantctl.proof.automata.formats import ANY_TAG, Node, letters_of, parse
from tenantctl.proof.automata.letters import Alphabet, UnsupportedError
from tenantctl.proof.documents import Documents, texts
from tenantctl.proof.friendly import NAMESAKES, USERS

_PARTS = "[a-z0-9-]*"
"""Regions and ids, as they stand in ARNs."""

_BASES = "[0-9a-zA-Z]{10}"
"""Ids of knowledge bases."""


def formats_of(names: Names) -> tuple[dict[str, Node], tuple[str, ...]]:
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


def asker_of(
    names: Names, documents: Documents, formats: dict[str, Node], extra: tuple[str, ...]
) -> Asker:
    """The asker about values of these formats, and any of the `extra` tags."""
    places = {PART: parse(_PARTS).node} if scarce(names) else {}
    data = names.pool.data
    given = (*(b.arn for b in data.knowledge_bases), *(m.arn for m in data.memories))
    if None in given:
        places[BASE] = parse(_BASES).node
    alphabet = Alphabet.of(
        _literals(names, documents),
        (s for node in (*formats.values(), *places.values()) for s in letters_of(node)),
    )
    actor = formats | {f"tag:{tag}": ANY_TAG for tag in extra}
    empty = frozenset(name for name, node in actor.items() if node is ANY_TAG)
    owner = formats | places
    return Asker(Values(alphabet, actor, empty), Values(alphabet, owner, frozenset({PART})))


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
    for base in pool.data.knowledge_bases:
        yield from (names.knowledge_base_pattern(base), names.vector_index_arn(base))
        yield from (SIDECAR, POOL_TAG, pool.name)
    for model in scarce(names):
        yield from spelt(names, model)
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
