"""Who holds a key, and which policies are theirs: read from moto's IAM, never kept.

Users, groups, roles and their documents live in moto; sessions live in their tokens; the AgentCore
service has a key of its own, as it has on AWS where nobody sees it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from tenantctl.domain.arn import Arn
from tenantctl.domain.names import partition
from tenantctl.errors import PolicyInvalidError
from tenantctl.iam.document import read
from tenantctl.iam.evaluate import Policies
from tenantctl.iam.policy import Kind, Policy
from tenantctl.iam.request import Context, Principal, PrincipalKind
from tenantctl.local.call import ServiceError
from tenantctl.local.failure import Failure, RefusedError
from tenantctl.local.keys import SERVICE, Keys
from tenantctl.local.sts.session import Session, secret_of, tags_context, unseal


@dataclass(frozen=True, slots=True)
class Caller:
    """Who signed a request: the principal, its condition keys, and the key's secret."""

    principal: Principal
    user_id: str
    context: Context = field(repr=False, default_factory=dict)
    secret: str = field(repr=False, default="")
    session: Session | None = field(repr=False, default=None)


ANONYMOUS = Caller(
    Principal(PrincipalKind.ANONYMOUS, "*"), "anonymous", {"aws:principaltype": ("Anonymous",)}
)


def caller(keys: Keys, access_key: str, token: str | None, *, region: str, now: float) -> Caller:
    """The holder of an access key.

    Raises `RefusedError` for a key or token that isn't known, and for a session that has ended.
    """
    if access_key.startswith("ASIA"):
        return _session_caller(keys, access_key, token, now)
    if token is not None:
        raise RefusedError(
            Failure.BAD_TOKEN, "The security token included in the request is invalid"
        )
    service = keys.service_key(access_key)
    if service is not None:
        return _service_caller(service.secret, service.account, region)
    return _user_caller(access_key, region)


def _session_caller(keys: Keys, access_key: str, token: str | None, now: float) -> Caller:
    session = _unsealed(token, keys.session_key) if token else None
    if session is None or token is None or session.access_key != access_key:
        raise RefusedError(
            Failure.BAD_TOKEN, "The security token included in the request is invalid"
        )
    if now >= session.expires:
        raise RefusedError(
            Failure.EXPIRED_TOKEN, "The security token included in the request is expired"
        )
    found = find_role(session.account, session.role_name, session.partition)
    if found is None or found.id != session.role_id:
        raise RefusedError(
            Failure.BAD_TOKEN, "The security token included in the request is invalid"
        )
    return Caller(
        Principal(PrincipalKind.SESSION, session.arn, session.account, str(found.arn)),
        session.user_id,
        _session_context(session, str(found.arn), tuple(_pairs(found.tags))),
        secret_of(token, keys.session_key),
        session,
    )


_unsealed = lru_cache(maxsize=4096)(unseal)


@lru_cache(maxsize=4096)
def _session_context(
    session: Session, role_arn: str, role_tags: tuple[tuple[str, str], ...]
) -> Context:
    """A session's tags override its role's.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
    """
    return {
        **tags_context(role_tags),
        **tags_context(session.tags),
        "aws:principalarn": (role_arn,),
        "aws:principalaccount": (session.account,),
        "aws:principaltype": ("AssumedRole",),
        "aws:principalisawsservice": ("false",),
        "aws:userid": (session.user_id,),
        "aws:multifactorauthpresent": ("false",),
        "aws:tokenissuetime": (iso(session.issued),),
        **({"aws:sourceidentity": (session.source_identity,)} if session.source_identity else {}),
    }


def _service_caller(secret: str, account: str, region: str) -> Caller:
    """The AgentCore service acts for a runtime of this account.

    https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/runtime-permissions.html
    """
    source = Arn(partition(region), "bedrock-agentcore", region, account, "runtime/embedded")
    return Caller(
        Principal(PrincipalKind.SERVICE, SERVICE, account),
        SERVICE,
        {
            "aws:principalisawsservice": ("true",),
            "aws:principalservicename": (SERVICE,),
            "aws:principalservicenameslist": (SERVICE,),
            "aws:principaltype": ("Service",),
            "aws:sourceaccount": (account,),
            "aws:sourcearn": (str(source),),
        },
        secret,
    )


def _user_caller(access_key: str, region: str) -> Caller:
    for account, backend in iam_backends(partition(region)):
        key = backend.access_keys.get(access_key)
        user = backend.users.get(key.user_name) if key is not None else None
        if key is None or user is None or key not in user.access_keys or key.status != "Active":
            continue
        tags = _pairs(backend.tagger.list_tags_for_resource(user.arn)["Tags"])
        return Caller(
            Principal(PrincipalKind.USER, user.arn, account),
            user.id,
            {
                **tags_context(tuple(tags)),
                "aws:principalarn": (user.arn,),
                "aws:principalaccount": (account,),
                "aws:principaltype": ("User",),
                "aws:principalisawsservice": ("false",),
                "aws:userid": (user.id,),
                "aws:username": (user.name,),
            },
            key.secret_access_key,
        )
    raise RefusedError(
        Failure.UNKNOWN_KEY, "The AWS Access Key Id you provided does not exist in our records."
    )


def policies_of(who: Caller) -> Policies:
    """The policies that speak for or bound a caller.

    Raises `PolicyInvalidError` for a document that can't be read: nothing is allowed by guess.
    """
    if who.principal.kind is PrincipalKind.USER:
        return Policies(identity=tuple(_user_policies(who.principal)))
    if who.session is None:
        return Policies()
    session = who.session
    role = find_role(session.account, session.role_name, session.partition)
    if role is None:
        return Policies()
    own = policies_of_role(role, session.account, session.partition)
    document = session.policy
    return replace(own, session=compiled(document, "session", Kind.SESSION) if document else None)


def policies_of_role(role: Any, account: str, of_partition: str) -> Policies:  # noqa: ANN401 - moto's own
    """The policies of whoever acts as a role; raises `PolicyInvalidError`."""
    return Policies(
        identity=tuple(_attached(f"identity/{role.name}", role)),
        boundary=_boundary(_backend(account, of_partition), role.permissions_boundary_arn),
    )


def trust_policy(role: Any) -> Policy:  # noqa: ANN401 - moto's own
    """A role's trust policy; raises `PolicyInvalidError`."""
    document = role.assume_role_policy_document
    return compiled(document, f"trust/{role.name}", Kind.TRUST)


@lru_cache(maxsize=4096)
def compiled(document: str, name: str, kind: Kind) -> Policy:
    """A policy, read once for each text; raises `PolicyInvalidError`."""
    return read(document, name=name, kind=kind)


def managed_document(account: str, arn: str) -> str:
    """The default version of a managed policy; raises `ServiceError` where there is none."""
    parts = arn.split(":")
    of = parts[1] if len(parts) > 1 and parts[1] in {"aws-cn", "aws-us-gov"} else "aws"
    policy = _backend(account, of).managed_policies.get(arn)
    if policy is None:
        raise ServiceError("ValidationError", f"The policy {arn} does not exist")
    return _text(policy)


def find_role(account: str, name: str, of_partition: str) -> Any | None:  # noqa: ANN401 - moto's own
    """A role by name; names are unique in an account whatever their case."""
    for role in _backend(account, of_partition).roles.values():
        if role.name == name:
            return role
    return None


def iam_backends(of_partition: str) -> Iterator[tuple[str, Any]]:
    """Moto's IAM of every account that has one."""
    from moto.iam.models import iam_backends as all_backends

    for account in list(all_backends):
        yield account, all_backends[account][of_partition]


def iso(seconds: float) -> str:
    """A moment as condition keys have it."""
    from datetime import UTC, datetime

    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _backend(account: str, of_partition: str) -> Any:  # noqa: ANN401 - moto's own
    from moto.iam.models import iam_backends as all_backends

    return all_backends[account][of_partition]


def _user_policies(principal: Principal) -> Iterator[Policy]:
    arn = Arn.parse(principal.arn)
    backend = _backend(principal.account, arn.partition)
    user = backend.users[arn.resource.rpartition("/")[2]]
    yield from _attached(f"identity/{user.name}", user)
    for group in backend.groups.values():
        if user in group.users:
            yield from _attached(f"identity/{group.name}", group)


def _attached(prefix: str, owner: Any) -> Iterator[Policy]:  # noqa: ANN401 - moto's own
    for name, document in owner.policies.items():
        yield compiled(document, f"{prefix}/{name}", Kind.IDENTITY)
    for policy in owner.managed_policies.values():
        yield compiled(_text(policy), f"{prefix}/{policy.name}", Kind.IDENTITY)


def _boundary(backend: Any, arn: str | None) -> Policy | None:  # noqa: ANN401 - moto's own
    if not arn:
        return None
    policy = backend.managed_policies.get(arn)
    if policy is None:
        raise PolicyInvalidError(f"the permissions boundary `{arn}` doesn't exist")
    return compiled(_text(policy), f"boundary/{policy.name}", Kind.BOUNDARY)


def _text(policy: Any) -> str:  # noqa: ANN401 - moto's own
    for version in policy.versions:
        if version.version_id == policy.default_version_id:
            return str(version.document)
    raise PolicyInvalidError(f"the policy `{policy.name}` has no default version")


def _pairs(tags: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - moto's own
    # moto keeps tags as a list, or as a map of the same by key.
    for tag in tags.values() if isinstance(tags, dict) else tags:
        yield str(tag["Key"]), str(tag["Value"])
