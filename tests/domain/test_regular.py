"""Patterns mean what `re` makes of them, and none is slow."""

from __future__ import annotations

import re
import time
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantctl.domain.regular import PatternError, compiled, matches

ONE = [
    *("a", "b", "-", ".", r"\.", "[ab]", "[^a]", "[a-c-]", r"[^\w-]", "é", "A", r"\x61"),
    *(r"\w", r"\W", r"\d", r"\D", r"\s", r"\S", r"[\d\s]"),
    *("^", "$", r"\A", r"\Z", r"\b", r"\B", "(?m:^)", "(?m:$)"),
    *("(?i:a)", "(?i:[A-B])", "(?-i:a)", "(?s:.)", r"(?a:\w)", "()"),
]
MANY = ["*", "+", "?", "{2}", "{1,3}", "{0,2}", "{2,}", "*?", "+?", "??", "{1,2}?"]
PATTERNS = st.recursive(
    st.sampled_from(ONE),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda two: f"(?:{two[0]}|{two[1]})"),
        st.tuples(inner, st.sampled_from(MANY)).map(lambda two: f"({two[0]}){two[1]}"),
        st.tuples(st.sampled_from(["=", "!", "<=", "<!"]), inner).map(
            lambda two: f"(?{two[0]}{two[1]})"
        ),
    ),
    max_leaves=6,
)
FLAGS = st.sampled_from(["", "", "(?i)", "(?s)", "(?m)", "(?a)", "(?x)"])
TEXTS = st.text("aab-A1é\n ", max_size=7)


@given(FLAGS, PATTERNS, st.lists(TEXTS, min_size=1, max_size=5))
def test_a_pattern_matches_what_re_matches(flags: str, body: str, texts: list[str]) -> None:
    pattern = flags + body
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            known = re.compile(pattern)
    except (re.error, Warning):  # a lookbehind without a fixed width, say
        with pytest.raises(PatternError):
            compiled(pattern)
        return
    for text in texts:
        assert matches(pattern, text) is (known.fullmatch(text) is not None)


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("[a-z0-9][a-z0-9-]{0,61}[a-z0-9]", "clinic-1", True),
        ("[a-z0-9][a-z0-9-]{0,61}[a-z0-9]", "clinic-", False),
        ("[a-z0-9][a-z0-9-]{0,61}[a-z0-9]", "a" * 64, False),
        ("[0-9a-f-]{36}", "00000000-0000-4000-8000-000000000000", True),
        (r"(?!.*--)[a-z-]+", "a-b", True),
        (r"(?!.*--)[a-z-]+", "a--b", False),
        (r"[a-z]+(?<!-eu)", "clinic", True),
        (r"[a-z-]+(?<!-eu)", "clinic-eu", False),
        ("(?i)clinic", "CLINIC", True),
        ("(?i)[k]", "\u212a", True),
        ("a$", "a\n", False),
        ("", "", True),
    ],
)
def test_known_patterns(pattern: str, text: str, *, expected: bool) -> None:
    assert matches(pattern, text) is expected
    assert (re.fullmatch(pattern, text) is not None) is expected


SLOW = [
    "(a+)+$",
    "(a|a)*b",
    "(a*)*b",
    "((a+)+)+b",
    "(a|aa)+b",
    "(.*a){20}b",
    "(a?){60}a{60}b",
    "(([a-z])+.)+[A-Z]([a-z])+",
    "(.*)*(.*)*(.*)*x",
    "((((((a*)b?)*c?)*d?)*e?)*f?)*g",
    "(((a?){99}){99}){99}b",
    "(?=(a+)+b)a*",
    "(?!(.*){1,50}x)b",
    "(?:(?=(a*)*b)|a)*",
]


@pytest.mark.parametrize("pattern", SLOW)
@pytest.mark.parametrize("text", ["a" * 60 + "!", "ab" * 30, "a" * 60], ids=["!", "ab", "a"])
def test_no_pattern_is_slow(pattern: str, text: str) -> None:
    start = time.process_time()
    matches(pattern, text)
    assert time.process_time() - start < 0.1


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        (r"(a)\1", "a back reference can't be matched in bounded time"),
        (r"(a)?(?(1)b|c)", "a conditional group"),
        ("(?>a+)b", "an atomic group"),
        ("a++b", "a possessive repetition"),
        ("[a-z", "unterminated character set"),
        ("[[a]", "nested set"),
        ("a{99999999999}", "too large"),
    ],
)
def test_what_cannot_be_read_is_refused(pattern: str, says: str) -> None:
    with pytest.raises(PatternError, match=re.escape(says)):
        compiled(pattern)
