"""What the agent does: one tool call per invocation, as the user whose token came with it.

There is no model in it. What it may reach is decided behind the gateway, by the token alone: a
payload that names a clinic or a tier changes nothing.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agent.bearer import bearer
from agent.failure import AgentError
from agent.gateway import Gateway


@dataclass(slots=True)
class Agent:
    """The agent of one session; `tools` are the gateway's names by the tools' own.

    AgentCore gives each session a machine of its own, but doesn't say whose it is: who knows a
    session's id may call on it. So it belongs to the first user whom it sees, and to no other.
    https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/runtime-sessions.html
    """

    gateway: Gateway
    user_claim: str
    tools: Mapping[str, str]
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _user: tuple[str, str] | None = field(default=None, repr=False)

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Agent:
        """The agent that a runtime's variables describe."""
        return cls(
            Gateway(environment["TENANTCTL_GATEWAY_URL"]),
            environment["TENANTCTL_USER_CLAIM"],
            json.loads(environment["TENANTCTL_TOOLS"]),
        )

    def invoke(self, payload: object, authorization: Sequence[str]) -> dict[str, object]:
        """The answer to one payload; `authorization` are the headers of that name."""
        try:
            caller = bearer(authorization, self.user_claim)
            self._claim(caller.user)
            return self._answer(payload, caller.authorization)
        except AgentError as error:
            return error.answer

    def _claim(self, user: tuple[str, str]) -> None:
        with self._lock:
            self._user = self._user or user
            if self._user != user:
                raise AgentError("OtherUser", "the session is another user's")

    def _answer(self, payload: object, authorization: str) -> dict[str, object]:
        if not isinstance(payload, Mapping):
            raise AgentError("InvalidInput", "the payload is no JSON object")
        if "tool" in payload:
            return self._call(payload["tool"], payload.get("arguments", {}), authorization)
        if payload.get("list") == "tools":
            listed = self.gateway.tools(authorization)
            return {"tools": [{k: t.get(k) for k in ("name", "description")} for t in listed]}
        if "prompt" in payload:
            raise AgentError(
                "NoModel", "this agent has no model; name a `tool` and its `arguments`"
            )
        raise AgentError("InvalidInput", 'the payload names no `tool`, and asks for no `"list"`')

    def _call(self, tool: object, arguments: object, authorization: str) -> dict[str, object]:
        if not isinstance(tool, str) or not tool:
            raise AgentError("InvalidInput", "`tool` is no name")
        if not isinstance(arguments, Mapping):
            raise AgentError("InvalidInput", "`arguments` is no JSON object")
        result = self.gateway.call(authorization, self.tools.get(tool, tool), arguments)
        found = _content(result)
        if result.get("isError"):
            message = found if isinstance(found, str) else json.dumps(found)
            raise AgentError("Refused", message)
        return {"tool": tool, "result": found}


def _content(result: Mapping[str, object]) -> object:
    """What the tool said: its structured content, or its texts, read as JSON where they are."""
    if result.get("structuredContent") is not None:
        return result["structuredContent"]
    content = result.get("content")
    parts = content if isinstance(content, list) else []
    text = "\n".join(
        str(part.get("text", ""))
        for part in parts
        if isinstance(part, Mapping) and part.get("type") == "text"
    )
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
