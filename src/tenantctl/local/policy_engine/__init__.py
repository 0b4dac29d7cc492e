"""The policy-engine API of bedrock-agentcore-control, which moto lacks."""
