"""The control plane of Amazon Bedrock AgentCore: which ARN each operation asks about.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonbedrockagentcore.html
"""

from __future__ import annotations

from dataclasses import replace

from tenantctl.local.recognise.rules import Table, table

_ENGINE = "policy-engine/{policyEngineId}"
_POLICY = f"{_ENGINE} {_ENGINE}/policy/{{policyId}}"
_GENERATION = f"{_ENGINE} {_ENGINE}/policy-generation/{{policyGenerationId}}"
_RUNTIME = "runtime/{agentRuntimeId}"
_DIRECTORY = "workload-identity-directory/default"
_IDENTITY = f"{_DIRECTORY} {_DIRECTORY}/workload-identity/{{name}}"

_PLAIN = table(
    "bedrock-agentcore",
    {
        # Creation and listing have no resource type in the reference: the ARN doesn't exist yet.
        "*": """
            CreateAgentRuntime CreateGateway CreateMemory CreatePolicyEngine
            ListAgentRuntimeEndpoints ListAgentRuntimes ListAgentRuntimeVersions ListGateways
            ListMemories ListPolicyEngines ListPolicyEngineSummaries
        """,
        "memory/{memoryId}": "DeleteMemory GetMemory UpdateMemory",
        "gateway/{gatewayIdentifier}": """
            BatchPutGatewayRateLimits CreateGatewayRateLimit CreateGatewayRule CreateGatewayTarget
            DeleteGateway DeleteGatewayRateLimit DeleteGatewayRule DeleteGatewayTarget GetGateway
            GetGatewayRateLimit GetGatewayRule GetGatewayTarget ListGatewayRateLimits
            ListGatewayRules ListGatewayTargets SynchronizeGatewayTargets UpdateGateway
            UpdateGatewayRateLimit UpdateGatewayRule UpdateGatewayTarget
        """,
        _ENGINE: """
            CreatePolicy DeletePolicyEngine GetPolicyEngine GetPolicyEngineSummary ListPolicies
            ListPolicyGenerations ListPolicyGenerationSummaries ListPolicySummaries
            StartPolicyGeneration UpdatePolicyEngine
        """,
        _POLICY: "DeletePolicy GetPolicy GetPolicySummary UpdatePolicy",
        _GENERATION: "GetPolicyGeneration GetPolicyGenerationSummary ListPolicyGenerationAssets",
        _RUNTIME: """
            CreateAgentRuntimeEndpoint DeleteAgentRuntime GetAgentRuntime UpdateAgentRuntime
        """,
        f"{_RUNTIME} {_RUNTIME}/runtime-endpoint/{{endpointName}}": """
            DeleteAgentRuntimeEndpoint GetAgentRuntimeEndpoint UpdateAgentRuntimeEndpoint
        """,
        _IDENTITY: """
            CreateWorkloadIdentity DeleteWorkloadIdentity GetWorkloadIdentity UpdateWorkloadIdentity
        """,
        _DIRECTORY: "ListWorkloadIdentities",
        "{resourceArn}": """
            DeleteResourcePolicy GetResourcePolicy ListTagsForResource PutResourcePolicy TagResource
            UntagResource
        """,
    },
)

# The service acts in these roles from then on, so whoever names one must be allowed to pass it.
_PASSES = {
    "CreateAgentRuntime": "roleArn",
    "CreateGateway": "roleArn",
    "CreateMemory": "memoryExecutionRoleArn",
    "UpdateAgentRuntime": "roleArn",
    "UpdateGateway": "roleArn",
    "UpdateMemory": "memoryExecutionRoleArn",
}

_NETWORK = "networkConfiguration.networkModeConfig"
_PLACED = (
    ("bedrock-agentcore:securitygroups", f"{_NETWORK}.securityGroups"),
    ("bedrock-agentcore:subnets", f"{_NETWORK}.subnets"),
)
# `bedrock-agentcore:RuntimeAuthorizerType` stays absent: AWS doesn't say which values it has.
_KEYS = {
    "CreateAgentRuntime": _PLACED,
    "CreateMemory": (("bedrock-agentcore:kmskeyarn", "encryptionKeyArn"),),
    "UpdateAgentRuntime": _PLACED,
}

AGENTCORE_CONTROL: Table = _PLAIN | {
    operation: replace(
        _PLAIN[operation],
        passes=(role,),
        to="bedrock-agentcore.amazonaws.com",
        keys=_KEYS.get(operation, ()),
    )
    for operation, role in _PASSES.items()
}
