"""YAML as a tree of nodes that know their lines.

Stricter than YAML 1.1, so that a file says one thing only: a key occurs once, `no` and `0123` are
text, tags and merge keys are refused, and aliases may not multiply a small file into a large
value. Scalars follow YAML 1.2's core schema, in decimal only. Where tags are short for a key, as in
CloudFormation, the caller names them.
https://yaml.org/spec/1.2.2/#103-core-schema
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tenantctl.errors import ConfigError, Place

if TYPE_CHECKING:
    from yaml.events import Event, NodeEvent, ScalarEvent

MAX_DEPTH = 32
MAX_NODES = 2_000_000

_INT = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})(\.[0-9]{0,17})?([eE][-+]?[0-9]{1,3})?")
_WORDS: Mapping[str, bool | None] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("null", "Null", "NULL", "~", ""), None),
}


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value; `text` is how it was written, without its quotes."""

    value: str | int | float | bool | None
    text: str
    line: int
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Listing:
    """Values in order."""

    items: tuple[Node, ...]
    line: int
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Keyed:
    """Values by key; `keys` gives the scalar that each key was written as."""

    entries: Mapping[str, Node]
    keys: Mapping[str, Scalar]
    line: int
    weight: int = 1


Node = Scalar | Listing | Keyed


def plain(node: Node) -> object:
    """The node as lists, dicts and scalars."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Listing):
        return [plain(item) for item in node.items]
    return {key: plain(value) for key, value in node.entries.items()}


def read_text(path: Path, *, limit: int, hint: str) -> str:
    """The file's text: UTF-8, at most `limit` bytes. Raises `ConfigError` with `hint`."""
    file = str(path)
    try:
        with path.open("rb") as stream:
            content = stream.read(limit + 1)
    except FileNotFoundError as error:
        raise ConfigError(f"no such file: `{file}`", hint=hint) from error
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ConfigError(f"can't be read: {why.lower()}", place=Place(file), hint=hint) from error
    if len(content) > limit:
        raise ConfigError(f"larger than {limit:,} bytes", place=Place(file), hint=hint)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            "not text in UTF-8", place=Place(file, line), hint="save it as UTF-8"
        ) from error


def compose(text: str, file: str, *, tags: Mapping[str, str] | None = None) -> Node | None:
    """The only document in `text`; `None` when it holds none.

    `tags` maps a tag to the key that it is short for: with `{"!Ref": "Ref"}`, `!Ref X` is read as
    `{Ref: X}`. Raises `ConfigError` with file and line.
    """
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    composer = _Composer(file, tags or {})
    try:
        for event in yaml.parse(text, Loader=loader):
            composer.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = None if mark is None else mark.line + 1
        why = error.problem or error.context or "can't be parsed"
        raise ConfigError(f"not YAML: {why}", place=Place(file, line)) from error
    except (yaml.YAMLError, ValueError) as error:
        # A ReaderError has no mark; libyaml's escapes may name code points that chr() refuses.
        message = "not YAML: it holds characters that YAML forbids"
        raise ConfigError(message, place=Place(file)) from error
    return composer.root


@dataclass(slots=True)
class _Open:
    """A collection whose end has not been seen."""

    keyed: bool
    line: int
    anchor: str | None
    tag: str | None
    items: list[Node] = field(default_factory=list)
    entries: dict[str, Node] = field(default_factory=dict)
    keys: dict[str, Scalar] = field(default_factory=dict)
    key: Scalar | None = None
    weight: int = 1


class _Composer:
    """Builds the tree from events without recursion, so that nesting can't exhaust the stack."""

    def __init__(self, file: str, tags: Mapping[str, str]) -> None:
        self.file = file
        self.tags = tags
        self.root: Node | None = None
        self._stack: list[_Open] = []
        self._anchors: dict[str, Node | None] = {}
        self._documents = 0

    def take(self, event: Event) -> None:
        from yaml import events as ev

        if isinstance(event, ev.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise self._error("a second document", event)
        elif isinstance(event, ev.AliasEvent):
            self._place(self._aliased(event), event)
        elif isinstance(event, ev.ScalarEvent):
            self._check_tag(event)
            scalar = self._spelt_out(event.tag, Scalar(_resolve(event), event.value, _line(event)))
            self._remember(event.anchor, scalar)
            self._place(scalar, event)
        elif isinstance(event, ev.SequenceStartEvent | ev.MappingStartEvent):
            self._check_tag(event)
            if len(self._stack) >= MAX_DEPTH:
                raise self._error(f"nested deeper than {MAX_DEPTH} levels", event)
            self._remember(event.anchor, None)
            keyed = isinstance(event, ev.MappingStartEvent)
            self._stack.append(_Open(keyed, _line(event), event.anchor, event.tag))
        elif isinstance(event, ev.SequenceEndEvent | ev.MappingEndEvent):
            done = self._stack.pop()
            node: Node = (
                Keyed(done.entries, done.keys, done.line, done.weight)
                if done.keyed
                else Listing(tuple(done.items), done.line, done.weight)
            )
            node = self._spelt_out(done.tag, node)
            self._remember(done.anchor, node)
            self._place(node, event)

    def _spelt_out(self, tag: str | None, node: Node) -> Node:
        """The mapping that a tagged node is short for."""
        key = self.tags.get(tag or "")
        if key is None:
            return node
        named = Scalar(key, key, node.line)
        return Keyed({key: node}, {key: named}, node.line, node.weight + 1)

    def _place(self, node: Node, event: Event) -> None:
        if not self._stack:
            self.root = node
            return
        top = self._stack[-1]
        top.weight += node.weight
        if top.weight > MAX_NODES:
            raise self._error(f"more than {MAX_NODES:,} values, counting aliases", event)
        if not top.keyed:
            top.items.append(node)
        elif top.key is not None:
            top.entries[top.key.text] = node
            top.key = None
        elif not isinstance(node, Scalar):
            raise self._error("a key must be a single word", event)
        elif node.text in top.keys:
            before = top.keys[node.text].line
            raise self._error(f"key `{node.text}` occurs again, first on line {before}", event)
        else:
            top.key = top.keys[node.text] = node

    def _aliased(self, event: NodeEvent) -> Node:
        node = self._anchors.get(event.anchor or "")
        if node is None:
            raise self._error(f"alias `*{event.anchor}` stands for nothing complete", event)
        return node

    def _remember(self, anchor: str | None, node: Node | None) -> None:
        if anchor is not None:
            self._anchors[anchor] = node

    def _check_tag(self, event: NodeEvent) -> None:
        tag = getattr(event, "tag", None)
        if tag not in {None, "!", "tag:yaml.org,2002:str"} and tag not in self.tags:
            raise self._error(f"tag `{tag}` isn't supported", event)

    def _error(self, message: str, event: Event) -> ConfigError:
        return ConfigError(message, place=Place(self.file, _line(event)))


def _line(event: Event) -> int:
    return 1 if event.start_mark is None else event.start_mark.line + 1


def _resolve(event: ScalarEvent) -> str | int | float | bool | None:
    """Only an untagged plain scalar can be anything else than text."""
    text: str = event.value
    if event.style or event.tag is not None:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and math.isfinite(number := float(text)):
        return number
    return text
