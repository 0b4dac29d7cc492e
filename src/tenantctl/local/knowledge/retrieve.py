"""Retrieve: the passages that a filter keeps, those with most words of the query first.

As in a vector store, something is always nearest: a query whose words stand nowhere gets passages
with a score of 0. So what keeps a caller from a passage is the filter alone.
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent-runtime_Retrieve.html
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tenantctl.local.call import ServiceError
from tenantctl.local.failure import Failure, RefusedError
from tenantctl.local.knowledge import filters
from tenantctl.local.knowledge.records import Base, Document, Value
from tenantctl.local.knowledge.store import Operation, Params, Store, page

_RESULTS = 5
_WORD = re.compile(r"\w+")
_SOURCE_URI = "x-amz-bedrock-kb-source-uri"
_SOURCE_ID = "x-amz-bedrock-kb-data-source-id"
_CHUNK_ID = "x-amz-bedrock-kb-chunk-id"


def _retrieve(store: Store, params: Params) -> dict[str, Any]:
    base = store.base(params)
    search = _search(params)
    given = search.get("filter")
    keep = filters.compiled(given) if given is not None else None
    wanted = frozenset(_WORD.findall(_query(params).casefold()))
    found = [
        (_score(wanted, text), document, attributes, text)
        for document, attributes, text in _passages(base)
        if keep is None or keep(attributes)
    ]
    found.sort(key=lambda one: -one[0])
    shown, rest = page(params, found, search.get("numberOfResults", _RESULTS))
    return {"retrievalResults": [_result(*one) for one in shown], **rest}


def _query(params: Params) -> str:
    text = params["retrievalQuery"].get("text")
    if not text:
        if "image" in params["retrievalQuery"]:
            raise _unserved("queries by image")
        raise ServiceError("ValidationException", "The query has no text")
    return str(text)


def _search(params: Params) -> Mapping[str, Any]:
    """The search's settings; what isn't emulated is refused by name."""
    for name in ("guardrailConfiguration", "userContext"):
        if params.get(name):
            raise _unserved(name)
    configuration = params.get("retrievalConfiguration") or {}
    if "managedSearchConfiguration" in configuration:
        raise ServiceError(
            "ValidationException", "The knowledge base takes a vectorSearchConfiguration"
        )
    search: Mapping[str, Any] = configuration.get("vectorSearchConfiguration") or {}
    for name in ("implicitFilterConfiguration", "rerankingConfiguration"):
        if search.get(name):
            raise _unserved(name)
    return search


def _unserved(what: str) -> RefusedError:
    return RefusedError(
        Failure.NOT_IMPLEMENTED, f"Retrieve: {what} isn't implemented by the embedded cloud"
    )


def _passages(base: Base) -> Iterator[tuple[Document, Mapping[str, Value], str]]:
    for source in base.sources.values():
        for document in source.documents.values():
            own: dict[str, Value] = {_SOURCE_URI: document.uri, _SOURCE_ID: source.id}
            for text in document.passages:
                digest = hashlib.sha256(f"{document.uri}\0{text}".encode()).hexdigest()
                yield document, {**document.attributes, **own, _CHUNK_ID: digest[:20]}, text


def _score(wanted: frozenset[str], text: str) -> float:
    there = wanted & frozenset(_WORD.findall(text.casefold()))
    return round(len(there) / len(wanted), 3) if wanted else 0.0


def _result(
    score: float, document: Document, attributes: Mapping[str, Value], text: str
) -> dict[str, Any]:
    shown = {k: list(v) if isinstance(v, tuple) else v for k, v in attributes.items()}
    return {
        "content": {"type": "TEXT", "text": text},
        "location": {"type": "S3", "s3Location": {"uri": document.uri}},
        "metadata": shown,
        "score": score,
    }


OPERATIONS: Mapping[str, Operation] = {"Retrieve": _retrieve}
