"""AgentCore Memory's data plane: events and records of memories, which moto mostly lacks."""
