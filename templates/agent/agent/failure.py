"""Why the agent has no answer, in words for its caller; no text holds a token."""

from __future__ import annotations


class AgentError(Exception):
    """The invocation ends without a result. `code` is for programs, the text for readers."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code

    @property
    def answer(self) -> dict[str, object]:
        """What the agent answers.

        Its status is 200, because AgentCore shows callers nothing of other answers' bodies.
        """
        return {"error": {"code": self.code, "message": str(self)}}
