"""Ask the knowledge base for passages of the clinic's documents.

No IAM condition speaks of a retrieval's filter, so no clinic's session may ask: the function's own
role does, and here the filter is what keeps clinics apart. It is made of the caller's headers
alone. What comes back is checked too, and one passage of another clinic's ends the call.
https://docs.aws.amazon.com/bedrock/latest/userguide/kb-test-config.html
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from tools.call import Call
from tools.failure import ToolError, translated
from tools.settings import Settings
from tools.tenant_session import boto3_session

TENANT_FIELD = "clinic_id"
"""The documents' metadata that names their clinic."""


def passages(call: Call, query: str, most: int) -> list[dict[str, object]]:
    """The passages that Bedrock finds nearest to the query; at most `most`."""
    with translated("asking the knowledge base"):
        answer = knowledge_base().retrieve(
            knowledgeBaseId=base_id(call.settings),
            retrievalQuery={"text": query},
            retrievalConfiguration={
                "vectorSearchConfiguration": {
                    "numberOfResults": most,
                    "filter": {"equals": {"key": TENANT_FIELD, "value": call.caller.clinic}},
                }
            },
        )
    return [_passage(call, found) for found in answer["retrievalResults"]]


@lru_cache(maxsize=1)
def knowledge_base() -> Any:  # noqa: ANN401 - boto3's client of `bedrock-agent-runtime`
    """Bedrock's retrieval, as the function's role."""
    return boto3_session().client("bedrock-agent-runtime")


def base_id(settings: Settings) -> str:
    """The knowledge base's id: the one that is given, or what Bedrock has by its name.

    Raises `ToolError` where there is none: the documents aren't read another way instead.
    """
    return settings.knowledge_base_id or _found(settings.knowledge_base or "")


@lru_cache(maxsize=1)
def _found(name: str) -> str:
    """https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent_ListKnowledgeBases.html"""
    pages = boto3_session().client("bedrock-agent").get_paginator("list_knowledge_bases")
    with translated("looking for the knowledge base"):
        for page in pages.paginate():
            for base in page["knowledgeBaseSummaries"]:
                if base["name"] == name:
                    return str(base["knowledgeBaseId"])
    raise ToolError("NotConfigured", "the pool's knowledge base isn't there")


def _passage(call: Call, found: Mapping[str, Any]) -> dict[str, object]:
    place = f"s3://{call.settings.bucket}/{call.prefix}"
    uri = found.get("location", {}).get("s3Location", {}).get("uri", "")
    named = found.get("metadata", {}).get(TENANT_FIELD)
    if named != call.caller.clinic or not uri.startswith(place):
        raise ToolError("AccessDenied", "the knowledge base found what isn't the clinic's")
    return {
        "document": uri.removeprefix(place),
        "text": found["content"].get("text", ""),
        "score": found.get("score"),
    }
