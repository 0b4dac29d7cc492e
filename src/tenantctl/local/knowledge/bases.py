"""The operations on knowledge bases, and on their tags.

A base is CREATING (or UPDATING) in the answer that makes it so, and ACTIVE from then on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tenantctl.local.call import ServiceError
from tenantctl.local.failure import Failure, RefusedError
from tenantctl.local.knowledge.records import Base, new_id, now
from tenantctl.local.knowledge.store import Operation, Params, Store, page, taken

_MOST = 100
"""Knowledge bases in an account and Region.
https://docs.aws.amazon.com/general/latest/gr/bedrock.html#limits_bedrock
"""

_SHOWN = ("description", "roleArn", "knowledgeBaseConfiguration", "storageConfiguration")


def _create(store: Store, params: Params) -> dict[str, Any]:
    def make() -> str:
        _check(params)
        if any(base.name == params["name"] for base in store.bases.values()):
            raise taken("KnowledgeBase", params["name"])
        if len(store.bases) >= _MOST:
            raise ServiceError(
                "ServiceQuotaExceededException", f"The account has {_MOST} knowledge bases"
            )
        made, at = new_id(), now()
        store.bases[made] = Base(
            id=made,
            name=params["name"],
            arn=f"{store.prefix}:knowledge-base/{made}",
            given={key: params[key] for key in _SHOWN if key in params},
            created=at,
            updated=at,
            tags=dict(params.get("tags", {})),
        )
        return made

    return _answer(store.bases[store.once("CreateKnowledgeBase", params, make)])


def _check(params: Params) -> None:
    kind = params["knowledgeBaseConfiguration"]["type"]
    if kind != "VECTOR":
        raise RefusedError(
            Failure.NOT_IMPLEMENTED,
            f"knowledge bases of type {kind} aren't implemented by the embedded cloud",
        )
    if "storageConfiguration" not in params:
        raise ServiceError("ValidationException", "A vector knowledge base takes a storage")


def _get(store: Store, params: Params) -> dict[str, Any]:
    base = store.base(params)
    base.fresh = ""
    return _answer(base)


def _list(store: Store, params: Params) -> dict[str, Any]:
    shown, rest = page(params, list(store.bases.values()), params.get("maxResults", 10))
    for base in shown:
        base.fresh = ""
    return {"knowledgeBaseSummaries": [_summary(base) for base in shown], **rest}


def _update(store: Store, params: Params) -> dict[str, Any]:
    base = store.base(params)
    _check({"storageConfiguration": base.given.get("storageConfiguration"), **params})
    if any(b.name == params["name"] for b in store.bases.values() if b is not base):
        raise taken("KnowledgeBase", params["name"])
    # What the request leaves out is as before, but for the description.
    kept = {k: v for k, v in base.given.items() if k != "description"}
    base.given = kept | {key: params[key] for key in _SHOWN if key in params}
    base.name, base.updated, base.fresh = params["name"], now(), "UPDATING"
    return _answer(base)


def _delete(store: Store, params: Params) -> dict[str, Any]:
    base = store.base(params)
    del store.bases[base.id]
    return {"knowledgeBaseId": base.id, "status": "DELETING"}


def _tag(store: Store, params: Params) -> dict[str, Any]:
    store.tagged(params["resourceArn"]).tags.update(params["tags"])
    return {}


def _untag(store: Store, params: Params) -> dict[str, Any]:
    tags = store.tagged(params["resourceArn"]).tags
    for key in params["tagKeys"]:
        tags.pop(key, None)
    return {}


def _tags(store: Store, params: Params) -> dict[str, Any]:
    return {"tags": dict(store.tagged(params["resourceArn"]).tags)}


def _summary(base: Base) -> dict[str, Any]:
    described = {k: v for k, v in base.given.items() if k == "description"}
    return {
        "knowledgeBaseId": base.id,
        "name": base.name,
        "status": base.status,
        "updatedAt": base.updated,
        **described,
    }


def _answer(base: Base) -> dict[str, Any]:
    whole = {"knowledgeBaseArn": base.arn, "createdAt": base.created, **base.given}
    return {"knowledgeBase": _summary(base) | whole}


TAGGING = frozenset({"TagResource", "UntagResource", "ListTagsForResource"})
"""The model's pattern of their ARNs has `/d` for `\\d`, and matches none of ours."""

OPERATIONS: Mapping[str, Operation] = {
    "CreateKnowledgeBase": _create,
    "GetKnowledgeBase": _get,
    "ListKnowledgeBases": _list,
    "UpdateKnowledgeBase": _update,
    "DeleteKnowledgeBase": _delete,
    "TagResource": _tag,
    "UntagResource": _untag,
    "ListTagsForResource": _tags,
}
