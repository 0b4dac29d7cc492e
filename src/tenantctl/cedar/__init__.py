"""Cedar as AgentCore speaks it: render, parse and validate policies; pure."""
