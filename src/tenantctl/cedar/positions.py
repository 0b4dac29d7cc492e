"""Lines of a Cedar text: where its parts stand, and where it stops being Cedar.

Cedar's parser says what is wrong without saying where, and its trees carry no positions. So the
text is cut into tokens here, and the parser is asked about beginnings of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# An unterminated string runs to the end: looking for its end at every quote would be quadratic.
_TOKEN = re.compile(
    r'(?P<blank>\s+|//[^\n\r]*)|(?P<text>"(?:\\.|[^"\\])*(?:"|\\?\Z)|[^\W\d]\w*|\d+'
    r"|::|==|!=|<=|>=|&&|\|\||.)",
    re.DOTALL,
)
_QUOTED = re.compile(r"`([^`]+)`|'([^']+)'")
_UNFINISHED = "unexpected end of input"
_HEAD = ("principal", "action", "resource")


@dataclass(frozen=True, slots=True)
class Token:
    """A word, string, number or sign of a text; `line` counts from 1, `end` in characters."""

    text: str
    line: int
    end: int


@dataclass(frozen=True, slots=True)
class Outline:
    """Where a statement's parts stand, as line numbers.

    `head` holds the lines of principal, action and resource; `clauses` those of `when` and
    `unless`. What isn't there stands where the statement does.
    """

    statement: int
    head: tuple[int, int, int]
    clauses: tuple[int, ...]
    _tokens: tuple[Token, ...]
    _body: int

    @property
    def conditions(self) -> int:
        """Where the conditions begin."""
        return self.clauses[0] if self.clauses else self.statement

    def word(self, *spellings: str, after: str | None = None) -> int | None:
        """The first line of the conditions that holds one of the tokens, in any spelling.

        With `after`, the first one behind that token, where there is one.
        """
        rest = self._tokens[self._body :]
        if after is not None:
            behind = next((n for n, token in enumerate(rest) if token.text == after), None)
            rest = rest if behind is None else rest[behind:]
        return next((token.line for token in rest if token.text in spellings), None)


def tokens(text: str) -> tuple[Token, ...]:
    """The tokens of a text, whether it is Cedar or not; blanks and comments are left out."""
    return tuple(_tokens(text))


def outline(text: str) -> Outline:
    """The outline of the first statement in `text`."""
    listed = tokens(text)
    start = _effect(listed)
    first = listed[start].line if listed else 1
    head = dict.fromkeys(_HEAD, first)
    clauses: list[int] = []
    seen: set[str] = set()
    depth, body = 0, len(listed)
    for number, token in enumerate(listed[start:], start):
        if token.text in "([{":
            depth += 1
        elif token.text in ")]}":
            depth -= 1
            if depth == 0 and body == len(listed):
                body = number
        elif depth == 0 and token.text in {"when", "unless"}:
            clauses.append(token.line)
        elif depth == 1 and not clauses and token.text in head and token.text not in seen:
            seen.add(token.text)
            head[token.text] = token.line
    lines = (head["principal"], head["action"], head["resource"])
    return Outline(first, lines, tuple(clauses), listed, body)


def statements(text: str) -> tuple[int, ...]:
    """The line on which each statement of a text begins, annotations included."""
    listed = tokens(text)
    ends = [number for number, token in enumerate(listed) if token.text == ";"]
    starts = [0, *(number + 1 for number in ends)]
    return tuple(listed[start].line for start in starts if start < len(listed))


def syntax_error_line(text: str, message: str) -> int | None:
    """The line on which the parser meets what it says in `message`; None for an empty text.

    The shortest beginning that can't be completed ends at the mistake, or at the end of the
    statement that holds it; what the message quotes is then the last of its kind before that.
    """
    listed = tokens(text)
    if not listed:
        return None
    if message == _UNFINISHED:
        return listed[-1].line
    low, high = 0, len(listed) - 1
    while low < high:
        middle = (low + high) // 2
        if _can_go_on(text[: listed[middle].end]):
            low = middle + 1
        else:
            high = middle
    quoted = {a or b for a, b in _QUOTED.findall(message)}
    quoted |= {message.rpartition(": ")[2]}
    same_statement = _since_last_stop(listed[: low + 1])
    meant = [token.line for token in same_statement if token.text in quoted]
    return meant[-1] if meant else listed[low].line


def _tokens(text: str) -> Iterator[Token]:
    line = 1
    for match in _TOKEN.finditer(text):
        found = match.group("text")
        if found is not None:
            yield Token(found, line, match.end())
        line += match.group().count("\n")


def _effect(listed: Sequence[Token]) -> int:
    """The index of `permit` or `forbid`: the first word that belongs to no annotation."""
    number = 0
    while number < len(listed) and listed[number].text == "@":
        number += 2
        if number < len(listed) and listed[number].text == "(":
            number += 3
    return min(number, max(len(listed) - 1, 0))


def _since_last_stop(listed: Sequence[Token]) -> Sequence[Token]:
    """The tokens of the last statement."""
    stops = [number for number, token in enumerate(listed[:-1]) if token.text == ";"]
    return listed[stops[-1] + 1 :] if stops else listed


def _can_go_on(text: str) -> bool:
    import cedarpy

    try:
        cedarpy.policies_to_json_str(text)
    except ValueError as error:
        return str(error).startswith(_UNFINISHED)
    return True
