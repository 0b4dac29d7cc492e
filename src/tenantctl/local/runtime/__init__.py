"""AgentCore Runtime's data plane: agents as processes of this machine, one for each session."""
