"""The tokens of a PartiQL statement.

Comments, Ion literals in backticks and anything outside this alphabet are errors: a statement
that two readers could split differently isn't read at all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

_TOKEN = re.compile(
    r"""[ \t\r\n]*(?:
        '(?P<text>(?:[^']|'')*)'
      | "(?P<quoted>(?:[^"]|"")+)"
      | (?P<number>-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)(?![A-Za-z0-9_.])
      | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<sign><=|>=|<>|!=|<<|>>|[=<>()\[\]{},.:?*+-])
    )""",
    re.VERBOSE | re.DOTALL,
)
LONGEST_STATEMENT = 8192  # characters; the service's own limit


class Kind(StrEnum):
    """What a token is. `QUOTED` is a name in double quotes, `TEXT` a string in single ones."""

    TEXT = "text"
    QUOTED = "quoted"
    NUMBER = "number"
    WORD = "word"
    SIGN = "sign"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """A token's kind and its text, without quotes."""

    kind: Kind
    text: str
    at: int

    def is_word(self, *words: str) -> bool:
        """Whether it is one of these keywords, in any case."""
        return self.kind is Kind.WORD and self.text.upper() in words

    def is_sign(self, *signs: str) -> bool:
        """Whether it is one of these signs."""
        return self.kind is Kind.SIGN and self.text in signs


class PartiqlError(Exception):
    """A statement that isn't understood; the text says what and where."""


def tokens(statement: str) -> tuple[Token, ...]:
    """The tokens of a statement, an end behind them. Raises `PartiqlError`."""
    if len(statement) > LONGEST_STATEMENT:
        raise PartiqlError(f"the statement is longer than {LONGEST_STATEMENT} characters")
    found: list[Token] = []
    at, end = 0, len(statement.rstrip(" \t\r\n"))
    while at < end:
        match = _TOKEN.match(statement, at, end)
        if match is None or match.lastgroup is None:
            raise PartiqlError(f"unexpected text at character {at + 1}")
        kind = Kind(match.lastgroup)
        text = match[match.lastgroup]
        if kind is Kind.TEXT:
            text = text.replace("''", "'")
        elif kind is Kind.QUOTED:
            text = text.replace('""', '"')
        found.append(Token(kind, text, at))
        at = match.end()
    return (*found, Token(Kind.END, "", end))
