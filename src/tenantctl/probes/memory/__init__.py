"""Ways into another tenant's conversations and records in an AgentCore memory."""
