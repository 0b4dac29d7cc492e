"""Read one statement of a policy, element by element.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from tenantctl.iam import arn, pattern, principal
from tenantctl.iam.conditions import condition, operators
from tenantctl.iam.json_text import Path
from tenantctl.iam.malformed import MalformedError, shown
from tenantctl.iam.policy import Actions, Kind, Resources, Statement

_ELEMENTS = (
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
)
_ACTION = re.compile(r"[A-Za-z0-9-]+:[^\s:]+|\*:\*|\*+")


class MisplacedError(Exception):
    """Something that IAM doesn't know, with its path in the document."""

    def __init__(self, message: str, path: Path, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.hint = hint


@contextmanager
def _at(path: Path) -> Iterator[None]:
    try:
        yield
    except MalformedError as error:
        raise MisplacedError(error.message, path, error.hint) from error


def an_object(value: object, path: Path) -> Mapping[str, object]:
    """The value as an object whose keys are texts. Raises `MisplacedError`."""
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise MisplacedError("an object is expected here", path)
    return value


def known(value: Mapping[str, object], names: tuple[str, ...], path: Path) -> None:
    """Raise `MisplacedError` for an element that isn't one of `names`."""
    for key in value:
        if key not in names:
            from difflib import get_close_matches

            near = get_close_matches(key[:40], names, 1)
            raise MisplacedError(
                f"unknown element {shown(key)}",
                (*path, key),
                f"did you mean `{near[0]}`?" if near else f"known are {', '.join(names)}",
            )


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the statement at `path` of a document of this kind; `variables` by its Version."""

    path: Path
    kind: Kind
    variables: bool

    def read(self, value: object, index: int) -> Statement:
        """The compiled statement. Raises `MisplacedError`."""
        body = an_object(value, self.path)
        known(body, _ELEMENTS, self.path)
        sid = body.get("Sid", "")
        if type(sid) is not str:
            raise MisplacedError("a Sid is a text", (*self.path, "Sid"))
        if "Effect" not in body:
            raise MisplacedError("an Effect is missing", self.path)
        effect = body["Effect"]
        if effect not in ("Allow", "Deny"):
            raise MisplacedError(
                f"unknown effect {shown(effect)}",
                (*self.path, "Effect"),
                "write `Allow` or `Deny`; case counts",
            )
        allow = effect == "Allow"
        return Statement(
            label=sid or str(index),
            allow=allow,
            actions=self._actions(body),
            resources=self._resources(body),
            principals=self._principals(body),
            conditions=tuple(self._conditions(body, doubt=not allow)),
        )

    def _one_of(self, body: Mapping[str, object], name: str) -> tuple[str, bool]:
        """Which of `Action` and `NotAction` (and so on) is there; never both, never neither."""
        there = [key for key in (name, f"Not{name}") if key in body]
        if len(there) != 1:
            raise MisplacedError(f"a statement needs either {name} or Not{name}", self.path)
        return there[0], there[0] != name

    def _absent(self, body: Mapping[str, object], name: str) -> None:
        for key in (name, f"Not{name}"):
            if key in body:
                raise MisplacedError(
                    f"a policy of kind {self.kind} has no {key}", (*self.path, key), "leave it out"
                )

    def _actions(self, body: Mapping[str, object]) -> Actions:
        key, negated = self._one_of(body, "Action")
        names: set[str] = set()
        patterns: list[pattern.Pattern] = []
        for path, text in self._texts(body, key):
            if _ACTION.fullmatch(text) is None:
                raise MisplacedError(
                    f"{shown(text)} is no action", path, "write `service:Name`, or `*`"
                )
            with _at(path):
                made = pattern.compiled(text.lower(), variables=False)
            if made.exact is None:
                patterns.append(made)
            else:
                names.add(made.exact)
        return Actions(frozenset(names), tuple(patterns), negated)

    def _resources(self, body: Mapping[str, object]) -> Resources | None:
        if self.kind is Kind.TRUST:
            self._absent(body, "Resource")
            return None
        key, negated = self._one_of(body, "Resource")
        patterns: list[pattern.Pattern] = []
        for path, text in self._texts(body, key):
            with _at(path):
                patterns.append(arn.resource(text, variables=self.variables))
        return Resources(tuple(patterns), negated)

    def _principals(self, body: Mapping[str, object]) -> principal.Principals | None:
        if not self.kind.names_principals:
            self._absent(body, "Principal")
            return None
        key, negated = self._one_of(body, "Principal")
        with _at((*self.path, key)):
            return principal.read(body[key], negated=negated)

    def _conditions(
        self, body: Mapping[str, object], *, doubt: bool
    ) -> Iterator[condition.Condition | condition.Null]:
        if "Condition" not in body:
            return
        path = (*self.path, "Condition")
        for name, block in an_object(body["Condition"], path).items():
            inside = (*path, name)
            with _at(inside):
                operator = operators.parse(name)
            seen: set[str] = set()
            for key, value in an_object(block, inside).items():
                at = (*inside, key)
                if key.lower() in seen:
                    raise MisplacedError(f"{shown(key)} is there twice; keys ignore case", at)
                seen.add(key.lower())
                values = _values(value, at)
                with _at(at):
                    made = condition.compiled(
                        operator, key, values, variables=self.variables, doubt=doubt
                    )
                yield made

    def _texts(self, body: Mapping[str, object], key: str) -> Iterator[tuple[Path, str]]:
        """The texts of an element, each with its path; an empty list is no way to say nothing."""
        value = body[key]
        path = (*self.path, key)
        items = value if isinstance(value, list | tuple) else [value]
        if not items:
            raise MisplacedError(f"the list of {key} is empty", path, "leave the statement out")
        for index, text in enumerate(items):
            where: Path = (*path, index) if items is value else path
            if type(text) is not str:
                raise MisplacedError("a text is expected here", where)
            yield where, text


def _values(value: object, path: Path) -> tuple[str, ...]:
    """Condition values: texts, numbers and booleans, one or a list of them.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
    """
    if not isinstance(value, list | tuple):
        return (_value(value, path),)
    if not value:
        raise MisplacedError("a condition needs a value", path)
    return tuple(_value(item, (*path, index)) for index, item in enumerate(value))


_TOO_LARGE = 10**100


def _value(value: object, path: Path) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():  # also a number of a JSON text, as it was written
            return str(value)
        case int() if abs(value) < _TOO_LARGE:
            return str(value)
        case float():
            return repr(value)
    raise MisplacedError("a text, a number or a boolean is expected here", path)
