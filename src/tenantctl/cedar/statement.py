"""One Cedar statement, read: AgentCore takes exactly one to a policy.

Text from a file or a request is parsed here once; everything after works on the value. What is
sent to the service is `Statement.text`, whose meaning was compared with what was read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from tenantctl.cedar import positions
from tenantctl.errors import Place, PolicyInvalidError

MIN_LENGTH = 35
MAX_LENGTH = 10_000
"""Characters of a statement: `Statement` in botocore's bedrock-agentcore-control model."""

_MAX_BRACKETS = 300
"""The parser recurses once per open bracket and overruns its stack somewhere above 400."""

_MAX_DEPTH = 400
"""Levels of the syntax tree as JSON, below the limit of Python's JSON reader (about 1,000)."""

# A string, or a comment; Cedar ends a comment at either kind of line end. A string that nobody
# ends goes to the end of the text: looking for its end at every quote would be quadratic.
_STRING_OR_COMMENT = re.compile(r'"(?:\\.|[^"\\])*(?:"|\\?\Z)|//[^\n\r]*', re.DOTALL)

Tree = Any
"""A node of Cedar's policy JSON: https://docs.cedarpolicy.com/policies/json-format.html"""


class Effect(StrEnum):
    """What a statement does when it matches."""

    PERMIT = "permit"
    FORBID = "forbid"


class Flaw(StrEnum):
    """Why a text isn't one statement."""

    SYNTAX = "syntax"
    COUNT = "count"
    TEMPLATE = "template"
    TOO_DEEP = "too deep"


class UnreadableError(PolicyInvalidError):
    """A text isn't one statement; `place` holds the line where it is known."""

    def __init__(self, flaw: Flaw, message: str, place: Place, *, hint: str | None = None) -> None:
        super().__init__(message, place=place, hint=hint)
        self.flaw = flaw


@dataclass(frozen=True, slots=True)
class Entity:
    """A literal entity, e.g. `AgentCore::Gateway::"arn:…"`."""

    type: str
    id: str


@dataclass(frozen=True, slots=True)
class Scope:
    """One of principal, action and resource in a statement's head.

    `op` is `All` for a bare word, else `==`, `in` or `is`; `slot` names a template's hole.
    """

    op: str
    entities: tuple[Entity, ...] = ()
    entity_type: str | None = None
    slot: str | None = None

    @property
    def bare(self) -> bool:
        """Whether it matches anything."""
        return self.op == "All"


@dataclass(frozen=True, slots=True)
class Condition:
    """A `when` or `unless` clause; `body` is the expression's tree."""

    kind: str
    body: Tree = field(hash=False)


@dataclass(frozen=True, slots=True)
class Statement:
    """A parsed statement; `text` is formatted, without comments, and means the same."""

    text: str
    effect: Effect
    principal: Scope
    action: Scope
    resource: Scope
    conditions: tuple[Condition, ...]
    annotations: Mapping[str, str] = field(hash=False)

    @property
    def id(self) -> str | None:
        """The `@id` annotation."""
        return self.annotations.get("id")

    @property
    def gateway(self) -> str | None:
        """The ARN in `resource == AgentCore::Gateway::"…"`, if that is the resource."""
        if self.resource.op != "==" or len(self.resource.entities) != 1:
            return None
        entity = self.resource.entities[0]
        return entity.id if entity.type == "AgentCore::Gateway" else None


def parse(text: str, source: str) -> Statement:
    """Read one statement; `source` names the text in errors.

    Raises `UnreadableError` for text that isn't Cedar, holds none or several statements, has
    template slots, or nests deeper than any policy needs.
    """
    tree = _tree(text, source)
    plain = _formatted(text, source)
    if _tree(plain, source) != tree:
        raise UnreadableError(
            Flaw.SYNTAX, "the statement changes when it is formatted", Place(source)
        )
    return Statement(
        text=plain,
        effect=Effect(tree["effect"]),
        principal=_scope(tree["principal"]),
        action=_scope(tree["action"]),
        resource=_scope(tree["resource"]),
        conditions=tuple(Condition(c["kind"], c["body"]) for c in tree["conditions"]),
        annotations={name: value or "" for name, value in tree.get("annotations", {}).items()},
    )


def tree_of(text: str, source: str) -> Tree:
    """One statement's tree in Cedar's policy JSON; raises `UnreadableError` as `parse` does."""
    return _tree(text, source)


def on_gateway(statement: Statement, arn: str) -> Statement:
    """The same statement about another gateway; it must name one in its head already."""
    old = statement.gateway
    if old is None:
        raise PolicyInvalidError(f"`{statement.id}` names no gateway")
    if old == arn:
        return statement
    head, found, rest = statement.text.partition(f"AgentCore::Gateway::{literal(old)}")
    moved = parse(f"{head}AgentCore::Gateway::{literal(arn)}{rest}", statement.id or "statement")
    same = (
        moved.gateway == arn
        and moved.conditions == statement.conditions
        and (moved.effect, moved.principal, moved.action)
        == (statement.effect, statement.principal, statement.action)
    )
    if not found or not same:
        raise PolicyInvalidError(f"the gateway of `{statement.id}` can't be replaced")
    return moved


def literal(value: str) -> str:
    r"""`value` as a Cedar string literal, quotes included.

    Printable ASCII stays; everything else is written `\u{…}`, so that nothing invisible hides in
    a reviewed file. https://docs.cedarpolicy.com/policies/syntax-datatypes.html#datatype-string
    Raises `PolicyInvalidError` for lone surrogates, which Cedar's strings can't hold.
    """
    return f'"{escaped(value)}"'


def escaped(value: str) -> str:
    """What stands between the quotes of `literal(value)`."""
    out: list[str] = []
    for char in value:
        if 0xD800 <= ord(char) <= 0xDFFF:  # noqa: PLR2004 - the surrogates
            raise PolicyInvalidError(
                f"`{value.encode('utf-8', 'backslashreplace').decode()}` is no text",
                hint="write it in UTF-8",
            )
        if char in '"\\':
            out.append(f"\\{char}")
        elif " " <= char <= "~":
            out.append(char)
        else:
            out.append(f"\\u{{{ord(char):x}}}")
    return "".join(out)


def nodes(tree: Tree) -> Iterator[Tree]:
    """Every object in an expression's tree, outermost first."""
    todo = [tree]
    while todo:
        node = todo.pop()
        if isinstance(node, dict):
            yield node
            todo.extend(node.values())
        elif isinstance(node, list):
            todo.extend(node)


def _tree(text: str, source: str) -> Tree:
    import cedarpy

    # Cedar's lexer reads the same strings and comments, or stops at the first that it can't read.
    code = _STRING_OR_COMMENT.sub("", text)
    if sum(map(code.count, "([{")) > _MAX_BRACKETS:
        raise UnreadableError(
            Flaw.TOO_DEEP,
            f"more than {_MAX_BRACKETS} brackets",
            Place(source),
            hint="split the policy",
        )
    try:
        parsed = json.loads(cedarpy.policies_to_json_str(text))
    except ValueError as error:
        why = _first_line(error)
        raise UnreadableError(
            Flaw.SYNTAX,
            f"not a Cedar policy: {why}",
            Place(source, positions.syntax_error_line(text, why)),
            hint="see https://docs.cedarpolicy.com/policies/syntax-policy.html",
        ) from error
    except RecursionError as error:
        raise _too_deep(source) from error
    if parsed["templates"]:
        raise UnreadableError(Flaw.TEMPLATE, "template slots aren't supported", Place(source))
    found = list(parsed["staticPolicies"].values())
    if len(found) != 1:
        lines = positions.statements(text)
        raise UnreadableError(
            Flaw.COUNT,
            f"{len(found)} statements where one is expected",
            Place(source, lines[1] if len(lines) > 1 else None),
            hint="AgentCore takes one statement to a policy: write one to a file",
        )
    if _deeper_than(found[0], _MAX_DEPTH):
        raise _too_deep(source)
    return found[0]


def _deeper_than(tree: Tree, limit: int) -> bool:
    level = [tree]
    for _ in range(limit):
        level = [
            child
            for node in level
            if isinstance(node, dict | list)
            for child in (node.values() if isinstance(node, dict) else node)
        ]
        if not level:
            return False
    return True


def _too_deep(source: str) -> UnreadableError:
    return UnreadableError(
        Flaw.TOO_DEEP, "the conditions nest too deeply", Place(source), hint="split the policy"
    )


def _formatted(text: str, source: str) -> str:
    import cedarpy

    bare = _STRING_OR_COMMENT.sub(lambda m: m.group() if m.group()[0] == '"' else " ", text)
    try:
        return cedarpy.format_policies(bare).strip()
    except ValueError as error:
        raise UnreadableError(
            Flaw.SYNTAX, f"not a Cedar policy: {_first_line(error)}", Place(source)
        ) from error


def _scope(tree: Tree) -> Scope:
    listed = [tree["entity"]] if "entity" in tree else tree.get("entities", [])
    within = tree.get("in", {})
    if "entity" in within:
        listed = [*listed, within["entity"]]
    return Scope(
        op=tree["op"],
        entities=tuple(_entity(item) for item in listed),
        entity_type=tree.get("entity_type"),
        slot=tree.get("slot", within.get("slot")),
    )


def _entity(tree: Tree) -> Entity:
    inner = tree.get("__entity", tree)
    return Entity(inner["type"], inner["id"])


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
