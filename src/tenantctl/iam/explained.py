"""An explanation for people (a tree of lines) and for programs (a JSON value)."""

from __future__ import annotations

from collections.abc import Iterator

from tenantctl.iam.conditions.comparison import Arn, Comparison, Exact, Folded, Like, Truth
from tenantctl.iam.conditions.condition import Null
from tenantctl.iam.decision import Verdict
from tenantctl.iam.explain import Explanation, Trace, Tried
from tenantctl.iam.malformed import shown
from tenantctl.iam.pattern import Pattern, Variable
from tenantctl.iam.policy import Kind
from tenantctl.iam.request import Context

Tree = tuple[str, tuple["Tree", ...]]
"""A line, and what stands below it."""

_DECIDED = {
    Verdict.ALLOWED: "allowed",
    Verdict.IMPLICIT_DENY: "denied, as nothing allows it",
    Verdict.EXPLICIT_DENY: "denied explicitly",
}
_LACKING = {
    Kind.IDENTITY: "no identity policy allows it",
    Kind.BOUNDARY: "the permissions boundary doesn't allow it",
    Kind.SESSION: "the session policy doesn't allow it",
    Kind.RESOURCE: "the resource is another account's, and its policy doesn't allow it",
    Kind.TRUST: "the role's trust policy doesn't allow it",
}


def document(explanation: Explanation) -> dict[str, object]:
    """The explanation as JSON has it.

    `compared` are a policy's values with the variables filled in that have a value.
    """
    request, decision = explanation.request, explanation.decision
    return {
        "decision": decision.verdict.value,
        "decided_by": [_named(d.document, d.statement) for d in decision.decided_by],
        "lacking": [kind.value for kind in explanation.lacking],
        "request": {
            "principal": request.principal.arn,
            "action": request.action,
            "resource": request.resource,
            "context": {key: list(values) for key, values in request.context.items()},
        },
        "statements": [_statement(trace, request.context) for trace in explanation.traces],
    }


def _named(name: str, statement: str) -> dict[str, str]:
    return {"document": name, "statement": statement}


def _statement(trace: Trace, context: Context) -> dict[str, object]:
    return {
        **_named(*_label(trace)),
        "effect": _effect(trace),
        "applied": trace.applied,
        "principal": trace.principal,
        "action": trace.action,
        "resource": trace.resource,
        "resources": list(_resources(trace, context)),
        "conditions": [
            {
                "operator": tried.condition.operator,
                "key": tried.condition.key,
                "held": tried.held,
                "policy": list(tried.condition.values),
                "compared": list(_compared(tried, context)),
                "request": _given(tried, context),
            }
            for tried in trace.conditions
        ],
    }


def tree(explanation: Explanation) -> Tree:
    """The explanation as lines."""
    request = explanation.request
    below = [*(_branch(trace, request.context) for trace in explanation.traces)]
    below += [(_LACKING[kind], ()) for kind in explanation.lacking]
    if not explanation.traces:
        below.insert(0, (f"no statement speaks of {request.action}", ()))
    decided = _DECIDED[explanation.decision.verdict]
    return (f"{decided}: {request.action} on {request.resource}", tuple(below))


def _branch(trace: Trace, context: Context) -> Tree:
    name, label = _label(trace)
    how = "applies" if trace.applied else "doesn't apply"
    return (f"{_effect(trace)} {label} of {name} {how}", tuple(_leaves(trace, context)))


def _leaves(trace: Trace, context: Context) -> Iterator[Tree]:
    if not trace.action:
        yield "no: it doesn't speak of the action", ()
    if not trace.principal:
        yield "no: it doesn't name the caller", ()
    wanted = " or ".join(shown(text) for text in _resources(trace, context))
    if wanted and not trace.resource:
        yield f"no: the resource isn't {wanted}", ()
    elif wanted:
        yield f"yes: the resource is {wanted}", ()
    for tried in trace.conditions:
        compared = " or ".join(shown(text) for text in _compared(tried, context))
        values = _given(tried, context)
        given = "absent" if values is None else ", ".join(map(shown, values)) or "without values"
        condition = tried.condition
        sign = "yes" if tried.held else "no"
        yield f"{sign}: {condition.operator} {condition.key} {compared}; it is {given}", ()


def _label(trace: Trace) -> tuple[str, str]:
    return trace.policy.name, trace.statement.label


def _effect(trace: Trace) -> str:
    return "Allow" if trace.statement.allow else "Deny"


def _given(tried: Tried, context: Context) -> list[str] | None:
    values = context.get(tried.condition.key)
    return None if values is None else list(values)


def _resources(trace: Trace, context: Context) -> Iterator[str]:
    element = trace.statement.resources
    if element is not None:
        sign = "other than " if element.negated else ""
        yield from (sign + _filled(pattern, context) for pattern in element.patterns)


def _compared(tried: Tried, context: Context) -> Iterator[str]:
    condition = tried.condition
    found = () if isinstance(condition, Null) else tuple(_patterns(condition.comparison))
    if not any(p.variables for patterns in found for p in patterns):
        yield from condition.values
        return
    if not isinstance(condition, Null) and isinstance(condition.comparison, Exact | Folded):
        yield from sorted(condition.comparison.texts)
    for patterns in found:
        yield ":".join(_filled(p, context) for p in patterns)


def _patterns(comparison: Comparison) -> Iterator[tuple[Pattern, ...]]:
    """The patterns of a comparison's values, one or (of an ARN) six for each."""
    if isinstance(comparison, Arn):
        yield from (pattern.fields for pattern in comparison.patterns)
    elif isinstance(comparison, Exact | Folded | Like | Truth):
        yield from ((pattern,) for pattern in comparison.patterns)


def _filled(pattern: Pattern, context: Context) -> str:
    """A pattern's text; a variable without a value is written as a variable."""

    def text(part: str | Variable) -> str:
        if isinstance(part, str):
            return part
        value = part.resolve(context)
        return f"${{{part.key}}}" if value is None else value

    return "*".join(
        "?".join("".join(map(text, piece)) for piece in segment) for segment in pattern.segments
    )
