"""SELECT, INSERT, UPDATE and DELETE.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.statements.html
"""

from __future__ import annotations

from collections.abc import Sequence

from tenantctl.local.recognise.dynamodb.partiql.conditions import condition
from tenantctl.local.recognise.dynamodb.partiql.lexer import Kind
from tenantctl.local.recognise.dynamodb.partiql.reader import Reader
from tenantctl.local.recognise.dynamodb.partiql.syntax import (
    Assignment,
    Condition,
    Delete,
    Insert,
    Path,
    Select,
    Statement,
    Update,
    Value,
)

_FUNCTIONS = ("LIST_APPEND", "SET_ADD", "SET_DELETE")


def parse(statement: str, parameters: Sequence[Value] = ()) -> Statement:
    """Read one statement, with its parameters in place.

    Raises `PartiqlError` for anything that isn't read in full: joins, aliases, subqueries,
    ordering, comments, Ion literals.
    """
    reader = Reader(statement, parameters)
    kind = reader.word("SELECT", "INSERT", "UPDATE", "DELETE")
    found: Statement
    if kind == "SELECT":
        found = _select(reader)
    elif kind == "INSERT":
        found = _insert(reader)
    elif kind == "UPDATE":
        found = _update(reader)
    else:
        reader.word("FROM")
        found = Delete(_table(reader), _where(reader), _returning(reader))
    reader.finish()
    return found


def _table(reader: Reader) -> str:
    return reader.name()


def _where(reader: Reader) -> Condition:
    reader.word("WHERE")
    return condition(reader)


def _returning(reader: Reader) -> str | None:
    """`RETURNING ALL|MODIFIED OLD|NEW *`, as the API's name for the same."""
    if not reader.next.is_word("RETURNING"):
        return None
    reader.take()
    which = reader.word("ALL", "MODIFIED")
    when = reader.word("OLD", "NEW")
    reader.sign("*")
    return f"{'ALL' if which == 'ALL' else 'UPDATED'}_{when}"


def _select(reader: Reader) -> Select:
    projection: list[Path] | None = None
    if reader.next.is_sign("*"):
        reader.take()
    else:
        projection = [reader.path()]
        while reader.next.is_sign(","):
            reader.take()
            projection.append(reader.path())
    reader.word("FROM")
    table = _table(reader)
    index = None
    if reader.next.is_sign("."):
        reader.take()
        index = reader.name()
    where = _where(reader) if reader.next.kind is not Kind.END else None
    return Select(table, index, None if projection is None else tuple(projection), where)


def _insert(reader: Reader) -> Insert:
    reader.word("INTO")
    table = _table(reader)
    reader.word("VALUE")
    value = reader.value()
    if set(value) != {"M"}:
        raise reader.fail("an item in braces")
    return Insert(table, value["M"])


def _update(reader: Reader) -> Update:
    table = _table(reader)
    sets: list[Assignment] = []
    removes: list[Path] = []
    while not reader.next.is_word("WHERE"):
        if reader.word("SET", "REMOVE") == "REMOVE":
            removes.append(reader.path())
            continue
        sets.append(_assignment(reader))
        while reader.next.is_sign(","):
            reader.take()
            sets.append(_assignment(reader))
    if not sets and not removes:
        raise reader.fail("SET or REMOVE")
    return Update(table, tuple(sets), tuple(removes), _where(reader), _returning(reader))


def _assignment(reader: Reader) -> Assignment:
    path = reader.path()
    reader.sign("=")
    if reader.next.is_word(*_FUNCTIONS) and reader.peek().is_sign("("):
        function = reader.word(*_FUNCTIONS).lower()
        reader.sign("(")
        base = reader.path()
        reader.sign(",")
        value = reader.value()
        reader.sign(")")
        return Assignment(path, value, function, base)
    if reader.next.kind in {Kind.QUOTED, Kind.WORD} and not reader.next.is_word(
        "TRUE", "FALSE", "NULL"
    ):
        base = reader.path()
        return Assignment(path, operator=reader.sign("+", "-"), base=base, value=reader.value())
    return Assignment(path, reader.value())
