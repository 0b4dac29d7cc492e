"""Find the pool's knowledge bases, whose ids Bedrock assigns, and the data source of each."""

from __future__ import annotations

from dataclasses import dataclass

from tenantctl.aws.failures import translated
from tenantctl.aws.session import Aws
from tenantctl.domain.names import Names
from tenantctl.domain.pool import KnowledgeBase
from tenantctl.errors import ConflictError


@dataclass(frozen=True, slots=True)
class Base:
    """A knowledge base that is there. `status` is Bedrock's word: `ACTIVE`, `CREATING`, …."""

    id: str
    arn: str
    status: str


def find_knowledge_base(aws: Aws, names: Names, base: KnowledgeBase) -> Base | None:
    """The knowledge base; `None` where there is none of that name, or with the ARN that is given.

    Names are unique in an account and Region.
    https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent_CreateKnowledgeBase.html
    """
    client = aws.client("bedrock-agent")
    with translated("looking for the knowledge base"):
        found = [
            one
            for page in client.get_paginator("list_knowledge_bases").paginate()
            for one in page["knowledgeBaseSummaries"]
        ]
    wanted = base.arn.rpartition("/")[2] if base.arn is not None else None
    for one in found:
        made = str(one["knowledgeBaseId"])
        if made == wanted or (wanted is None and one["name"] == base.name):
            return Base(made, f"{names.knowledge_bases}{made}", str(one["status"]))
    return None


def find_source(aws: Aws, base_id: str, bucket_arn: str) -> str | None:
    """The id of the data source that reads a bucket; `None` where the base has none.

    Raises `ConflictError` for two of them: which one an ingestion would be of can't be told.
    """
    client = aws.client("bedrock-agent")
    with translated("looking for the knowledge base's data source"):
        listed = [
            one["dataSourceId"]
            for page in client.get_paginator("list_data_sources").paginate(knowledgeBaseId=base_id)
            for one in page["dataSourceSummaries"]
        ]
        found = []
        for one in listed:
            source = client.get_data_source(knowledgeBaseId=base_id, dataSourceId=one)["dataSource"]
            place = source["dataSourceConfiguration"].get("s3Configuration", {})
            if place.get("bucketArn") == bucket_arn:
                found.append(str(one))
    if len(found) > 1:
        raise ConflictError(
            f"knowledge base `{base_id}` reads `{bucket_arn}` by {len(found)} data sources",
            hint="delete those that aren't the pool's",
        )
    return found[0] if found else None
