"""tenantctl: the life of a tenant on Amazon Bedrock AgentCore, and the proof of its isolation."""

__version__ = "0.1.0"
