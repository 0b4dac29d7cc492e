"""CloudFormation's intrinsic functions, as far as a template alone decides them.

What it doesn't decide becomes an `Unknown` that says why; nothing is guessed.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from tenantctl.domain.yaml_shape import shown
from tenantctl.errors import PolicyInvalidError
from tenantctl.iam.json_text import Path
from tenantctl.sources.partial import Unknown
from tenantctl.sources.tree import Tree

SHORT_FORMS: Mapping[str, str] = {
    "!Ref": "Ref",
    "!Condition": "Condition",
    **{
        f"!{name}": f"Fn::{name}"
        for name in (
            "And", "Base64", "Cidr", "Equals", "FindInMap", "GetAZs", "GetAtt", "If",
            "ImportValue", "Join", "Length", "Not", "Or", "Select", "Split", "Sub",
            "ToJsonString", "Transform",
        )
    },
}  # fmt: skip
"""What a YAML tag is short for."""

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_NAME = re.compile(r"[A-Za-z0-9_.:]+")
_DYNAMIC = "{{resolve:"
_PAIR = 2


class _Nothing:
    """`AWS::NoValue`: the key or the item isn't there."""


NOTHING = _Nothing()


class Scope(Protocol):
    """What the names in a template stand for."""

    @property
    def tree(self) -> Tree:
        """The file."""

    def reference(self, name: str) -> object:
        """What `Ref` of a name gives."""

    def attribute(self, logical: str, attribute: str) -> object:
        """What `Fn::GetAtt` of a resource gives."""

    def section(self, name: str) -> Mapping[str, Mapping[str, object]]:
        """A section of the template."""


def resolve(node: object, path: Path, scope: Scope) -> object:
    """The value with every function resolved; what can't be is an `Unknown` in its place.

    Raises `PolicyInvalidError` for a function that CloudFormation would refuse.
    """
    return _Functions(scope).value(node, path)


@dataclass(frozen=True, slots=True)
class _Functions:
    scope: Scope

    def value(self, node: object, path: Path) -> object:
        if isinstance(node, Mapping):
            return self._object(node, path)
        if isinstance(node, list):
            items = [self.value(inside, (*path, i)) for i, inside in enumerate(node)]
            return [item for item in items if item is not NOTHING]
        if isinstance(node, str):
            if _DYNAMIC in node:
                return Unknown("a dynamic reference is resolved when it is deployed")
            return str(node)
        return node

    def _object(self, node: Mapping[str, object], path: Path) -> object:
        functions = [key for key in node if key.startswith("Fn::") or key == "Ref"]
        if functions and len(node) == 1:
            return self._call(functions[0], node[functions[0]], path)
        if functions:
            return Unknown(f"`{functions[0]}` makes parts of it")
        made = {key: self.value(inside, (*path, key)) for key, inside in node.items()}
        return {key: inside for key, inside in made.items() if inside is not NOTHING}

    def _call(self, function: str, given: object, path: Path) -> object:
        path = (*path, function)
        known: Mapping[str, Callable[[object, Path], object]] = {
            "Ref": self._ref,
            "Fn::GetAtt": self._attribute,
            "Fn::Sub": self._sub,
            "Fn::Join": self._join,
            "Fn::Select": self._select,
            "Fn::Split": self._split,
            "Fn::FindInMap": self._find,
        }
        if function in known:
            return known[function](given, path)
        argument = self.value(given, path)
        what = f" {shown(argument)}" if isinstance(argument, str) else ""
        return Unknown(f"`{function}`{what} isn't static")

    def _ref(self, given: object, path: Path) -> object:
        return self.scope.reference(self._text(given, path))

    def _attribute(self, given: object, path: Path) -> object:
        if isinstance(given, str):
            logical, _, attribute = given.partition(".")
            return self.scope.attribute(logical, attribute)
        if not isinstance(given, list) or len(given) != _PAIR:
            raise self._malformed("`Fn::GetAtt` takes a resource and an attribute", path)
        named = self.value(given[1], (*path, 1))
        if isinstance(named, Unknown):
            return named
        return self.scope.attribute(self._text(given[0], path), self._text(named, path))

    def _sub(self, given: object, path: Path) -> object:
        own: Mapping[str, object] = {}
        if isinstance(given, list) and len(given) == _PAIR and isinstance(given[1], Mapping):
            own, given = given[1], given[0]
        if not isinstance(given, str):
            raise self._malformed("`Fn::Sub` takes a text, or a text and its variables", path)
        parts: list[object] = []
        end = 0
        for found in _VARIABLE.finditer(given):
            parts.append(given[end : found.start()])
            end = found.end()
            parts.append(self._variable(found[1], own, path))
        return self._joined("", [*parts, given[end:]], path)

    def _variable(self, written: str, own: Mapping[str, object], path: Path) -> object:
        if written.startswith("!"):
            return "${" + written[1:] + "}"
        name = written.strip()
        if name in own:
            return self.value(own[name], (*path, 1, name))
        if _NAME.fullmatch(name) is None:
            raise self._malformed(
                f"`Fn::Sub` knows no variable {shown(name)}",
                path,
                hint="write ${!" + written + "} for what IAM shall resolve",
            )
        logical, dot, attribute = name.partition(".")
        return self.scope.attribute(logical, attribute) if dot else self.scope.reference(name)

    def _join(self, given: object, path: Path) -> object:
        if not isinstance(given, list) or len(given) != _PAIR or not isinstance(given[0], str):
            raise self._malformed("`Fn::Join` takes a delimiter and a list", path)
        items = self.value(given[1], (*path, 1))
        if isinstance(items, Unknown):
            return items
        if not isinstance(items, list):
            raise self._malformed("`Fn::Join` takes a delimiter and a list", path)
        return self._joined(given[0], items, path)

    def _joined(self, delimiter: str, parts: list[object], path: Path) -> object:
        texts: list[str] = []
        for part in parts:
            if isinstance(part, Unknown):
                return part
            if not isinstance(part, str):
                raise self._malformed("only texts can be put together", path)
            texts.append(part)
        made = delimiter.join(texts)
        return self.value(made, path)  # a dynamic reference may only now be whole

    def _split(self, given: object, path: Path) -> object:
        delimiter, text = self._two(given, path, "`Fn::Split` takes a delimiter and a text")
        for part in (delimiter, text):
            if isinstance(part, Unknown):
                return part
        if not isinstance(delimiter, str) or not delimiter or not isinstance(text, str):
            raise self._malformed("`Fn::Split` takes a delimiter and a text", path)
        return list(text.split(delimiter))

    def _select(self, given: object, path: Path) -> object:
        index, items = self._two(given, path, "`Fn::Select` takes an index and a list")
        for part in (index, items):
            if isinstance(part, Unknown):
                return part
        number = int(index) if isinstance(index, str) and index.isdecimal() else -1
        if not isinstance(items, list) or not 0 <= number < len(items):
            raise self._malformed("`Fn::Select` takes an index and a list that has it", path)
        return items[number]

    def _find(self, given: object, path: Path) -> object:
        keys = self.value(given, path)
        if isinstance(keys, list) and (unknown := next(_unknown(keys), None)) is not None:
            return unknown
        found: object = self.scope.section("Mappings")
        for key in keys if isinstance(keys, list) else ():
            if not isinstance(found, Mapping) or not isinstance(key, str) or key not in found:
                return Unknown(f"the mapping has no {shown(key)}")
            found = found[key]
        if not isinstance(found, str | list) or found == []:
            return Unknown("the mapping has no such value")
        return self.value(found, path)

    def _two(self, given: object, path: Path, otherwise: str) -> tuple[object, object]:
        if not isinstance(given, list) or len(given) != _PAIR:
            raise self._malformed(otherwise, path)
        return self.value(given[0], (*path, 0)), self.value(given[1], (*path, 1))

    def _text(self, given: object, path: Path) -> str:
        if not isinstance(given, str):
            raise self._malformed("a name is expected here", path)
        return given

    def _malformed(
        self, message: str, path: Path, *, hint: str | None = None
    ) -> PolicyInvalidError:
        place = self.scope.tree.place(path)
        return PolicyInvalidError(message, hint=hint, place=place)


def _unknown(items: list[object]) -> Iterator[Unknown]:
    return (item for item in items if isinstance(item, Unknown))
