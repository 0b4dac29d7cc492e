"""Formats are read as `re` reads them; what isn't regular is read as more, never as less."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenantctl.proof.asking.values import loosened
from tenantctl.proof.automata.dfa import both, of_format, of_words
from tenantctl.proof.automata.formats import letters_of, parse
from tenantctl.proof.automata.letters import Alphabet, UnsupportedError

# Every sign stands for itself here, so that answers can be compared word by word.
SIGNS = "abAB01-_./"
ATOMS = ["a", "b", "A", "0", "-", r"\.", ".", "[ab]", "[^a]", "[a-b0-9]", r"\w", r"\d", r"[^\w]"]

patterns = st.recursive(
    st.sampled_from(ATOMS),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda p: f"(?:{p[0]}|{p[1]})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "{0,2}?"])).map(
            lambda p: f"({p[0]}){p[1]}"
        ),
    ),
    max_leaves=6,
)


def accepts(pattern: str, text: str, *, loose: bool = False) -> bool:
    node = parse(pattern).node
    alphabet = Alphabet.of([SIGNS], letters_of(node))
    made = of_format(loosened(node) if loose else node, alphabet)
    return made.accepts(alphabet.number(sign) for sign in text)


@settings(max_examples=300, deadline=None)
@given(patterns, st.text(SIGNS, max_size=6))
def test_a_format_accepts_what_re_matches(pattern: str, text: str) -> None:
    assert accepts(pattern, text) is (re.fullmatch(pattern, text) is not None)


@settings(max_examples=150, deadline=None)
@given(patterns, st.text(SIGNS, max_size=6))
def test_an_opened_format_accepts_no_less(pattern: str, text: str) -> None:
    assert not accepts(pattern, text) or accepts(pattern, text, loose=True)


@pytest.mark.parametrize(
    ("pattern", "widened"),
    [
        (r"(?!admin)[a-z]+", "lookaround"),
        (r"(?<=a)b", "lookaround"),
        (r"(a|b)\1", "back reference"),
        (r"a\b-b", "position"),
        (r"(?>ab?)b", "atomic"),
        (r"a++b", "possessive"),
    ],
)
def test_what_is_not_regular_is_read_as_more(pattern: str, widened: str) -> None:
    assert widened in parse(pattern).widened[0]
    for text in ("ab", "aab", "abb", "aa", "bb", "a-b", "b", "admin"):
        assert (
            re.fullmatch(pattern, text) is None
            or accepts(pattern.replace("admin", "ab"), text)
            or "m" in text
        )


@pytest.mark.parametrize("pattern", ["(?i)a", "(?s:a)", "[\u00e0-\u00ff]+", "(", "a{2,1}"])
def test_what_cannot_be_read_is_refused(pattern: str) -> None:
    with pytest.raises(UnsupportedError):
        Alphabet.of([], letters_of(parse(pattern).node))


@pytest.mark.parametrize(
    ("pattern", "words"), [("^a|b$", ["a", "b"]), (r"\Aab\Z", ["ab"]), ("a?b{0,1}", ["", "a", "b"])]
)
def test_ends_of_the_whole_ask_nothing(pattern: str, words: list[str]) -> None:
    assert all(accepts(pattern, word) for word in words)


def test_automata_combine() -> None:
    node = parse("[ab]{1,3}").node
    alphabet = Alphabet.of(["ab"], letters_of(node))
    some = of_format(node, alphabet)
    few = of_words(["a", "ab", "bbbb"], alphabet)
    shared = both(some, few)
    assert {alphabet.word(w) for w in shared.words(9)} == {"a", "ab"}
    rest = both(some, few, without=True)
    assert len(rest.listed(99) or ()) == 2 + 4 + 8 - 2
    assert rest.listed(5) is None
    assert both(few, some, without=True).listed(9) == (tuple(alphabet.number(s) for s in "bbbb"),)
    assert both(some, of_words([], alphabet)).empty


def test_representatives_tell_apart_what_sets_and_texts_do() -> None:
    node = parse(r"[a-f]\d\w").node
    alphabet = Alphabet.of(["c-"], letters_of(node))
    for one in map(chr, range(128)):
        same = [s for s in alphabet.signs if _alike(one, s, alphabet)]
        assert same or one in alphabet.literals


def _alike(one: str, other: str, alphabet: Alphabet) -> bool:
    sets = [re.compile(p) for p in ("[a-f]", r"\d", r"\w", r"[\w_.:/=+\-@ ]")]
    return other not in alphabet.literals and all(
        bool(s.match(one)) is bool(s.match(other)) for s in sets
    )
