"""The operations on policy engines, and on their tags."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tenantctl.local.policy_engine.records import ACTIVE, Engine, Outcome, new_id, now
from tenantctl.local.policy_engine.store import (
    Operation,
    Params,
    Store,
    conflict,
    describe,
    missing,
    page,
    settle,
    still,
)


def _create(store: Store, params: Params) -> dict[str, Any]:
    earlier = store.earlier("CreatePolicyEngine", params)
    if earlier is not None:
        return store.engine(earlier).answer()
    if any(engine.name == params["name"] for engine in store.engines.values()):
        raise conflict(f"A policy engine with the name {params['name']} already exists")
    made, at = new_id(params["name"]), now()
    store.engines[made] = engine = Engine(
        serial=store.next(),
        id=made,
        name=params["name"],
        arn=f"{store.prefix}:policy-engine/{made}",
        created=at,
        updated=at,
        status="CREATING",
        description=params.get("description"),
        ending=ACTIVE,
        key_arn=params.get("encryptionKeyArn"),
        tags=dict(params.get("tags", {})),
    )
    store.remember("CreatePolicyEngine", params, made)
    return engine.answer()


def _get(store: Store, params: Params) -> dict[str, Any]:
    return _fetch(store, params).answer()


def _get_summary(store: Store, params: Params) -> dict[str, Any]:
    return _fetch(store, params).summary()


def _list(store: Store, params: Params) -> dict[str, Any]:
    return _listed(store, params, Engine.answer)


def _list_summaries(store: Store, params: Params) -> dict[str, Any]:
    return _listed(store, params, Engine.summary)


def _update(store: Store, params: Params) -> dict[str, Any]:
    engine = still(store.engine(params["policyEngineId"]))
    describe(engine, params)
    engine.begin("UPDATING", ACTIVE)
    return engine.answer()


def _delete(store: Store, params: Params) -> dict[str, Any]:
    engine = still(store.engine(params["policyEngineId"]))
    if engine.policies:
        raise conflict(f"The policy engine {engine.id} has policies: delete them first")
    engine.begin("DELETING", Outcome(None))
    return engine.answer()


def _tag(store: Store, params: Params) -> dict[str, Any]:
    _tagged(store, params).tags.update(params["tags"])
    return {}


def _untag(store: Store, params: Params) -> dict[str, Any]:
    tags = _tagged(store, params).tags
    for key in params["tagKeys"]:
        tags.pop(key, None)
    return {}


def _list_tags(store: Store, params: Params) -> dict[str, Any]:
    return {"tags": dict(_tagged(store, params).tags)}


def _tagged(store: Store, params: Params) -> Engine:
    for engine in store.engines.values():
        if engine.arn == params["resourceArn"]:
            return engine
    raise missing("resource", params["resourceArn"])


def _fetch(store: Store, params: Params) -> Engine:
    engine = store.engine(params["policyEngineId"])
    settle(store.engines, engine)
    return store.engine(engine.id)


def _listed(
    store: Store, params: Params, show: Callable[[Engine], dict[str, Any]]
) -> dict[str, Any]:
    shown, rest = page(params, list(store.engines.values()))
    answer = {"policyEngines": [show(engine) for engine in shown], **rest}
    for engine in shown:
        settle(store.engines, engine)
    return answer


OPERATIONS: Mapping[str, Operation] = {
    "CreatePolicyEngine": _create,
    "GetPolicyEngine": _get,
    "GetPolicyEngineSummary": _get_summary,
    "ListPolicyEngines": _list,
    "ListPolicyEngineSummaries": _list_summaries,
    "UpdatePolicyEngine": _update,
    "DeletePolicyEngine": _delete,
}

TAGGING: Mapping[str, Operation] = {
    "TagResource": _tag,
    "UntagResource": _untag,
    "ListTagsForResource": _list_tags,
}
