"""What is asked about knowledge bases: who reads and fills what all tenants share.

Nothing of a retrieval but its base is IAM's to see: the filter is the request's own word. So
whoever may retrieve at all reads everybody's passages. And whose a passage is stands in the
document's metadata, an object beside it: whoever may write one puts text into any tenant's answers.
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonbedrock.html
https://docs.aws.amazon.com/bedrock/latest/userguide/kb-metadata.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tenantctl.domain.layout import SIDECAR
from tenantctl.domain.names import POOL_TAG, Names
from tenantctl.domain.pool import Bucket, KnowledgeBase
from tenantctl.proof.asking.asks import Ask
from tenantctl.proof.asking.question import Target
from tenantctl.proof.asking.reach import Action, Reach
from tenantctl.proof.asking.values import BASE
from tenantctl.proof.automata.shape import Form, Slot, Wild

SHARED, METADATA = "KB-SHARED", "KB-METADATA"

_WRITES = frozenset({"s3:PutObject", "s3:ReplicateObject"})
_ANYTHING = "*"


def of_knowledge_base(action: Action, names: Names, base: KnowledgeBase) -> Iterator[Ask]:
    """The ask of an action on a knowledge base; its id isn't known but from an ARN that is given.

    An action that the reference ties to no resource is asked about on `*`.
    """
    if action.reach is not Reach.KNOWLEDGE:
        return
    if action.service == "s3vectors":
        yield from _of_vectors(action, names, base)
    elif not action.on:
        yield Ask(action, SHARED, Target((), ((_ANYTHING,),)), _ANYTHING)
    elif base.arn is not None:
        yield Ask(action, SHARED, Target((), ((base.arn,),)), base.arn)
    else:
        anyone: Form = (names.knowledge_bases, Slot(BASE))
        own = {f"aws:resourcetag/{POOL_TAG.lower()}": (names.pool.name,)}
        yield Ask(action, SHARED, Target((), (anyone,)), known=own)


def _of_vectors(action: Action, names: Names, base: KnowledgeBase) -> Iterator[Ask]:
    """The same on its index or the vector bucket; of a base that is given, neither is known."""
    if base.arn is None:
        bucket = names.vector_bucket_arn
        arn = bucket if "VectorBucket" in action.on else names.vector_index_arn(base)
        yield Ask(action, SHARED, Target((), ((arn,),)), arn)


def of_metadata(action: Action, names: Names, bucket: Bucket) -> Iterator[Ask]:
    """The asks of an action on the documents' metadata in a bucket, wherever it lies there."""
    if action.name not in _WRITES:
        return
    anywhere: Form = (f"{names.bucket_arn(bucket)}/", Wild.ANY, SIDECAR)
    ask = Ask(action, METADATA, Target((), (anywhere,)))
    yield ask
    if action.through_points:
        yield replace(ask, point=True)
