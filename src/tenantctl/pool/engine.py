"""The policy engine: it holds the Cedar policies of all tiers; `tenantctl policy` fills it."""

from __future__ import annotations

from tenantctl.aws.lookup import find_engine
from tenantctl.aws.session import Aws
from tenantctl.domain.names import Names
from tenantctl.pool import ownership
from tenantctl.pool.consistency import unless_absent, until
from tenantctl.pool.ownership import Tags
from tenantctl.pool.step import Change, Part, Step, missing

KIND = "policy engine"
_ABSENT = "ResourceNotFoundException"
_FAILED = frozenset({"CREATE_FAILED", "UPDATE_FAILED", "DELETE_FAILED"})


def observe(aws: Aws, names: Names) -> Part:
    """The engine as it is; one that failed has to be looked at by a person."""
    engine = find_engine(aws, names)
    if engine is None or engine.status == "DELETING":
        return missing(KIND, names.policy_engine, _create(names))
    problems = (f"its status is {engine.status}",) * (engine.status in _FAILED)
    arn = engine.arn
    claim = ownership.claim(
        _resource(names), _tags(aws, arn), names.tags, lambda aws: _tag(aws, arn, names.tags)
    )
    return Part(KIND, names.policy_engine, arn, (), problems, claim)


def delete_step(names: Names) -> Step:
    """Delete the engine with its policies, if it is the pool's."""

    def run(aws: Aws) -> None:
        client = aws.client("bedrock-agentcore-control")
        engine = find_engine(aws, names)
        if engine is None:
            return
        if engine.status != "DELETING":
            ownership.refuse_foreign(_resource(names), _tags(aws, engine.arn), names.tags)
            _delete_policies(aws, engine.id)
            unless_absent(lambda: client.delete_policy_engine(policyEngineId=engine.id), _ABSENT)
        until(lambda: find_engine(aws, names) is None, f"deleting `{names.policy_engine}`")

    return Step(Change.DELETE, _resource(names), "with its policies", (), run)


def _create(names: Names) -> Step:
    def run(aws: Aws) -> None:
        engine = find_engine(aws, names)
        if engine is not None and engine.status == "DELETING":
            until(lambda: find_engine(aws, names) is None, f"deleting `{names.policy_engine}`")
            engine = None
        client = aws.client("bedrock-agentcore-control")
        if engine is None:
            made = client.create_policy_engine(name=names.policy_engine, tags=names.tags)
            engine_id, arn = made["policyEngineId"], made["policyEngineArn"]
        else:
            engine_id, arn = engine.id, engine.arn
        ownership.confirm(_resource(names), lambda: _tags(aws, arn), names.tags)
        client.get_waiter("policy_engine_active").wait(policyEngineId=engine_id)

    return Step(Change.CREATE, _resource(names), "it doesn't exist", (), run)


def _resource(names: Names) -> str:
    return f"{KIND} `{names.policy_engine}`"


def _tags(aws: Aws, arn: str) -> Tags:
    return aws.client("bedrock-agentcore-control").list_tags_for_resource(resourceArn=arn)["tags"]


def _tag(aws: Aws, arn: str, tags: Tags) -> None:
    aws.client("bedrock-agentcore-control").tag_resource(resourceArn=arn, tags=tags)


def _delete_policies(aws: Aws, engine_id: str) -> None:
    client = aws.client("bedrock-agentcore-control")

    def policies() -> list[str]:
        pages = client.get_paginator("list_policies").paginate(policyEngineId=engine_id)
        return [policy["policyId"] for page in pages for policy in page["policies"]]

    for policy in policies():
        unless_absent(
            lambda policy=policy: client.delete_policy(  # type: ignore[misc]
                policyEngineId=engine_id, policyId=policy
            ),
            _ABSENT,
        )
    until(lambda: not policies(), "deleting the engine's policies")
