"""What a gateway's answer says: the tool's result, or who refused; anything else is unclear.

The gateway words a refusal by policy as a tool's error or as a JSON-RPC error of code -32002, with
the same text. A refusal by its authorizer is HTTP's 401 or 403.
https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/use-gateway-with-policy.html
https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/gateway-inbound-auth.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus

from tenantctl.probes.gateway.client import Reply, json_of
from tenantctl.probes.probe import RefusedError, UnclearError

POLICY_TEXT = "Tool call not allowed due to policy enforcement"
INTERCEPTOR_CODE = -32003
"""The code with which our interceptor ends a request: templates/lambda/interceptor/answers.py."""

_MALFORMED = frozenset({-32700, -32600, -32602})
"""JSON-RPC's codes for a message, a request or parameters that can't be.
https://www.jsonrpc.org/specification#error_object
"""

_SHOWN = 160


class By(StrEnum):
    """Where a call ended."""

    RESULT = "result"
    AUTHORIZER = "the authorizer"
    INTERCEPTOR = "the interceptor"
    POLICY = "the policy engine"
    IAM = "IAM, inside the tool"
    TOOL = "the tool"
    FORM = "the gateway, as malformed"
    UNCLEAR = "unclear"


_TOOL_CODES: Mapping[str, By] = {
    "AccessDenied": By.IAM,
    "NotFound": By.TOOL,
    "InvalidInput": By.TOOL,
    "NoIdentity": By.TOOL,
}
"""The tools' own codes (templates/lambda/tools/failure.py) that say no; the others fail."""

REFUSALS = frozenset({By.AUTHORIZER, By.INTERCEPTOR, By.POLICY, By.IAM, By.TOOL})


@dataclass(frozen=True, slots=True)
class Answer:
    """A call's end; `content` is what came back, in JSON's types, where it is a result."""

    by: By
    said: str = field(repr=False)
    content: object = field(repr=False, default=None)

    def must(self, *, malformed: bool = False) -> object:
        """The content of a result; raises `RefusedError` or `UnclearError` for any other end.

        `malformed` says that the request is malformed on purpose: refusing it as such is then
        the refusal that was looked for.
        """
        if self.by is By.RESULT:
            return self.content
        if self.by in REFUSALS or (malformed and self.by is By.FORM):
            raise RefusedError(f"refused by {self.by}: {self.said}")
        raise UnclearError(f"the gateway answered {self.said}")


def sort(reply: Reply) -> Answer:
    """Read an answer."""
    read = json_of(reply)
    told = read if isinstance(read, Mapping) else {}
    error = told.get("error")
    if isinstance(error, Mapping):
        return _failed(reply.status, error)
    if reply.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return Answer(By.AUTHORIZER, f"HTTP {reply.status}")
    if reply.status == HTTPStatus.BAD_REQUEST:
        return Answer(By.FORM, f"HTTP {reply.status}")
    if reply.status != HTTPStatus.OK or "result" not in told:
        return Answer(By.UNCLEAR, f"HTTP {reply.status}")
    return _result(told["result"])


def _failed(status: int, error: Mapping[str, object]) -> Answer:
    code, text = error.get("code"), str(error.get("message"))
    said = f"HTTP {status}, {_shown(code)}: {_shown(text)}"
    if POLICY_TEXT in text:
        return Answer(By.POLICY, said)
    if status == HTTPStatus.FORBIDDEN and code == INTERCEPTOR_CODE:
        return Answer(By.INTERCEPTOR, said)
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return Answer(By.AUTHORIZER, said)
    # A tool that isn't there shows nothing of who may call it.
    if code in _MALFORMED and "unknown tool" not in text.lower():
        return Answer(By.FORM, said)
    return Answer(By.UNCLEAR, said)


def _result(result: object) -> Answer:
    if not isinstance(result, Mapping):
        return Answer(By.UNCLEAR, "a result that is no object")
    text = _text(result)
    if result.get("isError") is True:
        by = By.POLICY if POLICY_TEXT in text else By.UNCLEAR
        return Answer(by, _shown(text))
    if "content" not in result:
        return Answer(By.RESULT, "a result", result)
    try:
        content: object = json.loads(text)
    except (ValueError, RecursionError):
        return Answer(By.UNCLEAR, "a text that isn't JSON")
    told = content.get("error") if isinstance(content, Mapping) else None
    if isinstance(told, Mapping):
        said = f"{_shown(told.get('code'))}: {_shown(told.get('message'))}"
        return Answer(_TOOL_CODES.get(str(told.get("code")), By.UNCLEAR), said)
    return Answer(By.RESULT, "a result", content)


def _text(result: Mapping[str, object]) -> str:
    parts = result.get("content")
    texts = parts if isinstance(parts, list) else []
    return "".join(str(p.get("text", "")) for p in texts if isinstance(p, Mapping))


def _shown(value: object) -> str:
    """A text of the other side's, short and on one line."""
    return " ".join("".join(c if c.isprintable() else " " for c in str(value)).split())[:_SHOWN]
