"""A file of JSON or YAML as plain values, with the line of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath

from tenantctl.domain.yaml_nodes import Keyed, Listing, Node, Scalar, compose, read_text
from tenantctl.errors import ConfigError, Place
from tenantctl.iam import json_text
from tenantctl.iam.json_text import Path


def dotted(path: Path) -> str:
    """`("Policies", 0, "PolicyDocument")` as `Policies[0].PolicyDocument`."""
    steps = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return steps.removeprefix(".")


@dataclass(frozen=True, slots=True)
class Tree:
    """An object read from a file; numbers are the texts that they were written as."""

    file: str
    root: Mapping[str, object]
    line_of: Callable[[Path], int | None]

    def place(self, path: Path = ()) -> Place:
        """The place of a value, on the line of the nearest thing around it that has one."""
        cut = range(len(path), 0, -1)
        line = next((at for n in cut if (at := self.line_of(path[:n])) is not None), None)
        return Place(self.file, line, dotted(path) or None)

    def error(self, message: str, path: Path = (), *, hint: str | None = None) -> ConfigError:
        """What is wrong with the file, and where."""
        return ConfigError(message, hint=hint, place=self.place(path))

    def objects(self, value: object, path: Path) -> Mapping[str, Mapping[str, object]]:
        """The value as an object of objects; nothing there is none. Raises `ConfigError`."""
        found = {} if value is None else value
        if not isinstance(found, Mapping):
            raise self.error("an object is expected here", path)
        for key, inside in found.items():
            if not isinstance(inside, Mapping):
                raise self.error("an object is expected here", (*path, key))
        return found


def json_tree(path: FilePath, *, limit: int, hint: str) -> Tree:
    """Read JSON, strictly. Raises `ConfigError` with file and line."""
    return _json(read_text(path, limit=limit, hint=hint), str(path), hint)


def tree(path: FilePath, *, tags: Mapping[str, str], limit: int, hint: str) -> Tree:
    """Read JSON, or YAML with `tags` that are short for a key. Raises `ConfigError`."""
    text = read_text(path, limit=limit, hint=hint)
    if text.lstrip()[:1] == "{":
        return _json(text, str(path), hint)
    node = compose(text, str(path), tags=tags)
    if not isinstance(node, Keyed):
        raise ConfigError("an object is expected", place=Place(str(path)), hint=hint)
    return Tree(str(path), {k: _plain(v) for k, v in node.entries.items()}, _lines(node))


def _json(text: str, file: str, hint: str) -> Tree:
    try:
        value = json_text.parse(text)
    except json_text.JsonError as error:
        place = Place(file, error.line, dotted(error.path) or None)
        raise ConfigError(error.message, place=place, hint=hint) from error
    if not isinstance(value, dict):
        raise ConfigError("an object is expected", place=Place(file), hint=hint)
    return Tree(file, value, lambda path: json_text.line_of(text, path))


def _plain(node: Node) -> object:
    if isinstance(node, Scalar):
        number = isinstance(node.value, int | float) and not isinstance(node.value, bool)
        return node.text if number else node.value
    if isinstance(node, Listing):
        return [_plain(item) for item in node.items]
    return {key: _plain(value) for key, value in node.entries.items()}


def _lines(root: Keyed) -> Callable[[Path], int | None]:
    def line_of(path: Path) -> int | None:
        node: Node = root
        line: int | None = root.line
        for step in path:
            if isinstance(node, Keyed) and isinstance(step, str) and step in node.entries:
                line, node = node.keys[step].line, node.entries[step]
            elif isinstance(node, Listing) and isinstance(step, int) and step < len(node.items):
                node = node.items[step]
                line = node.line
            else:
                return None
        return line

    return line_of
