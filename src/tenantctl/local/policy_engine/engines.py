"""The operations on policy engines, and on their tags."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tenantctl.local.policy_engine.reads import gets, lists
from tenantctl.local.policy_engine.records import ACTIVE, Engine, Outcome, new_id, now
from tenantctl.local.policy_engine.store import (
    Operation,
    Params,
    Store,
    conflict,
    describe,
    missing,
    over_quota,
    still,
)

_MAX_ENGINES = 1_000
"""Engines in an account.
https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/policy-limitations-section.html
"""


def _create(store: Store, params: Params) -> dict[str, Any]:
    earlier = store.earlier("CreatePolicyEngine", params)
    if earlier is not None:
        return store.engine(earlier).answer()
    if any(engine.name == params["name"] for engine in store.engines.values()):
        raise conflict(f"A policy engine with the name {params['name']} already exists")
    if len(store.engines) >= _MAX_ENGINES:
        raise over_quota("account", _MAX_ENGINES, "policy engines")
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


def _every(store: Store, _: Params) -> tuple[dict[str, Engine], list[Engine]]:
    return store.engines, list(store.engines.values())


def _one(store: Store, params: Params) -> tuple[dict[str, Engine], str]:
    return store.engines, store.engine(params["policyEngineId"]).id


OPERATIONS: Mapping[str, Operation] = {
    "CreatePolicyEngine": _create,
    **gets("PolicyEngine", _one),
    **lists("PolicyEngine", "policyEngines", _every),
    "UpdatePolicyEngine": _update,
    "DeletePolicyEngine": _delete,
}

TAGGING: Mapping[str, Operation] = {
    "TagResource": _tag,
    "UntagResource": _untag,
    "ListTagsForResource": _list_tags,
}
