"""The knowledge bases over the pool's documents, each with its data source and its vectors.

One holds all clinics' documents, for Bedrock admits 100 in an account; so nobody but the agent
role may ask it: see `templates/iam/agent-knowledge.json.j2`. One whose ARN the configuration gives
is somebody else's to make.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tenantctl.aws.knowledge import find_knowledge_base, find_source
from tenantctl.aws.session import Aws
from tenantctl.domain.names import Names
from tenantctl.domain.pool import KnowledgeBase
from tenantctl.errors import ConflictError
from tenantctl.pool import documents, ownership, roles, vectors
from tenantctl.pool.consistency import unless_absent, until, when_consistent
from tenantctl.pool.ownership import Tags
from tenantctl.pool.roles import RoleSpec
from tenantctl.pool.step import Change, Field, Part, Step, differences, missing

KIND, SOURCE = "knowledge base", "data source"
_ABSENT = "ResourceNotFoundException"
_GOING = "DELETING"
_NOT_YET = ("unable to assume", "not able to call specified", "not authorized to perform")
"""What Bedrock says of a role that IAM hasn't spread yet."""


def owned(names: Names) -> tuple[KnowledgeBase, ...]:
    """The configuration's knowledge bases that the pool makes and deletes."""
    return tuple(base for base in names.pool.data.knowledge_bases if base.arn is None)


def role_spec(names: Names, *, beside: Path | None = None) -> RoleSpec:
    """The role that the knowledge bases act as."""
    return RoleSpec(
        names.knowledge_role,
        "The knowledge bases: read the documents, embed them, keep their vectors",
        documents.knowledge_trust(names, beside=beside),
        documents.knowledge_documents(names, beside=beside),
        names.tags,
        names.pool.region,
    )


def observe(aws: Aws, names: Names, *, beside: Path | None = None) -> Iterator[Part]:
    """Their role, their vectors, and each of them, in the order in which they are made."""
    bases = owned(names)
    if bases:
        yield roles.observe(aws, role_spec(names, beside=beside))
        yield vectors.observe(aws, names, bases)
    for base in bases:
        yield _observe(aws, names, base)


def delete_steps(names: Names) -> tuple[Step, ...]:
    """The deletions of all of them, then of their vectors and their role."""
    gone = tuple(_delete(names, base) for base in owned(names))
    return (*gone, vectors.delete_step(names), roles.delete_step(names.knowledge_role, names.tags))


# -- a base ----------------------------------------------------------------------------------------


def _observe(aws: Aws, names: Names, base: KnowledgeBase) -> Part:
    found = find_knowledge_base(aws, names, base)
    if found is None or found.status == _GOING:
        source = missing(SOURCE, base.name, _put_source(names, base, None))
        return missing(KIND, base.name, _create(names, base), parts=(source,))
    client = aws.client("bedrock-agent")
    now: Any = client.get_knowledge_base(knowledgeBaseId=found.id)["knowledgeBase"]
    problems = [
        f"its {field.name} is `{field.old}`, and can't be changed"
        for field in differences(now, _fixed(names, base))
    ]
    if "FAILED" in found.status or "UNSUCCESSFUL" in found.status:
        problems.append(f"its status is {found.status}")
    changed = differences(now, {"roleArn": names.role_arn(names.knowledge_role)})
    steps = (_update(names, base, found.id, changed),) if changed else ()
    claim = ownership.claim(
        _resource(base),
        _tags(aws, found.arn),
        names.tags,
        lambda aws: aws.client("bedrock-agent").tag_resource(
            resourceArn=found.arn, tags=names.tags
        ),
    )
    parts = (_observe_source(aws, names, base, found.id),)
    return Part(KIND, base.name, found.arn, steps, tuple(problems), claim, parts)


def _fixed(names: Names, base: KnowledgeBase) -> dict[str, Any]:
    """What can't be changed of a base."""
    return {
        "knowledgeBaseConfiguration": {
            "type": "VECTOR",
            "vectorKnowledgeBaseConfiguration": {"embeddingModelArn": names.embeddings_arn},
        },
        "storageConfiguration": {
            "type": "S3_VECTORS",
            "s3VectorsConfiguration": {"indexArn": names.vector_index_arn(base)},
        },
    }


def _create(names: Names, base: KnowledgeBase) -> Step:
    def run(aws: Aws) -> None:
        client = aws.client("bedrock-agent")
        found = find_knowledge_base(aws, names, base)
        if found is not None and found.status == _GOING:
            until(lambda: find_knowledge_base(aws, names, base) is None, "deleting the old one")
            found = None
        if found is None:
            made: Any = when_consistent(
                lambda: client.create_knowledge_base(
                    name=base.name,
                    roleArn=names.role_arn(names.knowledge_role),
                    tags=names.tags,
                    **_fixed(names, base),
                ),
                *_NOT_YET,
            )
            arn = made["knowledgeBase"]["knowledgeBaseArn"]
        else:
            arn = found.arn
        ownership.confirm(_resource(base), lambda: _tags(aws, arn), names.tags)
        _settled(aws, arn.rpartition("/")[2])

    shown = (Field("bucket", None, base.bucket), Field("embeddings", None, names.embeddings_arn))
    return Step(Change.CREATE, _resource(base), "it doesn't exist", shown, run)


def _update(names: Names, base: KnowledgeBase, base_id: str, changed: tuple[Field, ...]) -> Step:
    def run(aws: Aws) -> None:
        aws.client("bedrock-agent").update_knowledge_base(
            knowledgeBaseId=base_id,
            name=base.name,
            roleArn=names.role_arn(names.knowledge_role),
            **_fixed(names, base),
        )
        _settled(aws, base_id)

    return Step(Change.UPDATE, _resource(base), "it must act as its own role", changed, run)


def _settled(aws: Aws, base_id: str) -> None:
    def active() -> bool:
        found: Any = aws.client("bedrock-agent").get_knowledge_base(knowledgeBaseId=base_id)
        status = found["knowledgeBase"]["status"]
        if status == "FAILED" or "UNSUCCESSFUL" in status:
            reasons = "; ".join(found["knowledgeBase"].get("failureReasons", ())) or "no reason"
            raise ConflictError(
                f"knowledge base `{base_id}` is {status}: {reasons}",
                hint="delete it, and run `tenantctl pool apply` again",
            )
        return bool(status == "ACTIVE")

    until(active, f"knowledge base `{base_id}`")


def _delete(names: Names, base: KnowledgeBase) -> Step:
    def run(aws: Aws) -> None:
        client = aws.client("bedrock-agent")
        found = find_knowledge_base(aws, names, base)
        if found is None:
            return
        if found.status != _GOING:
            ownership.refuse_foreign(_resource(base), _tags(aws, found.arn), names.tags)
            for page in client.get_paginator("list_data_sources").paginate(
                knowledgeBaseId=found.id
            ):
                for source in page["dataSourceSummaries"]:
                    _delete_source(aws, found.id, source["dataSourceId"])
            unless_absent(lambda: client.delete_knowledge_base(knowledgeBaseId=found.id), _ABSENT)
        until(lambda: find_knowledge_base(aws, names, base) is None, f"deleting `{base.name}`")

    return Step(Change.DELETE, _resource(base), "with its data source", (), run)


def _delete_source(aws: Aws, base_id: str, source_id: str) -> None:
    client = aws.client("bedrock-agent")

    def gone() -> bool:
        found = unless_absent(
            lambda: client.get_data_source(knowledgeBaseId=base_id, dataSourceId=source_id), _ABSENT
        )
        return found is None

    unless_absent(
        lambda: client.delete_data_source(knowledgeBaseId=base_id, dataSourceId=source_id), _ABSENT
    )
    until(gone, "deleting the data source")


def _resource(base: KnowledgeBase) -> str:
    return f"{KIND} `{base.name}`"


def _tags(aws: Aws, arn: str) -> Tags:
    tags: Tags = aws.client("bedrock-agent").list_tags_for_resource(resourceArn=arn)["tags"]
    return tags


# -- its data source -------------------------------------------------------------------------------


def _source(names: Names, base: KnowledgeBase) -> dict[str, Any]:
    """What the data source must be; vectors of deleted documents go with them."""
    (bucket,) = (b for b in names.pool.data.buckets if b.name == base.bucket)
    return {
        "dataSourceConfiguration": {
            "type": "S3",
            "s3Configuration": {"bucketArn": names.bucket_arn(bucket)},
        },
        "dataDeletionPolicy": "DELETE",
    }


def _observe_source(aws: Aws, names: Names, base: KnowledgeBase, base_id: str) -> Part:
    wanted = _source(names, base)
    bucket = wanted["dataSourceConfiguration"]["s3Configuration"]["bucketArn"]
    found = find_source(aws, base_id, bucket)
    if found is None:
        return missing(SOURCE, base.name, _put_source(names, base, None))
    now: Any = aws.client("bedrock-agent").get_data_source(
        knowledgeBaseId=base_id, dataSourceId=found
    )["dataSource"]
    place = now["dataSourceConfiguration"]["s3Configuration"]
    changed = differences(now, wanted)
    if place.get("inclusionPrefixes"):
        changed += (Field("inclusionPrefixes", place["inclusionPrefixes"], None),)
    steps = (_put_source(names, base, found, changed),) if changed else ()
    return Part(SOURCE, base.name, found, steps)


def _put_source(
    names: Names, base: KnowledgeBase, source_id: str | None, changed: tuple[Field, ...] = ()
) -> Step:
    wanted = _source(names, base)

    def run(aws: Aws) -> None:
        client = aws.client("bedrock-agent")
        found = find_knowledge_base(aws, names, base)
        if found is None:
            raise ConflictError(
                f"{_resource(base)} is gone", hint="run `tenantctl pool apply` again"
            )
        known = source_id or find_source(
            aws, found.id, wanted["dataSourceConfiguration"]["s3Configuration"]["bucketArn"]
        )
        given = {"knowledgeBaseId": found.id, "name": base.name, **wanted}
        if known is None:
            client.create_data_source(**given)
        else:
            client.update_data_source(dataSourceId=known, **given)

    why = "it says which documents are searched"
    change = Change.UPDATE if source_id else Change.CREATE
    return Step(change, f"{SOURCE} `{base.name}`", why, changed, run)
