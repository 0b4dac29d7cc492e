"""Where AgentCore Runtime starts the agent: the entry point of its direct code deployment.

https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/runtime-get-started-code-deploy-python.html
"""

from __future__ import annotations

import os

from agent.agent import Agent
from agent.server import serve

if __name__ == "__main__":
    serve(Agent.of(os.environ))
