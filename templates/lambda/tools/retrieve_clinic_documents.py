"""`retrieve_clinic_documents`: passages of the clinic's documents that answer a question."""

from __future__ import annotations

from tools import arguments, documents, knowledge_base
from tools.call import Call, Result, tool

DEFAULT, MOST = 5, 20


@tool("retrieve_clinic_documents")
def handle(call: Call) -> Result:
    """`{"passages": [{"document", "text", "score"}, …]}`, the best first.

    The knowledge base is asked where the pool has one; else the documents themselves are read.
    """
    query = arguments.required(call.arguments, "query")
    most = arguments.limit(call.arguments, default=DEFAULT, most=MOST)
    asked = knowledge_base if call.settings.searched else documents
    return {"passages": asked.passages(call, query, most)}
