"""Match a tree of nodes against msgspec structs, so that every error has a line and a key.

The structs are the one definition: `msgspec.json.schema` makes the JSON Schema of them, and here
they decide what is accepted. msgspec alone can't name the key inside a mapping, nor a line.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, cast, get_args, get_origin

import msgspec

from tenantctl.domain.yaml_nodes import Keyed, Listing, Node, Scalar, plain
from tenantctl.errors import ConfigError, Place

Step = str | int
S = TypeVar("S", bound=msgspec.Struct)

_ABSENT = (NoneType, msgspec.UnsetType)
_SHOWN = 60
_BOOLEAN = "`true` or `false`"
_PLAIN = ((int, re.compile("-?[0-9]{1,18}")), (bool, re.compile("true|false")))
"""What YAML reads as more than a text when it isn't quoted."""
_UNSAFE = frozenset({"Cc", "Cs", "Zl", "Zp"})


class Shape(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A mapping in a file; unknown keys are errors, everywhere.

    A field that may be left out has a default. `| None` admits a key with nothing behind it too,
    which `| UnsetType` refuses: for rules, where nothing would mean everything.
    """


def shown(value: object) -> str:
    """User input in backticks: cut, and without what a terminal would obey."""
    text = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in str(value)[:_SHOWN])
    return f"`{text}…`" if len(str(value)) > _SHOWN else f"`{text}`"


def near_miss(word: str, known: Iterable[str]) -> str | None:
    """A hint that names the nearest known words, if any is near."""
    folded = {name.casefold(): name for name in known}
    near = difflib.get_close_matches(word[:_SHOWN].casefold(), list(folded), n=3, cutoff=0.6)
    if not near:
        return None
    return f"did you mean {' or '.join(f'`{folded[n]}`' for n in near)}?"


def listed(words: Iterable[str]) -> str:
    """Known words for an error's end: `a`, `b`."""
    return ", ".join(f"`{word}`" for word in words)


@dataclass(frozen=True, slots=True)
class Source:
    """A file's tree; errors are made here, so that all carry their place.

    With `rows`, each item of the root stands on a line of its own, which names it well enough.
    """

    file: str
    root: Node
    rows: bool = False

    def place(self, *path: Step) -> Place:
        """Where `path` is written, or the nearest thing that contains it."""
        node, line = self.root, self.root.line
        for step in path:
            if isinstance(node, Keyed) and isinstance(step, str) and step in node.entries:
                line = node.keys[step].line
                node = node.entries[step]
            elif isinstance(node, Listing) and isinstance(step, int) and step < len(node.items):
                node = node.items[step]
                line = node.line
            else:
                break
        return Place(self.file, line, dotted(path[1:] if self.rows else path) or None)

    def error(self, message: str, *path: Step, hint: str | None = None) -> ConfigError:
        """A `ConfigError` at `path`."""
        return ConfigError(message, hint=hint, place=self.place(*path))

    def read(self, kind: type[S]) -> S:
        """The whole file as a `kind`. Raises `ConfigError`."""
        return cast("S", self.value(self.root, kind, ()))

    def value(self, node: Node, kind: Any, path: tuple[Step, ...]) -> Any:  # noqa: ANN401 - `kind` is any annotation
        """`node` as the annotated type `kind`: a struct, `dict`, `tuple[T, ...]` or a leaf."""
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            return self._struct(node, kind, path)
        if get_origin(kind) in {UnionType, Union}:
            inner, *others = (arg for arg in get_args(kind) if arg not in _ABSENT)
            if not others:
                empty = isinstance(node, Scalar) and node.value is None
                may_be = NoneType in get_args(kind)
                return None if empty and may_be else self.value(node, inner, path)
        bare = get_args(kind)[0] if get_origin(kind) is Annotated else kind
        if get_origin(bare) is dict:
            made: dict[str, object] | tuple[object, ...] = self._dict(node, bare, path)
        elif get_origin(bare) is tuple:
            made = self._tuple(node, bare, path)
        else:
            return self._leaf(node, kind, path)
        # Its own, not those of the values in it.
        for meta in (arg for arg in get_args(kind)[1:] if isinstance(arg, msgspec.Meta)):
            if len(made) < (meta.min_length or 0):
                raise self.error(f"expected {meta.description}", *path)
            if meta.max_length is not None and len(made) > meta.max_length:
                raise self.error(f"expected {meta.description}, got {len(made)}", *path)
        return made

    def _struct(self, node: Node, kind: type[S], path: tuple[Step, ...]) -> S:
        fields = _fields(kind)
        entries = self._entries(node, path)
        for key in entries:
            if key not in fields:
                message = f"unknown key; expected {listed(fields)}"
                raise self.error(message, *path, key, hint=near_miss(key, fields))
        values = {}
        for key, field in fields.items():
            if key in entries:
                values[field.name] = self.value(entries[key], field.type, (*path, key))
            elif field.required:
                raise self.error(
                    f"the key `{key}` is missing", *path, hint=_description(field.type)
                )
        return kind(**values)

    def _dict(self, node: Node, kind: Any, path: tuple[Step, ...]) -> dict[str, object]:  # noqa: ANN401 - as above
        key_kind, value_kind = get_args(kind)
        made: dict[str, object] = {}
        for key, child in self._entries(node, path).items():
            line = child.line
            self._leaf(Scalar(key, key, line), key_kind, (*path, key))
            made[key] = self.value(child, value_kind, (*path, key))
        return made

    def _tuple(self, node: Node, kind: Any, path: tuple[Step, ...]) -> tuple[object, ...]:  # noqa: ANN401 - as above
        if isinstance(node, Scalar) and node.value is None:
            return ()
        if not isinstance(node, Listing):
            raise self.error(f"expected a list, got {_got(node)}", *path)
        item = get_args(kind)[0]
        return tuple(self.value(n, item, (*path, i)) for i, n in enumerate(node.items))

    def _entries(self, node: Node, path: tuple[Step, ...]) -> dict[str, Node]:
        """A mapping's entries; a key with nothing behind it is an empty mapping."""
        if isinstance(node, Scalar) and node.value is None:
            return {}
        if not isinstance(node, Keyed):
            raise self.error(f"expected a mapping, got {_got(node)}", *path)
        return dict(node.entries)

    def _leaf(self, node: Node, kind: Any, path: tuple[Step, ...]) -> object:  # noqa: ANN401 - as above
        value = plain(node)
        if (
            kind is not object
            and isinstance(value, str)
            and any(unicodedata.category(c) in _UNSAFE for c in value)
        ):
            raise self.error("holds a control character", *path)
        try:
            return msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            message = str(error).split(" - at `")[0].removeprefix("Expected ")
            wanted = _description(kind) or message.partition(", got `")[0]
            wanted = _BOOLEAN if wanted == "`bool`" else wanted
            hint = None
            if isinstance(value, str) and any(
                form.fullmatch(value) and _takes(what, kind) for what, form in _PLAIN
            ):
                hint = "take it out of the quotes"
            elif type(value) in {int, float} and _takes(str, kind):
                hint = "put it in quotes"
            raise self.error(f"expected {wanted}, got {_got(node)}", *path, hint=hint) from error


@cache
def _fields(kind: type[msgspec.Struct]) -> dict[str, msgspec.structs.FieldInfo]:
    """A struct's fields by the key that a file uses; resolving annotations is slow."""
    return {field.encode_name: field for field in msgspec.structs.fields(kind)}


def dotted(path: Iterable[Step]) -> str:
    """`data.tables[0].name`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f"{'.' if text else ''}{shown(step)[1:-1]}"
    return text


def _got(node: Node) -> str:
    if isinstance(node, Scalar):
        return "nothing" if node.value is None else shown(node.text)
    return "a list" if isinstance(node, Listing) else "a mapping"


def _metas(kind: Any) -> Iterator[msgspec.Meta]:  # noqa: ANN401 - any annotation
    """Every `Meta` inside an annotation, the outermost first."""
    for arg in get_args(kind):
        if isinstance(arg, msgspec.Meta):
            yield arg
        else:
            yield from _metas(arg)


def _description(kind: Any) -> str | None:  # noqa: ANN401 - any annotation
    """What is expected, in words: the description that the JSON Schema carries too."""
    return next((m.description for m in _metas(kind) if m.description), None)


def _takes(what: type, kind: Any) -> bool:  # noqa: ANN401 - any annotation
    return kind is what or any(_takes(what, arg) for arg in get_args(kind))
