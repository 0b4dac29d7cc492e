"""Read a policy of which parts may be unknown: the statements that are static, the rest by name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from tenantctl.errors import Place, PolicyInvalidError
from tenantctl.iam.document import read
from tenantctl.iam.json_text import Path
from tenantctl.iam.policy import Actions, Kind, Policy
from tenantctl.sources.gathered import Unread
from tenantctl.sources.tree import Tree


@dataclass(frozen=True, slots=True)
class Unknown:
    """Stands for a value that isn't static, and says why."""

    why: str


@dataclass(frozen=True, slots=True)
class Where:
    """Where a document stands: its name in decisions, its file and its path there.

    `about` is as in `Unread`.
    """

    name: str
    kind: Kind
    tree: Tree
    path: Path
    about: str | None = None

    def place(self, path: Path = ()) -> Place:
        """The place of a part of the document."""
        return self.tree.place((*self.path, *path))


def unknowns(value: object, path: Path = ()) -> Iterator[tuple[Path, Unknown]]:
    """Every unknown part of a value."""
    if isinstance(value, Unknown):
        yield path, value
    elif isinstance(value, Mapping):
        for key, inside in value.items():
            yield from unknowns(inside, (*path, key))
    elif isinstance(value, list):
        for index, inside in enumerate(value):
            yield from unknowns(inside, (*path, index))


def partial(value: object, where: Where) -> tuple[Policy, tuple[Unread, ...]]:
    """The policy of the statements that are static, and the parts that aren't.

    `value` is a JSON text, or an object that may hold `Unknown`s. Raises `PolicyInvalidError`
    with the file's place for what is no policy.
    """
    holes = list(unknowns(value))
    if not holes:
        return _read(value, where), ()
    statements = value.get("Statement") if isinstance(value, Mapping) else None
    if not isinstance(statements, list) or any(path[0] != "Statement" for path, _ in holes):
        if isinstance(statements, Mapping) and all(path[0] == "Statement" for path, _ in holes):
            return Policy(where.name, where.kind, ()), (_of_statement(statements, holes, where),)
        return Policy(where.name, where.kind, ()), (_unread(holes, where),)
    by_index: dict[int, list[tuple[Path, Unknown]]] = {}
    for path, unknown in holes:
        by_index.setdefault(int(path[1]), []).append((path, unknown))
    # What can't be read keeps its place, so that the others keep their number.
    kept = [_STAND_IN[where.kind] if i in by_index else s for i, s in enumerate(statements)]
    whole = _read({**_object(value), "Statement": kept}, where)
    static = tuple(s for i, s in enumerate(whole.statements) if i not in by_index)
    unread = tuple(_of_statement(statements[i], found, where) for i, found in by_index.items())
    return Policy(where.name, where.kind, static), unread


_STAND_IN: Mapping[Kind, Mapping[str, str]] = {
    kind: {"Effect": "Deny", "Action": "tenantctl:Unread"}
    | ({"Principal": "*"} if kind.names_principals else {})
    | ({"Resource": "*"} if kind is not Kind.TRUST else {})
    for kind in Kind
}


def _of_statement(statement: object, holes: list[tuple[Path, Unknown]], where: Where) -> Unread:
    """What is unread in one statement; where its actions are static, it is about those alone."""
    made = _unread(holes, where)
    actions = {
        key: value
        for key, value in (statement.items() if isinstance(statement, Mapping) else ())
        if key in {"Action", "NotAction"}
    }
    if where.kind is Kind.TRUST or len(actions) != 1 or any(unknowns(actions)):
        return made
    return replace(made, actions=_actions(actions, where))


def _actions(element: Mapping[str, object], where: Where) -> Actions:
    document = {"Statement": {"Effect": "Allow", "Resource": "*", **element}}
    return _read(document, replace(where, kind=Kind.IDENTITY)).statements[0].actions


def _unread(holes: list[tuple[Path, Unknown]], where: Where) -> Unread:
    reasons = dict.fromkeys(unknown.why for _, unknown in holes)
    return Unread(str(where.place(holes[0][0])), "; ".join(reasons), where.about)


def _object(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _read(value: object, where: Where) -> Policy:
    if not isinstance(value, str | Mapping):
        raise PolicyInvalidError("a policy is an object", place=where.place())
    try:
        return read(value, name=where.name, kind=where.kind)
    except PolicyInvalidError as error:
        place = where.place(_path(error.place.key if error.place else None))
        raise PolicyInvalidError(error.message, hint=error.hint, place=place) from error


_STEP = re.compile(r"\[(\d+)\]|\.?([^.\[\]]+)")


def _path(key: str | None) -> Path:
    """The path of which `key` is the dotted form; keys with dots come out in pieces."""
    steps = _STEP.finditer(key or "")
    return tuple(int(step[1]) if step[1] else step[2] for step in steps)
