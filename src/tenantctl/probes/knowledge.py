"""Ways into other tenants' passages of a knowledge base, by a session's own call and by metadata.

The base is everybody's and its filter the request's own word, so every retrieval that a tenant's
session may make is a breach, whatever its filter says; the operator shows that the base answers.
What the tool does with it is tried through the gateway.
https://docs.aws.amazon.com/bedrock/latest/userguide/kb-test-config.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tenantctl.aws.knowledge import Base, find_knowledge_base
from tenantctl.aws.session import Aws
from tenantctl.domain.layout import SIDECAR, TENANT_FIELD
from tenantctl.domain.names import POOL_TAG
from tenantctl.domain.pool import Bucket, KnowledgeBase
from tenantctl.errors import TenantctlError
from tenantctl.probes.bind import Duel, object_spot
from tenantctl.probes.probe import Control, Got, ObjectSpot, Plane, Trial
from tenantctl.probes.stage import Stage

Filter = Mapping[str, Any] | None

_QUERY = "tenantctl canary"
_MOST = 20
_RETRIEVE_FIX = (
    "don't grant it to tenants' sessions: IAM sees no filter; let the tool's function ask as its "
    "own role"
)
_METADATA_FIX = f"deny writing `*{SIDECAR}` to tenants' sessions: it says whose a document is"


def _is(tenant: str) -> dict[str, Any]:
    return {"equals": {"key": TENANT_FIELD, "value": tenant}}


FILTERS: Mapping[str, tuple[str, Callable[[str, str], Filter]]] = {
    "KB-RETRIEVE-ALL": ("retrieve passages of {owner} without a filter", lambda _own, _other: None),
    "KB-RETRIEVE-OTHER": (
        "retrieve passages of {owner} by its id",
        lambda _own, other: _is(other),
    ),
    "KB-RETRIEVE-EITHER": (
        "retrieve passages of {owner} beside its own",
        lambda own, other: {"orAll": [_is(own), _is(other)]},
    ),
    "KB-RETRIEVE-NOT-OWN": (
        "retrieve passages of {owner} as what isn't its own",
        lambda own, _other: {"notEquals": {"key": TENANT_FIELD, "value": own}},
    ),
    "KB-RETRIEVE-STEM": (
        "retrieve passages of {owner} by how its id begins",
        lambda _own, other: {"startsWith": {"key": TENANT_FIELD, "value": other[:1]}},
    ),
}
"""What a session asks for, by rule: in words, and as a filter of its own id and the owner's."""

METADATA = "KB-METADATA"


def trials(stage: Stage, duels: Iterator[Duel]) -> Iterator[Trial]:
    """Every probe of every knowledge base; a base that isn't found is noted on the stage."""
    if Plane.KNOWLEDGE not in stage.planes:
        return
    places = list(_places(stage))
    for duel in duels:
        for place in places:
            # Clients are made here, on one thread: boto3's factory isn't safe on several.
            duel.actor.aws.client("bedrock-agent-runtime")
            yield from (_retrieval(place, duel, rule) for rule in FILTERS)
            yield _metadata(stage, place, duel)


@dataclass(frozen=True, slots=True)
class _Place:
    """A knowledge base that is there, and the bucket with its documents."""

    base: Base
    bucket: Bucket
    context: Mapping[str, str | list[str]]


def _places(stage: Stage) -> Iterator[_Place]:
    names = stage.names
    for base in names.pool.data.knowledge_bases:
        found = _found(stage, base)
        if found is None:
            continue
        tag: dict[str, str | list[str]] = {f"aws:ResourceTag/{POOL_TAG}": names.pool.name}
        (bucket,) = (b for b in names.pool.data.buckets if b.name == base.bucket)
        stage.operator.client("bedrock-agent-runtime")
        yield _Place(found, bucket, tag if base.arn is None else {})


def _found(stage: Stage, base: KnowledgeBase) -> Base | None:
    pattern = stage.names.knowledge_base_pattern(base)
    try:
        found = find_knowledge_base(stage.operator, stage.names, base)
    except TenantctlError as error:
        stage.problem("KB-FIND", Plane.KNOWLEDGE, error.message, pattern)
        return None
    if found is None:
        said = f"there is no knowledge base `{base.name}`, so nothing is tried with it"
        stage.problem("KB-FIND", Plane.KNOWLEDGE, said, pattern)
    return found


# -- retrieval -------------------------------------------------------------------------------------


def _retrieval(place: _Place, duel: Duel, rule: str) -> Trial:
    tries, filter_of = FILTERS[rule]
    owner = duel.owner.tenant.id
    asked = filter_of(duel.actor.tenant.id, owner)
    # IAM sees no filter: one control, without any, is good for all of them.
    control = Control(
        ("KB-RETRIEVE", place.base.id),
        "the operator",
        lambda: _retrieve(duel.operator, place.base, None, owner),
    )
    return Trial(
        rule=rule,
        plane=Plane.KNOWLEDGE,
        action="bedrock:Retrieve",
        tries=tries,
        fix=_RETRIEVE_FIX,
        actor=duel.actor.party,
        owner=duel.owner.party,
        resource=place.base.arn,
        context=place.context,
        attack=lambda: _retrieve(duel.actor.aws, place.base, asked, owner),
        controls=(control,),
    )


def _retrieve(caller: Aws, base: Base, asked: Filter, owner: str) -> Got:
    """Retrieve; how many of its first passages are the owner's is said, and decides nothing."""
    search: dict[str, Any] = {"numberOfResults": _MOST, **({"filter": asked} if asked else {})}
    answer: Any = caller.client("bedrock-agent-runtime").retrieve(
        knowledgeBaseId=base.id,
        retrievalQuery={"text": _QUERY},
        retrievalConfiguration={"vectorSearchConfiguration": search},
    )
    found = answer["retrievalResults"]
    theirs = sum(one.get("metadata", {}).get(TENANT_FIELD) == owner for one in found)
    return Got(detail=f"the call succeeded, with {theirs} of {len(found)} passages `{owner}`'s")


# -- metadata --------------------------------------------------------------------------------------


def _metadata(stage: Stage, place: _Place, duel: Duel) -> Trial:
    """Metadata below the actor's own prefix that names the owner; there is no document to it."""
    own = object_spot(stage.names, place.bucket, duel.actor.tenant, stage.run)
    other = object_spot(stage.names, place.bucket, duel.owner.tenant, stage.run)
    owner = duel.owner.tenant.id
    control = Control(
        (METADATA, place.bucket.name, owner),
        "the operator",
        lambda: _write(duel.operator, other, owner),
    )
    return Trial(
        rule=METADATA,
        plane=Plane.KNOWLEDGE,
        action="s3:PutObject",
        tries="put its text into the passages of {owner}, by metadata that names it",
        fix=_METADATA_FIX,
        actor=duel.actor.party,
        owner=duel.owner.party,
        resource=own.object_arn(_key(own)),
        context={},
        attack=lambda: _write(duel.actor.aws, own, owner),
        controls=(control,),
    )


def _key(spot: ObjectSpot) -> str:
    return spot.key("handbook.txt") + SIDECAR


def _write(caller: Aws, spot: ObjectSpot, owner: str) -> Got:
    named = json.dumps({"metadataAttributes": {TENANT_FIELD: owner}}).encode()
    caller.client("s3").put_object(Bucket=spot.bucket.name, Key=_key(spot), Body=named)
    return Got()
