"""Ask every policy that has a say about every check of a call; the first refusal ends it."""

from __future__ import annotations

import json
from collections.abc import Mapping

from tenantctl.errors import PolicyInvalidError
from tenantctl.iam.decision import Decision, Verdict
from tenantctl.iam.evaluate import Policies, evaluate
from tenantctl.iam.policy import Kind, Policy
from tenantctl.iam.request import Context, PrincipalKind, Request
from tenantctl.local.call import Call, Check, Facts
from tenantctl.local.facts import bucket_owner
from tenantctl.local.failure import Failure, RefusedError
from tenantctl.local.principals import Caller, compiled, iso, policies_of, trust_policy
from tenantctl.local.sts import service as sts
from tenantctl.local.wire.incoming import Incoming

_KINDS = {
    "identity": "an identity-based policy",
    "boundary": "a permissions boundary",
    "session": "a session policy",
    "resource": "a resource-based policy",
    "trust": "a resource-based policy",
}


def request_context(request: Incoming, call: Call, now: float) -> Context:
    """The condition keys that every request has, whoever makes it.

    The source address is this machine's and the transport counts as secure: what isn't here
    (TLS, other networks) can't be tried here.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    """
    found = {
        "aws:currenttime": (iso(now),),
        "aws:epochtime": (str(int(now)),),
        "aws:securetransport": ("true",),
        "aws:sourceip": ("127.0.0.1",),
        "aws:requestedregion": (call.region,),
        "aws:resourceaccount": (call.account,),
        "aws:viaawsservice": ("false",),
    }
    for header, key in (("user-agent", "aws:useragent"), ("referer", "aws:referer")):
        if header in request.headers:
            found[key] = (request.headers[header],)
    return found


def authorize(
    call: Call, who: Caller, checks: tuple[Check, ...], facts: Facts, context: Context
) -> None:
    """Let pass what the policies allow; `context` are the keys of the request and its caller.

    Raises `RefusedError` in the words of AWS for the first check that isn't allowed, and for a
    policy that can't be read: what isn't understood allows nothing.
    """
    if not checks:
        return
    try:
        own = policies_of(who)
        for check in checks:
            request = Request(
                who.principal, check.action, check.resource, {**context, **check.context}
            )
            policies = _with_resource(own, _resource_policy(call, check, facts))
            decision = evaluate(request, policies)
            if not decision.allowed:
                raise RefusedError(Failure.DENIED, _message(who, check, decision))
    except PolicyInvalidError as error:
        raise RefusedError(
            Failure.DENIED, f"a policy that has a say can't be read: {error}"
        ) from error


def _with_resource(own: Policies, resource: Policy | None) -> Policies:
    if resource is None:
        return own
    return Policies(own.identity, own.boundary, own.session, resource)


def _resource_policy(call: Call, check: Check, facts: Facts) -> Policy | None:
    if call.service == "s3" and ":s3:::" in check.resource:
        bucket = check.resource.partition(":s3:::")[2].partition("/")[0]
        if bucket_owner(bucket) not in {None, call.account} and call.operation != "CreateBucket":
            # moto would serve it: buckets' names are everybody's. Sharing isn't modelled.
            raise RefusedError(Failure.DENIED, "Access Denied")
        document = facts.bucket_policy(bucket)
        return compiled(document, f"resource/{bucket}", Kind.RESOURCE) if document else None
    if call.service == "sts":
        role = sts.role_named(check.resource)
        if role is None:
            # A role that doesn't exist trusts nobody; its absence isn't told.
            return _nobody()
        return trust_policy(role)
    return None


def _nobody() -> Policy:
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sts:*",
    }
    document = {"Version": "2012-10-17", "Statement": [statement]}
    return compiled(json.dumps(document), "trust/none", Kind.TRUST)


def _message(who: Caller, check: Check, decision: Decision) -> str:
    """AWS's wording.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
    """
    if who.principal.kind is PrincipalKind.ANONYMOUS:
        return "Access Denied"
    text = (
        f"User: {who.principal.arn} is not authorized to perform: {check.action} "
        f"on resource: {check.resource}"
    )
    if decision.verdict is Verdict.EXPLICIT_DENY:
        if decision.decided_by and decision.decided_by[0].document == "trust/none":
            return text
        return f"{text} with an explicit deny in {_kind(decision)}"
    if check.action.startswith("sts:"):
        return text
    return f"{text} because no identity-based policy allows the {check.action} action"


def _kind(decision: Decision) -> str:
    kinds: Mapping[str, str] = _KINDS
    name = decision.decided_by[0].document if decision.decided_by else "identity"
    return kinds.get(name.partition("/")[0], "a policy")
