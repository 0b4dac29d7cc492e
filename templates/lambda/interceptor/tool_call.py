"""A tool call's input: the clock's inputs are ours, whatever the caller sent.

Other requests (`tools/list`, `initialize`, notifications) pass as they are.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from interceptor.answers import RefusedError
from shared.clinic_clock import HOUR_INPUT, WEEKDAY_INPUT

_CALL = "tools/call"
_METHOD = re.compile(r"[A-Za-z_]+(?:/[A-Za-z_]+)*", re.ASCII)
_CLOCK = frozenset({HOUR_INPUT, WEEKDAY_INPUT})


def checked(body: object) -> Mapping[str, object]:
    """The body, if it is one JSON-RPC message; raises `RefusedError`.

    A batch is refused: MCP has none since 2025-06-18, and a call inside one must not slip through.
    """
    if isinstance(body, list):
        raise RefusedError(400, "batches aren't supported; send one message a request")
    if not isinstance(body, Mapping):
        raise RefusedError(400, "the body is no JSON-RPC message")
    method = body.get("method")
    if not isinstance(method, str) or _METHOD.fullmatch(method) is None:
        raise RefusedError(400, "the message names no method")
    if method != _CALL and method.casefold() == _CALL:
        raise RefusedError(400, f"the method is spelt `{_CALL}`")
    return body


def with_clock(
    body: Mapping[str, object], clocked: Collection[str], clock: Mapping[str, object]
) -> Mapping[str, object]:
    """A message with the clinic's time in it, where it calls a tool that declares it.

    `clocked` are the tools that do, as the gateway names them: `target___tool`. From the input of
    any other tool the clock's inputs are dropped. Raises `RefusedError`.
    """
    if body["method"] != _CALL:
        return body
    params = body.get("params")
    if not isinstance(params, Mapping) or not isinstance(params.get("name"), str):
        raise RefusedError(400, "the call names no tool")
    given = params.get("arguments")
    if given is None:
        given = {}
    if not isinstance(given, Mapping):
        raise RefusedError(400, "the call's arguments are no object")
    arguments = {name: value for name, value in given.items() if name not in _CLOCK}
    if params["name"] in clocked:
        arguments.update(clock)
    return {**body, "params": {**params, "arguments": arguments}}
