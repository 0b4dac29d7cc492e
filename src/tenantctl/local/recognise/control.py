"""Operations that are an action on one ARN, by service: data from AWS's reference, not code.

Each entry is `{resource: "Operation Operation:Action …"}`; see `rules.table`. Source, a page for
each service: https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tenantctl.local.recognise.agentcore import AGENTCORE_CONTROL
from tenantctl.local.recognise.dynamodb.streams import STREAMS
from tenantctl.local.recognise.functions import LAMBDA
from tenantctl.local.recognise.iam import IAM
from tenantctl.local.recognise.rules import Table, table

# Operations that carry a client id or an access token have no permission of their own: botocore
# leaves them unsigned, and the pool's own rules decide.
_COGNITO_UNSIGNED = """
AssociateSoftwareToken ChangePassword ConfirmForgotPassword ConfirmSignUp DeleteUser
DeleteUserAttributes ForgotPassword GetTokensFromRefreshToken GetUser
GetUserAttributeVerificationCode GlobalSignOut InitiateAuth ResendConfirmationCode
RespondToAuthChallenge RevokeToken SetUserMFAPreference SignUp UpdateUserAttributes
VerifySoftwareToken VerifyUserAttribute
"""

COGNITO = table(
    "cognito-idp",
    {
        "userpool/{UserPoolId}": """
            AddCustomAttributes AdminAddUserToGroup AdminConfirmSignUp AdminCreateUser
            AdminDeleteUser AdminDeleteUserAttributes AdminDisableUser AdminEnableUser AdminGetUser
            AdminInitiateAuth AdminListGroupsForUser AdminRemoveUserFromGroup
            AdminResetUserPassword AdminRespondToAuthChallenge AdminSetUserMFAPreference
            AdminSetUserPassword AdminUpdateUserAttributes AdminUserGlobalSignOut CreateGroup
            CreateIdentityProvider CreateResourceServer CreateUserPoolClient CreateUserPoolDomain
            DeleteGroup DeleteIdentityProvider DeleteResourceServer DeleteUserPool
            DeleteUserPoolClient DeleteUserPoolDomain DescribeIdentityProvider
            DescribeResourceServer DescribeUserPool DescribeUserPoolClient GetGroup
            GetUserPoolMfaConfig ListGroups ListIdentityProviders ListResourceServers
            ListUserPoolClients ListUsers ListUsersInGroup SetUserPoolMfaConfig UpdateGroup
            UpdateIdentityProvider UpdateResourceServer UpdateUserPool UpdateUserPoolClient
            UpdateUserPoolDomain
        """,
        "{ResourceArn}": "ListTagsForResource TagResource UntagResource",
        "*": "CreateUserPool DescribeUserPoolDomain ListUserPools",
        None: _COGNITO_UNSIGNED,
    },
)

KMS = table(
    "kms",
    {
        "*": "CreateKey GenerateRandom ListAliases ListKeys",
        "key/{KeyId}": "DescribeKey DisableKey EnableKey EnableKeyRotation GetKeyPolicy"
        " GetKeyRotationStatus ListResourceTags PutKeyPolicy ScheduleKeyDeletion TagResource"
        " UntagResource",
    },
)

_STATE_MACHINES = table(
    "states",
    {
        "stateMachine:{name}": "CreateStateMachine",
        "{stateMachineArn}": "DeleteStateMachine DescribeStateMachine ListExecutions"
        " StartExecution UpdateStateMachine",
        "{executionArn}": "DescribeExecution GetExecutionHistory ListMapRuns StopExecution",
        "{mapRunArn}": "DescribeMapRun UpdateMapRun",
        "{resourceArn}": "ListTagsForResource TagResource UntagResource",
        "*": "ListStateMachines",
    },
)

STATES = _STATE_MACHINES | {
    operation: replace(_STATE_MACHINES[operation], passes=("roleArn",), to="states.amazonaws.com")
    for operation in ("CreateStateMachine", "UpdateStateMachine")
}

_VECTOR_BUCKET = "bucket/{vectorBucketName}"

VECTORS = table(
    "s3vectors",
    {
        _VECTOR_BUCKET: "CreateVectorBucket DeleteVectorBucket GetVectorBucket ListIndexes",
        f"{_VECTOR_BUCKET}/index/{{indexName}}": "CreateIndex DeleteIndex GetIndex",
        "{resourceArn}": "ListTagsForResource TagResource UntagResource",
        "*": "ListVectorBuckets",
    },
)

CONTROL: Mapping[str, Table] = {
    "bedrock-agentcore-control": AGENTCORE_CONTROL,
    "cognito-idp": COGNITO,
    "dynamodbstreams": STREAMS,
    "iam": IAM,
    "kms": KMS,
    "lambda": LAMBDA,
    "s3vectors": VECTORS,
    "stepfunctions": STATES,
}
