"""Why no permit let a call through: for each that speaks of it, the parts that don't hold."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from tenantctl.cedar.decide import Decider, ToolCall
from tenantctl.cedar.statement import Effect, Statement, Tree

_ANYONE: Tree = {"op": "All"}

# Cedar writes a bracket round every operand; those round a path or a call of one say nothing.
_BRACKETED = re.compile(r'(?<!\w)\(([\w.]+(?:\("[^"()]*"\))?)\)')


def nearest(statements: Mapping[str, Statement], call: ToolCall) -> tuple[str, ...]:
    """A line for each permit about the call's tool and gateway that doesn't hold, and why not.

    `basic.patient_context needs context.input.request_hour < 18`.
    """
    return tuple(
        f"{name} needs {missing}"
        for name, statement in statements.items()
        if statement.effect is Effect.PERMIT and _about(statement, call)
        for missing in _failing(statement, call)
    )


def _about(statement: Statement, call: ToolCall) -> bool:
    actions = statement.action.entities
    named = statement.action.bare or any(entity.id == call.action for entity in actions)
    return named and statement.gateway in {None, call.gateway}


def _failing(statement: Statement, call: ToolCall) -> Iterator[str]:
    """The first part of each condition that doesn't hold: those after it may rest on it."""
    for condition in statement.conditions:
        whole = condition.kind == "unless"
        for part in (condition.body,) if whole else _parts(condition.body):
            text = _alone(condition.kind, part)
            if not Decider({"part": text}).decide(call).allowed:
                needed = _plain(text[text.index("{", text.index(condition.kind)) :])
                yield f"not ({needed})" if whole else needed
                break


def _parts(body: Tree) -> Iterator[Tree]:
    if isinstance(body, dict) and "&&" in body:
        yield from _parts(body["&&"]["left"])
        yield from _parts(body["&&"]["right"])
    else:
        yield body


def _plain(clause: str) -> str:
    """What `{ … };` holds, on one line, without the brackets that only a machine needs."""
    text = " ".join(clause.strip().removesuffix(";").strip()[1:-1].split())
    while True:
        plainer = _BRACKETED.sub(r"\1", text)
        if plainer == text:
            return text
        text = plainer


def _alone(kind: str, body: Tree) -> str:
    """A permit with this one condition."""
    import cedarpy

    policy = {
        "effect": "permit",
        "principal": _ANYONE,
        "action": _ANYONE,
        "resource": _ANYONE,
        "conditions": [{"kind": kind, "body": body}],
    }
    whole = {"staticPolicies": {"part": policy}, "templates": {}, "templateLinks": []}
    return cedarpy.policies_from_json_str(json.dumps(whole))
