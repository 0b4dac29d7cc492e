"""STS: what the caller needs to take on a role.

The role's trust policy is asked elsewhere, with the same context; these are the questions that
the caller's own policies answer.
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html
"""

from __future__ import annotations

from tenantctl.iam.request import Context
from tenantctl.local.call import Call, Check, Facts
from tenantctl.local.recognise.rules import unrecognised
from tenantctl.local.recognise.tags import pairs_context, request_tags


def assume_role_context(call: Call) -> Context:
    """The condition keys that an AssumeRole request carries, for caller and trust policy alike."""
    params = call.params
    context: dict[str, tuple[str, ...]] = {}
    if params.get("Tags"):
        context |= pairs_context(request_tags(params["Tags"]))
    if params.get("TransitiveTagKeys"):
        context["sts:transitivetagkeys"] = tuple(map(str, params["TransitiveTagKeys"]))
    for name, key in (
        ("RoleSessionName", "sts:rolesessionname"),
        ("SourceIdentity", "sts:sourceidentity"),
        ("ExternalId", "sts:externalid"),
    ):
        if params.get(name):
            context[key] = (str(params[name]),)
    return context


def recognise(call: Call, _facts: Facts) -> tuple[Check, ...] | None:
    """AssumeRole is also TagSession where it passes tags, and SetSourceIdentity where it sets one.

    GetCallerIdentity needs no permission: it answers even where a policy denies it.
    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
    """
    if call.operation == "GetCallerIdentity":
        return ()
    if call.operation != "AssumeRole":
        return None
    role = call.params.get("RoleArn")
    if not isinstance(role, str) or not role:
        raise unrecognised(call, "no role is named")
    context = assume_role_context(call)
    actions = ["sts:AssumeRole"]
    if call.params.get("Tags") or call.params.get("TransitiveTagKeys"):
        actions.append("sts:TagSession")
    if call.params.get("SourceIdentity"):
        actions.append("sts:SetSourceIdentity")
    return tuple(Check(action, role, context) for action in actions)
