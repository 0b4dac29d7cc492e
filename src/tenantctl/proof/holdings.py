"""What belongs to tenants, and what is asked about each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tenantctl.domain.names import Names
from tenantctl.proof.asking.asks import Ask, of_bucket, of_memory, of_role, of_table, registry
from tenantctl.proof.asking.knowledge import of_knowledge_base, of_metadata
from tenantctl.proof.asking.models import of_model, scarce
from tenantctl.proof.asking.reach import catalogue


@dataclass(frozen=True, slots=True)
class Holding:
    """Something that belongs to tenants: its plane, its ARN, what it is called, its asks."""

    plane: str
    arn: str
    asks: tuple[Ask, ...]


def holdings(names: Names, chained: Iterable[Ask]) -> Iterator[Holding]:
    """Everything that is asked about, in the order of the report."""
    actions = catalogue().values()
    own = (ask for action in actions for ask in of_role(action, names))
    yield Holding("sts", names.vending_role_arn, (*chained, *own))
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
    for base in names.pool.data.knowledge_bases:
        shared = (a for x in actions for a in of_knowledge_base(x, names, base))
        yield Holding("knowledge", names.knowledge_base_pattern(base), tuple(shared))
    for bucket in names.pool.data.buckets:
        if names.pool.data.searched(bucket):
            written = (a for x in actions for a in of_metadata(x, names, bucket))
            yield Holding("knowledge", names.bucket_arn(bucket), tuple(written))
    for model in scarce(names):
        asked = tuple(a for x in actions for a in of_model(x, names, model))
        yield Holding("models", asked[0].shown, asked)
