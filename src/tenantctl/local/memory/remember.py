"""The operations on records: long-term memory.

On AWS records are extracted from events; nothing is extracted here, so there are those that were
written. A record is found by its id only under the namespace that the request names, because that
is what IAM was asked about.
https://docs.aws.amazon.com/bedrock-agentcore/latest/APIReference/API_GetMemoryRecord.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from tenantctl.local.call import ServiceError
from tenantctl.local.memory.events import Operation, Params, missing, time_of
from tenantctl.local.memory.filters import metadata_passes
from tenantctl.local.memory.pages import page
from tenantctl.local.memory.records import NO_STRATEGY, Held, Record, record_id

_WORD = re.compile(r"\w+")


def _found(held: Held, params: Params, namespace: str | None) -> Record:
    found = held.records.get(params["memoryRecordId"])
    if found is None or namespace not in {None, found.namespace}:
        raise missing("memory record", params["memoryRecordId"])
    return found


def _get(held: Held, params: Params, _now: datetime) -> dict[str, Any]:
    return {"memoryRecord": _found(held, params, params.get("namespace")).answer()}


def _delete(held: Held, params: Params, _now: datetime) -> dict[str, Any]:
    found = _found(held, params, params.get("namespace"))
    del held.records[found.id]
    return {"memoryRecordId": found.id}


def _batch(params: Params, one: Callable[[Params], Record]) -> dict[str, Any]:
    """Each record by itself: one that fails doesn't stop the others."""
    done: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    for record in params["records"]:
        named = {k: record[k] for k in ("memoryRecordId", "requestIdentifier") if k in record}
        try:
            made = one(record)
        except ServiceError as error:
            said = {"status": "FAILED", "errorCode": error.status, "errorMessage": error.message}
            failed.append({"memoryRecordId": "", **named, **said})
        else:
            done.append({**named, "memoryRecordId": made.id, "status": "SUCCEEDED"})
    return {"successfulRecords": done, "failedRecords": failed}


def _create(held: Held, params: Params, now: datetime) -> dict[str, Any]:
    expires = _expiry(params, now)

    def one(record: Params) -> Record:
        namespace = _only(record["namespaces"])
        token = (params.get("clientToken", ""), record["requestIdentifier"])
        if token[0]:
            for earlier in held.records.values():
                if (earlier.token, earlier.namespace) == (token, namespace):
                    return earlier
        made = Record(
            serial=held.next(),
            id=record_id(),
            namespace=namespace,
            text=record["content"]["text"],
            created=now,
            at=time_of(record["timestamp"]),
            strategy=record.get("memoryStrategyId", NO_STRATEGY),
            metadata=dict(record.get("metadata", {})),
            expires=expires,
            token=token,
        )
        held.records[made.id] = made
        return made

    return _batch(params, one)


def _update(held: Held, params: Params, now: datetime) -> dict[str, Any]:
    expires = _expiry(params, now)

    def one(record: Params) -> Record:
        found = _found(held, record, _only(record.get("sourceNamespaces", ())))
        found.at = time_of(record["timestamp"])
        if "namespaces" in record:
            found.namespace = _only(record["namespaces"])
        if "content" in record:
            found.text = record["content"]["text"]
        found.strategy = record.get("memoryStrategyId", found.strategy)
        found.metadata = dict(record.get("metadata", found.metadata))
        found.expires = expires or found.expires
        return found

    return _batch(params, one)


def _delete_many(held: Held, params: Params, _now: datetime) -> dict[str, Any]:
    def one(record: Params) -> Record:
        found = _found(held, record, record.get("namespace"))
        del held.records[found.id]
        return found

    return _batch(params, one)


def _only(namespaces: Iterable[str]) -> str | None:
    """The namespace of a list that the model lets have one at most."""
    return next(iter(namespaces), None)


def _expiry(params: Params, now: datetime) -> datetime | None:
    days = params.get("recordExpirySpecification", {}).get("recordExpiryDurationDays")
    try:
        return None if days is None else now + timedelta(days=days)
    except OverflowError as error:
        raise ServiceError("ValidationException", "The expiry is out of range") from error


def _within(held: Held, params: Params, criteria: Params) -> list[Record]:
    """The records of a namespace, or below a path, that pass the filters.

    Whether a path ends at a slash isn't documented, only that the layout should. A path is a plain
    prefix here, the wider of the two readings, so that what it might reach shows.
    https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/memory-organization.html
    """
    exact, path = params.get("namespace"), params.get("namespacePath")
    if (exact is None) == (path is None):
        raise ServiceError(
            "ValidationException", "Either namespace or namespacePath is required, not both"
        )
    strategy = criteria.get("memoryStrategyId")
    return [
        r
        for r in held.records.values()
        if r.namespace is not None
        and (r.namespace == exact if path is None else r.namespace.startswith(path))
        and strategy in {None, r.strategy}
        and metadata_passes(criteria.get("metadataFilters", ()), r.metadata)
    ]


def _list(held: Held, params: Params, _now: datetime) -> dict[str, Any]:
    found = _within(held, params, params)
    shown, rest = page(params, [(r.serial, r) for r in found])
    return {"memoryRecordSummaries": [r.summary() for r in shown], **rest}


def _retrieve(held: Held, params: Params, _now: datetime) -> dict[str, Any]:
    """The records that share words with the query, those with the most of its words first."""
    criteria = params["searchCriteria"]
    words = _words(criteria["searchQuery"])
    scored = [(r, _score(words, r)) for r in _within(held, params, criteria)]
    hits = sorted((hit for hit in scored if hit[1] > 0), key=lambda hit: -hit[1])
    shown, rest = page(params, list(enumerate(hits[: criteria.get("topK", len(hits))], 1)))
    return {"memoryRecordSummaries": [r.summary() | {"score": s} for r, s in shown], **rest}


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.casefold()))


def _score(words: frozenset[str], record: Record) -> float:
    return len(words & _words(record.text)) / len(words) if words else 0.0


OPERATIONS: Mapping[str, Operation] = {
    "BatchCreateMemoryRecords": _create,
    "BatchUpdateMemoryRecords": _update,
    "BatchDeleteMemoryRecords": _delete_many,
    "GetMemoryRecord": _get,
    "DeleteMemoryRecord": _delete,
    "ListMemoryRecords": _list,
    "RetrieveMemoryRecords": _retrieve,
}
