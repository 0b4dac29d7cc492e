"""The roles: the agent's, the vending role that trusts it alone, the interceptor's, the gateways'.

Their policies are exactly the rendered ones. A statement changed by hand, a policy more or an
attached one would open what isolation stands on, so all of that is drift, and put right.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tenantctl.aws.session import Aws
from tenantctl.domain.names import Names
from tenantctl.pool import documents, ownership
from tenantctl.pool.consistency import unless_absent, when_consistent
from tenantctl.pool.documents import Document, canonical
from tenantctl.pool.ownership import Tags
from tenantctl.pool.role_region import taken_over
from tenantctl.pool.step import Change, Field, Part, Step, differences, missing, removals

if TYPE_CHECKING:
    from mypy_boto3_iam.type_defs import GetRoleResponseTypeDef

KIND = "role"
_ABSENT = "NoSuchEntity"


@dataclass(frozen=True, slots=True)
class RoleSpec:
    """What a role must be: its trust policy, all its inline policies by name, and its tags."""

    name: str
    description: str
    trust: Document
    policies: Mapping[str, Document]
    tags: Tags
    region: str

    @property
    def resource(self) -> str:
        """How messages name it."""
        return f"{KIND} `{self.name}`"


def specs(names: Names, *, beside: Path | None = None) -> tuple[RoleSpec, ...]:
    """The agent role first: the vending role's trust policy names it, so it must exist."""
    roles = names.pool.roles
    return (
        RoleSpec(
            roles.agent,
            "Agent execution role: may become a tenant through the vending role, nothing else",
            documents.agent_trust(names, beside=beside),
            documents.agent_documents(names, beside=beside),
            names.tags,
            names.pool.region,
        ),
        RoleSpec(
            roles.vending,
            "Token vending machine: every session of it speaks for one tenant",
            documents.trust_document(names, beside=beside),
            documents.vending_documents(names, beside=beside),
            names.tags,
            names.pool.region,
        ),
        RoleSpec(
            names.interceptor,
            "The gateways' interceptor: reads what the registry says of a caller's clinic",
            documents.interceptor_trust(beside=beside),
            documents.interceptor_documents(names, beside=beside),
            names.tags,
            names.pool.region,
        ),
        RoleSpec(
            names.gateway_role,
            "The gateways: call the pool's functions, and ask its policy engine",
            documents.gateway_trust(names, beside=beside),
            documents.gateway_documents(names, beside=beside),
            names.tags,
            names.pool.region,
        ),
    )


def observe(aws: Aws, spec: RoleSpec) -> Part:
    """The role as it is, with the steps on the way to what it must be."""
    client = aws.client("iam")
    role = unless_absent(lambda: client.get_role(RoleName=spec.name), _ABSENT)
    if role is None:
        puts = (_put(spec, name, None) for name in spec.policies)
        return missing(KIND, spec.name, _create(spec), *puts)
    inline = _inline(aws, spec.name)
    steps = (
        *_trust(spec, role["Role"].get("AssumeRolePolicyDocument")),
        *_policies(spec, inline),
        *(_detach(spec, arn) for arn in _attached(aws, spec.name)),
    )
    claim = ownership.claim(
        spec.resource, _tags(role), spec.tags, lambda aws: _tag(aws, spec.name, spec.tags)
    ) or taken_over(spec.resource, spec.region, inline.values(), spec.policies.values())
    return Part(KIND, spec.name, role["Role"]["Arn"], steps, claim=claim)


def delete_step(name: str, tags: Tags) -> Step:
    """Delete the role with its policies, if it bears `tags`."""

    def run(aws: Aws) -> None:
        client = aws.client("iam")
        role = unless_absent(lambda: client.get_role(RoleName=name), _ABSENT)
        if role is None:
            return
        ownership.refuse_foreign(f"{KIND} `{name}`", _tags(role), tags)
        for policy in _inline(aws, name):
            client.delete_role_policy(RoleName=name, PolicyName=policy)
        for arn in _attached(aws, name):
            client.detach_role_policy(RoleName=name, PolicyArn=arn)
        client.delete_role(RoleName=name)

    return Step(Change.DELETE, f"{KIND} `{name}`", "with its policies", (), run)


def _create(spec: RoleSpec) -> Step:
    def run(aws: Aws) -> None:
        client = aws.client("iam")
        when_consistent(
            lambda: unless_absent(
                lambda: client.create_role(
                    RoleName=spec.name,
                    Description=spec.description,
                    AssumeRolePolicyDocument=json.dumps(spec.trust),
                    Tags=ownership.as_list(spec.tags),
                ),
                "EntityAlreadyExists",
            ),
            "Invalid principal",
        )
        client.get_waiter("role_exists").wait(RoleName=spec.name)
        ownership.confirm(
            spec.resource, lambda: _tags(client.get_role(RoleName=spec.name)), spec.tags
        )

    return Step(
        Change.CREATE,
        spec.resource,
        "it doesn't exist",
        (Field("trust", None, canonical(spec.trust)),),
        run,
    )


def _tag(aws: Aws, role: str, tags: Tags) -> None:
    aws.client("iam").tag_role(RoleName=role, Tags=ownership.as_list(tags))


def _tags(role: GetRoleResponseTypeDef) -> Tags:
    return ownership.from_list(role["Role"].get("Tags", []))


def _trust(spec: RoleSpec, now: object) -> Iterator[Step]:
    changed = _changes("trust", now, spec.trust)
    if not changed:
        return

    def run(aws: Aws) -> None:
        when_consistent(
            lambda: aws.client("iam").update_assume_role_policy(
                RoleName=spec.name, PolicyDocument=json.dumps(spec.trust)
            ),
            "Invalid principal",
        )

    why = "its trust policy says who may act as it"
    yield Step(Change.UPDATE, spec.resource, why, changed, run)


def _policies(spec: RoleSpec, now: Mapping[str, object]) -> Iterator[Step]:
    for name in spec.policies:
        if name not in now or _changes(name, now[name], spec.policies[name]):
            yield _put(spec, name, now.get(name))
    for name in now:
        if name not in spec.policies:
            yield _drop(spec, name, now[name])


def _put(spec: RoleSpec, name: str, now: object) -> Step:
    wanted = spec.policies[name]

    def run(aws: Aws) -> None:
        aws.client("iam").put_role_policy(
            RoleName=spec.name, PolicyName=name, PolicyDocument=json.dumps(wanted)
        )

    return Step(
        Change.UPDATE,
        spec.resource,
        f"its policy `{name}` says what it reaches",
        _changes(f"policy {name}", now, wanted),
        run,
    )


def _drop(spec: RoleSpec, name: str, now: object) -> Step:
    def run(aws: Aws) -> None:
        unless_absent(
            lambda: aws.client("iam").delete_role_policy(RoleName=spec.name, PolicyName=name),
            _ABSENT,
        )

    why = "no other policy may widen it"
    shown = (Field(f"policy {name}", canonical(now), None),)
    return Step(Change.UPDATE, spec.resource, why, shown, run)


def _detach(spec: RoleSpec, arn: str) -> Step:
    def run(aws: Aws) -> None:
        unless_absent(
            lambda: aws.client("iam").detach_role_policy(RoleName=spec.name, PolicyArn=arn),
            _ABSENT,
        )

    why = "no other policy may widen it"
    shown = (Field("attached policy", arn, None),)
    return Step(Change.UPDATE, spec.resource, why, shown, run)


def _changes(name: str, now: object, wanted: Document) -> tuple[Field, ...]:
    """In which the document isn't as it must be, by path; nothing, when it means the same."""
    old, new = canonical(now), canonical(wanted)
    return (*differences(old, new, name), *removals(old, new, name))


def _inline(aws: Aws, role: str) -> dict[str, Any]:
    client = aws.client("iam")
    pages = client.get_paginator("list_role_policies").paginate(RoleName=role)
    return {
        name: client.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        for page in pages
        for name in page["PolicyNames"]
    }


def _attached(aws: Aws, role: str) -> tuple[str, ...]:
    pages = aws.client("iam").get_paginator("list_attached_role_policies").paginate(RoleName=role)
    return tuple(
        policy["PolicyArn"]
        for page in pages
        for policy in page["AttachedPolicies"]
        if "PolicyArn" in policy
    )
