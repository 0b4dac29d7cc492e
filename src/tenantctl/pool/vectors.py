"""Where the knowledge bases keep their vectors: a vector bucket, and an index for each.

The passages themselves lie in the index as metadata: whoever reads vectors reads every tenant's
documents. Nobody but the knowledge bases' role is granted that.
https://docs.aws.amazon.com/bedrock/latest/userguide/knowledge-base-setup.html
"""

from __future__ import annotations

from typing import Any

from tenantctl.aws.session import Aws
from tenantctl.domain.names import Names
from tenantctl.domain.pool import KnowledgeBase
from tenantctl.pool import ownership
from tenantctl.pool.consistency import unless_absent
from tenantctl.pool.ownership import Tags
from tenantctl.pool.step import Change, Field, Part, Step, missing

BUCKET, INDEX = "vector bucket", "vector index"
_ABSENT = "NotFoundException"
_SETTINGS: dict[str, Any] = {"dataType": "float32", "dimension": 1024, "distanceMetric": "cosine"}
"""As the embedding model makes vectors; an index can't be changed."""

_UNFILTERED = ["AMAZON_BEDROCK_TEXT", "AMAZON_BEDROCK_METADATA"]
"""Where Bedrock puts the passage and its origin: too long to be filtered by, and never needed for
it, as attributes of documents are keys of their own.
https://docs.aws.amazon.com/bedrock/latest/userguide/knowledge-base-setup.html
"""


def observe(aws: Aws, names: Names, bases: tuple[KnowledgeBase, ...]) -> Part:
    """The vector bucket with its indexes as they are, and the steps that make what is missing."""
    client = aws.client("s3vectors")
    indexes = tuple(_index(aws, names, base) for base in bases)
    found = unless_absent(
        lambda: client.get_vector_bucket(vectorBucketName=names.vector_bucket), _ABSENT
    )
    if found is None:
        return missing(BUCKET, names.vector_bucket, _create(names), parts=indexes)
    arn = names.vector_bucket_arn
    claim = ownership.claim(
        _resource(names), _tags(aws, arn), names.tags, lambda aws: _tag(aws, arn, names.tags)
    )
    return Part(BUCKET, names.vector_bucket, arn, claim=claim, parts=indexes)


def delete_step(names: Names) -> Step:
    """Delete the vector bucket with its indexes, if it is the pool's."""

    def delete(aws: Aws) -> None:
        client, name = aws.client("s3vectors"), names.vector_bucket
        tags = _tags(aws, names.vector_bucket_arn)
        ownership.refuse_foreign(_resource(names), tags, names.tags)
        for page in client.get_paginator("list_indexes").paginate(vectorBucketName=name):
            for index in page["indexes"]:
                client.delete_index(vectorBucketName=name, indexName=index["indexName"])
        client.delete_vector_bucket(vectorBucketName=name)

    def run(aws: Aws) -> None:
        unless_absent(lambda: delete(aws), _ABSENT)

    return Step(Change.DELETE, _resource(names), "with every vector", (), run)


def _create(names: Names) -> Step:
    def run(aws: Aws) -> None:
        client = aws.client("s3vectors")
        unless_absent(
            lambda: client.create_vector_bucket(
                vectorBucketName=names.vector_bucket, tags=names.tags
            ),
            "ConflictException",
        )
        ownership.confirm(_resource(names), lambda: _tags(aws, names.vector_bucket_arn), names.tags)

    return Step(Change.CREATE, _resource(names), "it doesn't exist", (), run)


def _index(aws: Aws, names: Names, base: KnowledgeBase) -> Part:
    found = _found(aws, names, base)
    if found is None:
        return missing(INDEX, base.name, _create_index(names, base))
    wrong = [
        f"its {name} is `{found.get(name)}`, and can't be changed"
        for name, value in _SETTINGS.items()
        if found.get(name) != value
    ]
    return Part(INDEX, base.name, names.vector_index_arn(base), problems=tuple(wrong))


def _found(aws: Aws, names: Names, base: KnowledgeBase) -> dict[str, Any] | None:
    answer: Any = unless_absent(
        lambda: aws.client("s3vectors").get_index(
            vectorBucketName=names.vector_bucket, indexName=base.name
        ),
        _ABSENT,
    )
    return None if answer is None else dict(answer["index"])


def _create_index(names: Names, base: KnowledgeBase) -> Step:
    def run(aws: Aws) -> None:
        if _found(aws, names, base) is None:
            aws.client("s3vectors").create_index(
                vectorBucketName=names.vector_bucket,
                indexName=base.name,
                metadataConfiguration={"nonFilterableMetadataKeys": _UNFILTERED},
                tags=names.tags,
                **_SETTINGS,
            )

    shown = tuple(Field(name, None, value) for name, value in _SETTINGS.items())
    return Step(Change.CREATE, f"{INDEX} `{base.name}`", "it doesn't exist", shown, run)


def _resource(names: Names) -> str:
    return f"{BUCKET} `{names.vector_bucket}`"


def _tags(aws: Aws, arn: str) -> Tags:
    tags: Tags = aws.client("s3vectors").list_tags_for_resource(resourceArn=arn)["tags"]
    return tags


def _tag(aws: Aws, arn: str, tags: Tags) -> None:
    aws.client("s3vectors").tag_resource(resourceArn=arn, tags=tags)
