"""Patterns against a naive reference, and against texts made to be slow."""

from __future__ import annotations

import time
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantctl.iam import find
from tenantctl.iam.malformed import MalformedError
from tenantctl.iam.pattern import Token, Variable, Wild, compiled, tokens
from tenantctl.iam.request import Context


def naive(pattern: tuple[Token, ...], text: str, context: Context) -> bool:
    """Try everything: the definition of `*` and `?`, written down."""
    signs: list[str | Wild] = []
    for token in pattern:
        if isinstance(token, Wild):
            signs.append(token)
            continue
        value = token if isinstance(token, str) else token.resolve(context)
        if value is None:
            return False
        signs += list(value)

    @cache
    def rest(sign: int, at: int) -> bool:
        if sign == len(signs):
            return at == len(text)
        now = signs[sign]
        if now == Wild("*"):
            return rest(sign + 1, at) or (at < len(text) and rest(sign, at + 1))
        return at < len(text) and (now == Wild("?") or now == text[at]) and rest(sign + 1, at + 1)

    return rest(0, 0)


PATTERNS = st.lists(
    st.sampled_from(["a", "b", "ab", "*", "?", "*", "${t:x}", "${t:y}", "${t:z, 'b'}", "${*}"]),
    max_size=9,
).map("".join)
TEXTS = st.text("ab*?", max_size=14)
VALUES = st.text("ab*?", max_size=3)


@given(PATTERNS, TEXTS, VALUES, st.none() | VALUES)
def test_matching_is_what_wildcards_mean(pattern: str, text: str, x: str, y: str | None) -> None:
    context: dict[str, tuple[str, ...]] = {"t:x": (x,)}
    if y is not None:
        context["t:y"] = (y,)
    made = compiled(pattern, variables=True)
    expected = naive(tokens(pattern, variables=True, wildcards=True), text, context)
    assert made.matches(text, context) is expected


@given(PATTERNS, TEXTS)
def test_without_variables_braces_are_text(pattern: str, text: str) -> None:
    made = compiled(pattern, variables=False)
    assert made.matches(text, {}) is naive(
        tokens(pattern, variables=False, wildcards=True), text, {}
    )
    assert not made.variables


@given(st.text("ab*?$", max_size=6))
def test_a_value_matches_only_itself(value: str) -> None:
    pattern = compiled("${t:x}", variables=True)
    context = {"t:x": (value,)}
    assert pattern.matches(value, context)
    assert not pattern.matches(value + "a", context)


@given(
    st.lists(st.text("ab", max_size=3), min_size=2, max_size=4),
    st.text("ab", max_size=60),
    st.integers(0, 5),
)
def test_bits_find_what_trying_finds(pieces: list[str], text: str, start: int) -> None:
    span = find.width(pieces)
    places = range(start, len(text) - span + 1)
    expected = next((p for p in places if find.at(pieces, text, p)), -1)
    assert find.find(pieces, text, start, len(text)) == expected
    if len(text) >= span:
        among = find._among(pieces, text, len(text) - span + 1)  # noqa: SLF001 - the slow path, directly
        assert among == next((p for p in range(len(text)) if find.at(pieces, text, p)), -1)


def test_windows_find_what_lies_far() -> None:
    text = "ab" * 50_000 + "acc" + "ab" * 50_000
    assert find.find(("a", "c"), text, 0, len(text)) == 100_000
    assert find.find(("a", "d"), text, 0, len(text)) == -1


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "pattern",
    [
        "*a" * 40 + "b",
        "*" + "a*" * 40,
        "*" + "a?" * 1000 + "b*",
        "*a?a*" * 200 + "b",
        "*" + "?" * 2000 + "b",
        "a*" * 16_000 + "b",
        "*" + "a" * 30_000 + "b*",
        "*" + "a" * 1000 + "?" + "a" * 1000 + "b*",
    ],
    ids=lambda p: p[:12],
)
@pytest.mark.parametrize(
    "text",
    ["a" * 1_000_000, "ab" * 500_000, "a" * 999_999 + "b", ("a" * 1500 + "c") * 600],
    ids=["a", "ab", "aab", "aac"],
)
def test_no_pattern_is_slow(pattern: str, text: str) -> None:
    made = compiled(pattern, variables=False)
    started = time.process_time()
    made.matches(text, {})
    assert time.process_time() - started < 2


def test_patterns_longer_than_any_of_iam_are_refused() -> None:
    with pytest.raises(MalformedError, match="longer than any"):
        compiled("a" * 40_000, variables=False)
    with pytest.raises(MalformedError, match="longer than any"):
        compiled("a" * 3_000 + "?", variables=False)


def test_variables_are_found_whatever_their_case() -> None:
    assert tokens("${AWS:PrincipalTag/Clinic Id, 'x y'}", variables=True, wildcards=True) == (
        Variable("aws:principaltag/clinic id", "x y"),
    )
