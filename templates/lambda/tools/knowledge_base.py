"""Ask the knowledge base for passages of the clinic's documents.

No IAM condition speaks of a retrieval's filter: here the filter is what keeps clinics apart. So
what comes back is checked too, and one passage of another clinic's ends the call.
https://docs.aws.amazon.com/bedrock/latest/userguide/kb-test-config.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tools.call import Call
from tools.failure import ToolError, translated

TENANT_FIELD = "clinic_id"
"""The documents' metadata that names their clinic."""


def passages(call: Call, query: str, most: int) -> list[dict[str, object]]:
    """The passages that Bedrock finds nearest to the query; at most `most`."""
    with translated("asking the knowledge base"):
        answer = call.session.knowledge_base.retrieve(
            knowledgeBaseId=call.settings.knowledge_base,
            retrievalQuery={"text": query},
            retrievalConfiguration={
                "vectorSearchConfiguration": {
                    "numberOfResults": most,
                    "filter": {"equals": {"key": TENANT_FIELD, "value": call.caller.clinic}},
                }
            },
        )
    return [_passage(call, found) for found in answer["retrievalResults"]]


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
