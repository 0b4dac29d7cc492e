"""IAM: rules for its operations, and the condition keys that guard against widening one's power.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tenantctl.local.call import Call, Check, Facts
from tenantctl.local.recognise.rules import Table, table, unrecognised

IAM: Table = table(
    "iam",
    {
        "role/{RoleName}": """
            AttachRolePolicy CreateRole DeleteRole DeleteRolePermissionsBoundary DeleteRolePolicy
            DetachRolePolicy GetRole GetRolePolicy ListAttachedRolePolicies
            ListInstanceProfilesForRole ListRolePolicies ListRoleTags PutRolePermissionsBoundary
            PutRolePolicy TagRole UntagRole UpdateAssumeRolePolicy UpdateRole UpdateRoleDescription
        """,
        "user/{UserName}": """
            AttachUserPolicy CreateAccessKey CreateLoginProfile CreateUser DeleteAccessKey
            DeleteLoginProfile DeleteUser DeleteUserPolicy DetachUserPolicy GetLoginProfile GetUser
            GetUserPolicy ListAccessKeys ListAttachedUserPolicies ListGroupsForUser
            ListUserPolicies ListUserTags PutUserPermissionsBoundary PutUserPolicy TagUser
            UntagUser UpdateAccessKey UpdateLoginProfile
        """,
        "group/{GroupName}": """
            AddUserToGroup AttachGroupPolicy CreateGroup DeleteGroup DeleteGroupPolicy
            DetachGroupPolicy GetGroup GetGroupPolicy ListAttachedGroupPolicies ListGroupPolicies
            PutGroupPolicy RemoveUserFromGroup
        """,
        "policy/{PolicyName}": "CreatePolicy",
        "{PolicyArn}": """
            CreatePolicyVersion DeletePolicy DeletePolicyVersion GetPolicy GetPolicyVersion
            ListEntitiesForPolicy ListPolicyTags ListPolicyVersions SetDefaultPolicyVersion
            TagPolicy UntagPolicy
        """,
        "{OpenIDConnectProviderArn}": "DeleteOpenIDConnectProvider GetOpenIDConnectProvider",
        "*": """
            GetAccountAuthorizationDetails GetAccountPasswordPolicy GetAccountSummary
            ListAccountAliases ListGroups ListInstanceProfiles ListOpenIDConnectProviders
            ListPolicies ListRoles ListSAMLProviders ListUsers ListVirtualMFADevices
            UpdateAccountPasswordPolicy
        """,
    },
)


# Whoever tags what it creates must be allowed to tag it.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
_TAGGING: Mapping[str, str] = {
    "CreatePolicy": "iam:TagPolicy",
    "CreateRole": "iam:TagRole",
    "CreateUser": "iam:TagUser",
}


def recognise(call: Call, _facts: Facts) -> tuple[Check, ...] | None:
    """The table's check, with the policy that is attached and the boundary that is set.

    Roles, users and policies with a path are refused at their creation: a later call names them
    without it, and their ARN couldn't be told.
    """
    params = call.params
    rule = IAM.get(call.operation)
    if rule is None:
        return None
    if call.operation.startswith("Create") and params.get("Path", "/") != "/":
        raise unrecognised(call, "paths aren't modelled")
    context: dict[str, tuple[str, ...]] = {}
    if call.operation.startswith(("Attach", "Detach")):
        context["iam:policyarn"] = (str(params.get("PolicyArn", "")),)
    if params.get("PermissionsBoundary"):
        context["iam:permissionsboundary"] = (str(params["PermissionsBoundary"]),)
    checks = [replace(check, context={**check.context, **context}) for check in rule.checks(call)]
    tagging = _TAGGING.get(call.operation)
    if tagging is not None and params.get("Tags"):
        checks += (replace(check, action=tagging) for check in rule.checks(call))
    return tuple(checks)
