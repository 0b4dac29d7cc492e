"""STS of the embedded cloud: moto's forgets tags, and never asks whether a role exists.

Whether the caller may assume the role, tag the session and set its source identity has been
decided before these functions run: the role's trust policy is evaluated with the caller's own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tenantctl.domain.arn import Arn
from tenantctl.errors import PolicyInvalidError, UsageError
from tenantctl.iam.policy import Kind
from tenantctl.iam.request import PrincipalKind
from tenantctl.local.call import Call, Check, ServiceError
from tenantctl.local.principals import Caller, compiled, find_role, managed_document
from tenantctl.local.sts import rules as sts_rules
from tenantctl.local.sts.session import Session, new_access_key, seal, secret_of

OPERATIONS = frozenset({"AssumeRole", "GetCallerIdentity"})


def role_named(arn_text: str) -> Any | None:  # noqa: ANN401 - moto's own
    """The role of an ARN, with its path; `None` where there is none."""
    try:
        arn = Arn.parse(arn_text)
    except UsageError:
        return None
    kind, _, path = arn.resource.partition("/")
    if arn.service != "iam" or arn.region or kind != "role":
        return None
    role = find_role(arn.account, path.rpartition("/")[2], arn.partition)
    return role if role is not None and role.arn == arn_text else None


def inherited_checks(call: Call, who: Caller) -> tuple[Check, ...]:
    """What a chained session needs besides: tags and identity that are handed down are set anew.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_role-chaining
    """
    session = who.session
    if session is None or call.operation != "AssumeRole":
        return ()
    role = str(call.params.get("RoleArn", ""))
    checks = []
    if session.transitive and not call.params.get("Tags"):
        checks.append(Check("sts:TagSession", role))
    if session.source_identity and not call.params.get("SourceIdentity"):
        context = {"sts:sourceidentity": (session.source_identity,)}
        checks.append(Check("sts:SetSourceIdentity", role, context))
    return tuple(checks)


def handle(call: Call, who: Caller, *, key: bytes, now: float) -> dict[str, Any]:
    """The answer of an operation, in the shape of its output; raises `ServiceError`."""
    if call.operation == "GetCallerIdentity":
        return _identity(who)
    return _assume_role(call, who, key, int(now))


def check_request(call: Call, who: Caller) -> None:
    """Refuse what STS refuses before it asks a policy; raises `ServiceError`."""
    if call.operation == "AssumeRole":
        sts_rules.check_names(call.params)
        passed, _ = sts_rules.requested_tags(call.params, who.session)
        sts_rules.transitive_keys(call.params, passed)


def _identity(who: Caller) -> dict[str, Any]:
    if who.principal.kind not in {PrincipalKind.USER, PrincipalKind.SESSION}:
        raise ServiceError("AccessDenied", "Only users and sessions have an identity", 403)
    return {"UserId": who.user_id, "Account": who.principal.account, "Arn": who.principal.arn}


def _assume_role(call: Call, who: Caller, key: bytes, now: int) -> dict[str, Any]:
    params = call.params
    role = role_named(str(params.get("RoleArn", "")))
    if role is None:  # the trust policy was evaluated, so it was there a moment ago
        raise ServiceError("AccessDenied", "The role doesn't exist", 403)
    passed, inherited = sts_rules.requested_tags(params, who.session)
    policies = _session_policies(params, who)
    length = sts_rules.seconds(
        params, longest=int(role.max_session_duration or 3600), chained=who.session is not None
    )
    arn = Arn.parse(role.arn)
    session = Session(
        access_key=new_access_key("ASIA"),
        partition=arn.partition,
        account=arn.account,
        role_name=role.name,
        role_id=role.id,
        name=params["RoleSessionName"],
        issued=now,
        expires=now + length,
        tags=(*inherited, *passed),
        transitive=(*(k for k, _ in inherited), *sts_rules.transitive_keys(params, passed)),
        source_identity=_source_identity(params, who.session),
        policy=_merged(policies),
    )
    percent = sts_rules.packed_percent(policies, (*inherited, *passed))
    token = seal(session, key)
    return {
        "Credentials": {
            "AccessKeyId": session.access_key,
            "SecretAccessKey": secret_of(token, key),
            "SessionToken": token,
            "Expiration": datetime.fromtimestamp(session.expires, UTC).replace(tzinfo=None),
        },
        "AssumedRoleUser": {"AssumedRoleId": session.user_id, "Arn": session.arn},
        **({"PackedPolicySize": percent} if percent else {}),
        **({"SourceIdentity": session.source_identity} if session.source_identity else {}),
    }


def _source_identity(params: Mapping[str, Any], caller: Session | None) -> str | None:
    wanted: str | None = params.get("SourceIdentity")
    had = caller.source_identity if caller is not None else None
    if had and wanted and had != wanted:
        raise ServiceError("AccessDenied", "The source identity of a session can't be changed", 403)
    return had or wanted


def _session_policies(params: Mapping[str, Any], who: Caller) -> tuple[str, ...]:
    inline = params.get("Policy")
    if inline is not None and len(inline) > sts_rules.MAX_POLICY:
        raise sts_rules.invalid(f"Policy may have up to {sts_rules.MAX_POLICY} characters")
    arns = [str(p.get("arn", "")) for p in params.get("PolicyArns") or ()]
    if len(arns) > sts_rules.MAX_POLICY_ARNS:
        raise sts_rules.invalid(f"up to {sts_rules.MAX_POLICY_ARNS} PolicyArns can be passed")
    found = [managed_document(who.principal.account, arn) for arn in arns]
    return tuple(([inline] if inline is not None else []) + found)


def _merged(policies: tuple[str, ...]) -> str | None:
    """One document of all: session policies are one set, whose allows add up."""
    for text in policies:
        try:
            compiled(text, "session", Kind.SESSION)
        except PolicyInvalidError as error:
            raise ServiceError("MalformedPolicyDocument", str(error)) from error
    if len(policies) < 2:  # noqa: PLR2004 - nothing to merge
        return policies[0] if policies else None
    documents = [json.loads(text) for text in policies]
    versions = {document.get("Version", "2008-10-17") for document in documents}
    if len(versions) > 1:
        # Variables mean something in one version and are text in the other.
        raise ServiceError("MalformedPolicyDocument", "Session policies must be of one Version")
    statements: list[Any] = []
    for document in documents:
        found = document["Statement"]
        statements += found if isinstance(found, list) else [found]
    for statement in statements:
        statement.pop("Sid", None)  # unique in a document, not among several
    return json.dumps({"Version": versions.pop(), "Statement": statements})
