from __future__ import annotations

import time

import pytest

from tenantctl.cedar.positions import outline, statements
from tenantctl.cedar.statement import Flaw, UnreadableError, parse

SCOPE = "permit(principal,\naction,\nresource)\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f"{SCOPE}when {{ context.input.a == }};", 4),
        (f"{SCOPE}when {{\n1 = 2\n}};", 5),
        (f"{SCOPE}when {{ @ }};", 4),
        (f'{SCOPE}when {{\n"\\q" == "" }};', 5),
        (f"{SCOPE}when {{\n99999999999999999999 > 1\n}};", 5),
        (f"{SCOPE}when {{ principal.foo() }};", 4),
        (f"{SCOPE}where {{ true }};", 4),
        (f"{SCOPE};\n{SCOPE}when {{ 1 < 2 < 3 }};", 8),
        (SCOPE, 3),
        (f"{SCOPE}when\n{{ true\n\n", 5),
        ('permit(\nprincipal == "x",\naction, resource);', 2),
        ("// one\nPermit(principal, action, resource);", 2),
        ("permit(principal,\naction,\nresourse);", 3),
        ("permit(principal\naction, resource);", 2),
        ('\n@id("a")\n@id("b")\npermit(principal, action, resource);', 4),
        ('\n\n"never ended', 3),
        ("\n\u00e9 permit;", 2),
    ],
)
def test_a_syntax_error_has_the_line_on_which_the_parser_meets_it(text: str, line: int) -> None:
    with pytest.raises(UnreadableError) as caught:
        parse(text, "x.cedar")
    assert caught.value.flaw is Flaw.SYNTAX
    assert caught.value.place is not None
    assert str(caught.value.place) == f"x.cedar:{line}"


@pytest.mark.parametrize(
    ("text", "line"),
    [("", None), ("// nothing\n", None), (f'{SCOPE};\n@id("b")\n{SCOPE};', 5)],
)
def test_a_second_statement_has_its_line(text: str, line: int | None) -> None:
    with pytest.raises(UnreadableError) as caught:
        parse(text, "x.cedar")
    assert caught.value.flaw is Flaw.COUNT
    assert caught.value.place is not None
    assert caught.value.place.line == line


def test_words_in_strings_annotations_and_comments_are_no_parts() -> None:
    found = outline(
        '// permit when\n@permit("when")\n@id("x")\npermit (\n  principal is A::B,\n'
        '  action == A::"principal",\n  resource\n)\nwhen { context.input.a == "unless" }\n'
        'unless\n{ context.input.b == "when" };'
    )
    assert (found.statement, found.head, found.clauses) == (4, (5, 6, 7), (9, 10))
    assert found.word("b") == 11
    assert found.word("principal") is None
    assert found.word("input", after="unless") == 11


def test_statements_begin_with_their_annotations() -> None:
    assert statements('a;\n@id("b;c") // ;\nb;\n') == (1, 2)


def test_a_string_that_nobody_ends_is_read_once() -> None:
    began = time.process_time()
    with pytest.raises(UnreadableError, match="invalid token"):
        parse('"' + '\\"' * 49_000, "x.cedar")
    assert time.process_time() - began < 5
