"""AgentCore's control plane: gateways, targets, rate limits, runtimes and memories.

moto has some of them, with other ids, without much of their configuration and without updates
that replace; so the embedded cloud keeps them itself.
"""
