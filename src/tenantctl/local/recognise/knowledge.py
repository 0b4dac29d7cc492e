"""Knowledge bases: which one a request is about, with its tags.

Retrieve supports no condition key but those of the base's own tags: what is retrieved from it can't
be narrowed by IAM.
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonbedrock.html
"""

from __future__ import annotations

from dataclasses import replace

from tenantctl.local.call import Call, Check, Facts
from tenantctl.local.recognise.rules import Table, table

_BASE = "knowledge-base/{knowledgeBaseId}"

_PLAIN = table(
    "bedrock",
    {
        "*": "CreateKnowledgeBase ListKnowledgeBases",
        _BASE: """
            CreateDataSource DeleteDataSource DeleteKnowledgeBase GetDataSource GetIngestionJob
            GetKnowledgeBase ListDataSources ListIngestionJobs StartIngestionJob UpdateDataSource
            UpdateKnowledgeBase
        """,
        "{resourceArn}": "ListTagsForResource TagResource UntagResource",
    },
)

# Bedrock reads the sources as this role from then on.
KNOWLEDGE: Table = _PLAIN | {
    operation: replace(_PLAIN[operation], passes=("roleArn",), to="bedrock.amazonaws.com")
    for operation in ("CreateKnowledgeBase", "UpdateKnowledgeBase")
}
RETRIEVAL: Table = table("bedrock", {_BASE: "Retrieve"})


def recognise(call: Call, facts: Facts) -> tuple[Check, ...] | None:
    """The checks of a request about knowledge bases; `None` for Bedrock's other operations."""
    rule = (RETRIEVAL if call.service == "bedrock-agent-runtime" else KNOWLEDGE).get(call.operation)
    if rule is None:
        return None
    return tuple(_with_tags(check, facts) for check in rule.checks(call))


def _with_tags(check: Check, facts: Facts) -> Check:
    """The check with `aws:ResourceTag/…` of the base, as the service reference says."""
    if ":knowledge-base/" not in check.resource:
        return check
    tags = facts.knowledge_base_tags(check.resource)
    own = {f"aws:resourcetag/{key.lower()}": (value,) for key, value in tags.items()}
    return replace(check, context={**own, **check.context})
