"""Why a tool has no answer, in words for the agent; what AWS said stays in the log."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})

_log = logging.getLogger(__name__)


class ToolError(Exception):
    """The call ends without an answer. `code` is for programs, the text for readers."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code

    @property
    def answer(self) -> dict[str, object]:
        """What the tool returns."""
        return {"error": {"code": self.code, "message": str(self)}}


@contextmanager
def translated(what: str) -> Iterator[None]:
    """AWS's failures while `what` is being done, as `ToolError`."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        code = error.response["Error"].get("Code", "")
        _log.warning("%s: %s", what, code)
        if code in _DENIED:
            raise ToolError("AccessDenied", f"{what} was refused") from error
        raise ToolError("Unavailable", f"{what} failed") from error
    except BotoCoreError as error:
        _log.warning("%s: %s", what, type(error).__name__)
        raise ToolError("Unavailable", f"{what} failed") from error
