"""What AgentCore refuses in policies and what their engineers regret, as rules."""
