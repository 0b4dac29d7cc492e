"""The operations on policies, and what the service makes of their statements."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tenantctl.cedar.findings import findings
from tenantctl.cedar.rules import refusals
from tenantctl.cedar.schema import problems
from tenantctl.cedar.statement import parse
from tenantctl.domain.policies import MAX_POLICIES
from tenantctl.errors import PolicyInvalidError
from tenantctl.local.call import ServiceError
from tenantctl.local.policy_engine.reads import gets, lists
from tenantctl.local.policy_engine.records import ACTIVE, Engine, Outcome, Policy, new_id, now
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


def source(definition: Params) -> str:
    """The statement's text; raises `ServiceError` for what has none.

    `policy` (Dogwood) may hold plain Cedar; what Dogwood adds to it isn't served.
    """
    for kind in ("cedar", "policy"):
        if definition.get(kind) is not None:
            text: str = definition[kind]["statement"]
            return text
    raise missing("policy generation", definition["policyGeneration"]["policyGenerationId"])


def _create(store: Store, params: Params) -> dict[str, Any]:
    engine = store.engine(params["policyEngineId"])
    earlier = store.earlier("CreatePolicy", params)
    if earlier is not None:
        return _policy(engine, earlier).answer()
    still(engine)
    # Policy names are "unique within the account", says the model of CreatePolicy.
    if params["name"] in {p.name for e in store.engines.values() for p in e.policies.values()}:
        raise conflict(f"A policy with the name {params['name']} already exists")
    if len(engine.policies) >= MAX_POLICIES:
        raise over_quota("policy engine", MAX_POLICIES, "policies")
    reasons = _verdict(params["definition"], params.get("validationMode"))
    made, at = new_id(params["name"]), now()
    engine.policies[made] = policy = Policy(
        serial=store.next(),
        id=made,
        name=params["name"],
        arn=f"{engine.arn}/policy/{made}",
        created=at,
        updated=at,
        status="CREATING",
        description=params.get("description"),
        ending=Outcome("CREATE_FAILED", reasons) if reasons else ACTIVE,
        engine=engine.id,
        definition=params["definition"],
        enforcement=params.get("enforcementMode", "ACTIVE"),
    )
    store.remember("CreatePolicy", params, made)
    return policy.answer()


def _update(store: Store, params: Params) -> dict[str, Any]:
    engine = still(store.engine(params["policyEngineId"]))
    policy = still(_policy(engine, params["policyId"]))
    definition = params.get("definition")
    reasons = _verdict(definition, params.get("validationMode")) if definition else ()
    describe(policy, params)
    policy.enforcement = params.get("enforcementMode", policy.enforcement)
    failed = Outcome("UPDATE_FAILED", reasons)
    policy.begin("UPDATING", failed if reasons else Outcome("ACTIVE", (), definition))
    return policy.answer()


def _delete(store: Store, params: Params) -> dict[str, Any]:
    policy = still(_policy(store.engine(params["policyEngineId"]), params["policyId"]))
    policy.begin("DELETING", Outcome(None))
    return policy.answer()


def _of_engine(store: Store, params: Params) -> tuple[dict[str, Policy], list[Policy]]:
    """The engine's policies, or those that name the gateway `targetResourceScope`."""
    home, scope = store.engine(params["policyEngineId"]).policies, params.get("targetResourceScope")
    return home, [
        policy
        for policy in home.values()
        if scope is None or parse(source(policy.definition), policy.name).gateway == scope
    ]


def _one(store: Store, params: Params) -> tuple[dict[str, Policy], str]:
    engine = store.engine(params["policyEngineId"])
    return engine.policies, _policy(engine, params["policyId"]).id


def _policy(engine: Engine, policy_id: str) -> Policy:
    found = engine.policies.get(policy_id)
    if found is None:
        raise missing("policy", policy_id)
    return found


def _verdict(definition: Params, mode: str | None) -> tuple[str, ...]:
    """Why the policy will fail; empty when it won't.

    The schema is that of the declared tools, whichever gateways the engine is attached to; it is
    checked in any mode. Raises `ServiceError` for what is a mistake of syntax on AWS, too.
    https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/policy-validation-overview.html
    """
    try:
        statement = parse(source(definition), "statement")
    except PolicyInvalidError as error:
        raise ServiceError("ValidationException", f"Invalid policy: {error.message}") from error
    wrong = (*refusals(statement), *problems(statement))
    return wrong if wrong or mode == "IGNORE_ALL_FINDINGS" else findings(statement)


OPERATIONS: Mapping[str, Operation] = {
    "CreatePolicy": _create,
    **gets("Policy", _one),
    **lists("Policy", "policies", _of_engine),
    "UpdatePolicy": _update,
    "DeletePolicy": _delete,
}
