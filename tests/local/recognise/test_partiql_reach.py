"""PartiQL: what a statement is read as, and the partitions that it claims.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-iam.html
"""

# ruff: noqa: S608 - statements put together of pieces are what is under test
from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantctl.local.call import ServiceError, UnrecognisedError
from tenantctl.local.recognise.dynamodb.partiql.lexer import PartiqlError
from tenantctl.local.recognise.dynamodb.partiql.parser import parse
from tenantctl.local.recognise.dynamodb.partiql.reach import proved
from tenantctl.local.recognise.dynamodb.partiql.syntax import (
    And,
    Compare,
    Condition,
    In,
    Is,
    Not,
    Or,
    Select,
)

from .conftest import ACCOUNT, Recognise

TABLE = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/records"
LEADING = "dynamodb:leadingkeys"
A = {"S": "clinic-a"}
OWN = "tenant_id = 'clinic-a'"
AND = "AND item_id = 'x' AND note = 'y' RETURNING ALL NEW *"


def where(text: str) -> str:
    return f'SELECT * FROM "records" WHERE {text}'


@pytest.mark.parametrize(
    ("condition", "parameters", "claim"),
    [
        ("tenant_id = 'clinic-a'", [], ("clinic-a",)),
        ("tenant_id='clinic-a'", [], ("clinic-a",)),
        ("\"tenant_id\" = 'clinic-a'", [], ("clinic-a",)),
        ("tenant_id = ?", [A], ("clinic-a",)),
        ("tenant_id\n\t=\r\n?", [A], ("clinic-a",)),
        ("((tenant_id = ?))", [A], ("clinic-a",)),
        ("tenant_id = 01.0", [], ("1",)),
        ("tenant_id = ?", [{"N": "1.0"}], ("1",)),
        ("tenant_id = ?", [{"B": b"x"}], ("eA==",)),
        ("tenant_id = 'it''s'", [], ("it's",)),
        ("tenant_id = 'x'' OR tenant_id = ''y'", [], ("x' OR tenant_id = 'y",)),
        ("tenant_id = 'clinic-a' AND item_id = 'x'", [], ("clinic-a",)),
        ("item_id = 'x' and tenant_id = 'clinic-a'", [], ("clinic-a",)),
        ("tenant_id = 'clinic-a' AND (note = 'x' OR note = 'y')", [], ("clinic-a",)),
        ("tenant_id = 'clinic-a' AND NOT note = 'x'", [], ("clinic-a",)),
        ("tenant_id IN ['clinic-a', 'clinic-b']", [], ("clinic-a", "clinic-b")),
        ("tenant_id IN [?,?]", [{"S": "b"}, A], ("b", "clinic-a")),
        ("tenant_id IN ('clinic-a')", [], ("clinic-a",)),
        ("tenant_id = 'clinic-a' OR tenant_id = 'clinic-b'", [], ("clinic-a", "clinic-b")),
        ("tenant_id = 'a' AND tenant_id = 'b'", [], ("a", "b")),
        ("note = 'x' AND (tenant_id = 'a' OR tenant_id IN ['b'])", [], ("a", "b")),
        # AND binds tighter than OR: the second half lets every tenant through.
        ("tenant_id = 'clinic-a' AND note = 'x' OR note = 'y'", [], None),
        ("tenant_id = 'clinic-a' OR note = 'y'", [], None),
        ("tenant_id = 'clinic-a' OR note = 'y' AND tenant_id = 'b'", [], ("b", "clinic-a")),
        ("NOT tenant_id = 'clinic-b'", [], None),
        ("NOT NOT tenant_id = 'clinic-b'", [], None),
        ("tenant_id <> 'clinic-b'", [], None),
        ("tenant_id != 'clinic-b'", [], None),
        ("tenant_id > 'clinic-a'", [], None),
        ("tenant_id NOT IN ['clinic-b']", [], None),
        ("tenant_id BETWEEN 'clinic-a' AND 'clinic-a'", [], None),
        ("begins_with(tenant_id, 'clinic-a')", [], None),
        ("contains(\"tenant_id\", 'clinic-a')", [], None),
        ("size(tenant_id) = 8", [], None),
        ("tenant_id IS NOT MISSING", [], None),
        ("tenant_id.part = 'clinic-a'", [], None),
        ("tenant_id[0] = 'clinic-a'", [], None),
        ("item_id = 'clinic-a'", [], None),
    ],
)
def test_claims(
    recognised: Recognise,
    condition: str,
    parameters: Sequence[Any],
    claim: tuple[str, ...] | None,
) -> None:
    request = {"Statement": where(condition), "Parameters": parameters}
    (check,) = recognised("dynamodb", "ExecuteStatement", request)
    assert (check.action, check.resource) == ("dynamodb:PartiQLSelect", TABLE)
    assert check.context.get(LEADING) == claim
    assert check.context["dynamodb:fulltablescan"] == ("true" if claim is None else "false",)


def test_a_select_without_where_is_a_full_table_scan(recognised: Recognise) -> None:
    (check,) = recognised("dynamodb", "ExecuteStatement", {"Statement": 'SELECT * FROM "records"'})
    assert LEADING not in check.context
    assert check.context["dynamodb:fulltablescan"] == ("true",)
    assert check.context["dynamodb:select"] == ("ALL_ATTRIBUTES",)


def test_an_index_is_claimed_by_its_own_partition_key(recognised: Recognise) -> None:
    text = 'SELECT note, home.street FROM "records"."by-doctor" WHERE {} = \'x\''
    (own,) = recognised("dynamodb", "ExecuteStatement", {"Statement": text.format("doctor")})
    assert own.resource == f"{TABLE}/index/by-doctor"
    assert own.context[LEADING] == ("x",)
    assert own.context["dynamodb:select"] == ("SPECIFIC_ATTRIBUTES",)
    assert set(own.context["dynamodb:attributes"]) == {
        "doctor",
        "home",
        "item_id",
        "note",
        "tenant_id",
    }
    (other,) = recognised("dynamodb", "ExecuteStatement", {"Statement": text.format("tenant_id")})
    assert LEADING not in other.context


@pytest.mark.parametrize(
    ("statement", "action", "returned"),
    [
        (
            "INSERT INTO records VALUE {'tenant_id': 'clinic-a', 'item_id': 'x', 'n': [<<'s'>>]}",
            "PartiQLInsert",
            None,
        ),
        (
            "UPDATE records SET note = 'x' WHERE tenant_id = 'clinic-a' AND item_id = 'x'",
            "PartiQLUpdate",
            ("NONE",),
        ),
        (
            f"UPDATE records SET n = n + 1, t = list_append(t, ['x']) REMOVE a.b WHERE {OWN} {AND}",
            "PartiQLUpdate",
            ("ALL_NEW",),
        ),
        (
            f"DELETE FROM records WHERE {OWN} AND item_id = 'x' RETURNING ALL OLD *",
            "PartiQLDelete",
            ("ALL_OLD",),
        ),
    ],
)
def test_changes_claim_their_one_item(
    recognised: Recognise, statement: str, action: str, returned: tuple[str, ...] | None
) -> None:
    (check,) = recognised("dynamodb", "ExecuteStatement", {"Statement": statement})
    assert (check.action, check.resource) == (f"dynamodb:{action}", TABLE)
    assert check.context[LEADING] == ("clinic-a",)
    assert check.context.get("dynamodb:returnvalues") == returned


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO records VALUE {'item_id': 'x'}",
        "UPDATE records SET note = 'x' WHERE tenant_id = 'clinic-a'",
        "UPDATE records SET note = 'x' WHERE tenant_id = 'a' OR tenant_id = 'b' AND item_id = 'x'",
        "UPDATE records SET note = 'x' WHERE tenant_id IN ['a'] AND item_id = 'x'",
        "DELETE FROM records WHERE item_id = 'x'",
        "DELETE FROM records WHERE note = 'x'",
        "DELETE FROM records WHERE NOT (tenant_id = 'a' AND item_id = 'x')",
    ],
)
def test_changes_without_a_whole_key_are_validation_errors(
    recognised: Recognise, statement: str
) -> None:
    with pytest.raises(ServiceError, match="ValidationException"):
        recognised("dynamodb", "ExecuteStatement", {"Statement": statement})


@pytest.mark.parametrize(
    ("statement", "parameters"),
    [
        ("", []),
        ("SELECT", []),
        ("DROP TABLE records", []),
        ("SELECT * FROM records; DELETE FROM records WHERE tenant_id = 'a'", []),
        ("SELECT * FROM records AS r WHERE r.tenant_id = 'a'", []),
        ("SELECT * FROM records r WHERE r.tenant_id = 'a'", []),
        ("SELECT * FROM records, plain WHERE tenant_id = 'a'", []),
        ("SELECT * FROM records WHERE tenant_id = 'a' ORDER BY item_id", []),
        ("SELECT * FROM records WHERE tenant_id = (SELECT id FROM plain)", []),
        ("SELECT * FROM records WHERE EXISTS(SELECT * FROM plain)", []),
        ("SELECT COUNT(*) FROM records", []),
        ("SELECT * FROM records WHERE 'a' = tenant_id", []),
        ("SELECT * FROM records WHERE tenant_id = item_id", []),
        ("SELECT * FROM records WHERE tenant_id = tenant_id", []),
        ("SELECT * FROM records WHERE tenant_id = 'a' -- AND note = 'x'", []),
        ("SELECT * FROM records WHERE tenant_id /* x */ = 'a'", []),
        ("SELECT * FROM records WHERE tenant_id = `a`", []),
        ("SELECT * FROM records WHERE tenant_id = 'a", []),
        ('SELECT * FROM records WHERE tenant_id = "a"', []),
        ("SELECT * FROM records WHERE tenant_id = 'a' || 'b'", []),
        ("SELECT * FROM records WHERE tenant_id\u00a0= 'a'", []),
        ("SELECT * FROM records WHERE tenant_id = \u2018a\u2019", []),
        ("SELECT * FROM records WHERE tenant_id IN []", []),
        ("SELECT * FROM records WHERE tenant_id LIKE 'a%'", []),
        ("SELECT * FROM records WHERE Tenant_Id = 'a'", []),
        ("SELECT * FROM records WHERE \"TENANT_ID\" = 'a'", []),
        ("SELECT * FROM records WHERE tenant_id = 1a", []),
        ("SELECT * FROM records WHERE tenant_id = ?", []),
        ("SELECT * FROM records WHERE tenant_id = 'a'", [A]),
        ("SELECT * FROM records WHERE tenant_id = ?", [A, A]),
        ("SELECT * FROM records WHERE tenant_id = ?", ["clinic-a"]),
        ("SELECT * FROM records WHERE tenant_id = ?", [{"S": "a", "N": "1"}]),
        ("SELECT * FROM \"records/index/by-visit\" WHERE tenant_id = 'a'", []),
        ('SELECT * FROM "records"."by-visit"."x" WHERE tenant_id = \'a\'', []),
        ("INSERT INTO records VALUE {'tenant_id': 'a', 'tenant_id': 'b', 'item_id': 'x'}", []),
        ("INSERT INTO records VALUE 'x'", []),
        ("INSERT INTO records VALUES {'tenant_id': 'a'}", []),
        ("UPDATE records WHERE tenant_id = 'a' AND item_id = 'x'", []),
        ("DELETE FROM records", []),
        ("SELECT * FROM records WHERE " + "(" * 200 + "tenant_id = 'a'" + ")" * 200, []),
        ("SELECT * FROM records WHERE " + "NOT " * 200 + "tenant_id = 'a'", []),
        ("SELECT * FROM records WHERE x = " + "[" * 3000 + "]" * 3000, []),
        ("SELECT * FROM records WHERE tenant_id = '" + "a" * 9000 + "'", []),
    ],
)
def test_what_is_not_understood_is_refused_by_name(
    recognised: Recognise, statement: str, parameters: Sequence[Any]
) -> None:
    request = {"Statement": statement, "Parameters": parameters}
    with pytest.raises(UnrecognisedError, match="dynamodb:ExecuteStatement"):
        recognised("dynamodb", "ExecuteStatement", request)


def test_a_statement_must_be_text(recognised: Recognise) -> None:
    for request in ({}, {"Statement": None}, {"Statement": ["SELECT"]}):
        with pytest.raises(UnrecognisedError):
            recognised("dynamodb", "ExecuteStatement", request)


def test_a_batch_and_a_transaction_are_checked_statement_by_statement(
    recognised: Recognise,
) -> None:
    members = [
        {"Statement": where("tenant_id = ?"), "Parameters": [A]},
        {"Statement": "DELETE FROM plain WHERE id = 1"},
    ]
    for operation, name, enclosing in (
        ("BatchExecuteStatement", "Statements", None),
        ("ExecuteTransaction", "TransactStatements", ("ExecuteTransaction",)),
    ):
        checks = recognised("dynamodb", operation, {name: members})
        assert [(c.action, c.context[LEADING]) for c in checks] == [
            ("dynamodb:PartiQLSelect", ("clinic-a",)),
            ("dynamodb:PartiQLDelete", ("1",)),
        ]
        for check in checks:
            assert check.context.get("dynamodb:enclosingoperation") == enclosing


def test_an_empty_batch_is_refused(recognised: Recognise) -> None:
    with pytest.raises(UnrecognisedError):
        recognised("dynamodb", "BatchExecuteStatement", {"Statements": []})


# -- for all conditions ----------------------------------------------------------------------

_TENANTS = ("a", "b", "c")
_NOTES = ("x", "y")

_LEAVES: st.SearchStrategy[Condition] = st.one_of(
    st.builds(
        lambda op, value: Compare(op, ("tenant_id",), {"S": value}),
        st.sampled_from(["=", "=", "<>", "<", ">="]),
        st.sampled_from(_TENANTS),
    ),
    st.builds(
        lambda values: In(("tenant_id",), tuple({"S": value} for value in values)),
        st.lists(st.sampled_from(_TENANTS), min_size=1, max_size=2),
    ),
    st.builds(lambda value: Compare("=", ("note",), {"S": value}), st.sampled_from(_NOTES)),
    st.builds(lambda negated: Is(("tenant_id",), "MISSING", negated), st.booleans()),
)
_CONDITIONS: st.SearchStrategy[Condition] = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(And, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(Or, st.lists(inner, min_size=2, max_size=3).map(tuple)),
    ),
    max_leaves=12,
)
_ITEMS = [{"tenant_id": t, "note": n} for t in _TENANTS for n in _NOTES]


def holds(condition: Condition, item: dict[str, str]) -> bool:
    """What a condition means, said as plainly as can be."""
    match condition:
        case And(parts):
            return all(holds(part, item) for part in parts)
        case Or(parts):
            return any(holds(part, item) for part in parts)
        case Not(part):
            return not holds(part, item)
        case In((str(name),), values):
            return {"S": item[name]} in values
        case Is(_, _, negated):
            return negated
        case Compare(operator, (str(name),), {"S": str(value)}):
            return {
                "=": item[name] == value,
                "<>": item[name] != value,
                "<": item[name] < value,
                ">=": item[name] >= value,
            }[operator]
        case _:
            raise AssertionError(condition)


def text_of(condition: Condition) -> str:
    match condition:
        case And(parts):
            return "(" + " AND ".join(map(text_of, parts)) + ")"
        case Or(parts):
            return "(" + " OR ".join(map(text_of, parts)) + ")"
        case Not(part):
            return f"NOT {text_of(part)}"
        case In((str(name),), values):
            return f"{name} IN [{', '.join(repr(v['S']) for v in values)}]"
        case Is((str(name),), what, negated):
            return f"{name} IS {'NOT ' if negated else ''}{what}"
        case Compare(operator, (str(name),), {"S": str(value)}):
            return f"{name} {operator} '{value}'"
        case _:
            raise AssertionError(condition)


@given(_CONDITIONS)
def test_no_item_outside_the_claim_meets_the_condition(condition: Condition) -> None:
    claim = proved(condition, "tenant_id")
    if claim is not None:
        assert {item["tenant_id"] for item in _ITEMS if holds(condition, item)} <= claim


@given(_CONDITIONS, _CONDITIONS)
def test_widening_a_condition_never_narrows_the_claim(first: Condition, second: Condition) -> None:
    alone, wider = proved(first, "tenant_id"), proved(Or((first, second)), "tenant_id")
    assert wider is None or (alone is not None and alone <= wider)
    assert proved(Not(first), "tenant_id") is None


@given(_CONDITIONS)
def test_text_is_read_as_it_means(condition: Condition) -> None:
    read = parse(f"SELECT * FROM records WHERE {text_of(condition)}")
    assert isinstance(read, Select)
    assert read.where is not None
    for item in _ITEMS:
        assert holds(read.where, item) == holds(condition, item)


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    for statement in (text, f"SELECT * FROM records WHERE {text}"):
        with contextlib.suppress(PartiqlError):
            parse(statement)


@given(st.text(max_size=30))
def test_a_quoted_value_never_gets_out_of_its_quotes(value: str) -> None:
    quoted = value.replace("'", "''")
    read = parse(f"SELECT * FROM records WHERE tenant_id = '{quoted}'")
    assert isinstance(read, Select)
    assert read.where == Compare("=", ("tenant_id",), {"S": value})


@given(
    st.lists(
        st.sampled_from(
            [
                "tenant_id",
                "=",
                "'a'",
                "?",
                "AND",
                "OR",
                "NOT",
                "(",
                ")",
                "IN",
                "[",
                "]",
                ",",
                "IS",
                "MISSING",
                "BETWEEN",
                "size",
                "1",
                ".",
            ]
        )
    )
)
def test_any_tokens_are_read_or_refused(words: list[str]) -> None:
    with contextlib.suppress(PartiqlError):
        parse("SELECT * FROM records WHERE " + " ".join(words), [A] * words.count("?"))
