"""Take known policies out of a case's text, wherever they stand, and leave a token for each.

If the text with the tokens is a case in which each policy's member is its token, then the line
is that case with the policies: a complete JSON value may take the place of a string, and nobody
who writes a case knows the token.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field

MEMBERS = ("identity", "boundary", "session", "resource_policy")

Texts = tuple[bytes | None, ...]
"""The JSON text of each of `MEMBERS`; `None` for one that isn't there."""

_MARKS = tuple(f'"{name}"'.encode() for name in MEMBERS)
_WIDTHS = tuple(len(mark) + 1 for mark in _MARKS)  # with the colon
_LONGEST = 16_384
_MOST = 32


def _tokens() -> tuple[str, ...]:
    word = os.urandom(12).hex()
    return tuple(f"{word}-{name}" for name in MEMBERS)


@dataclass(frozen=True, slots=True)
class Splicer:
    """Knows the texts of policies that were read. `tokens` stand for the four members."""

    tokens: tuple[str, ...] = field(default_factory=_tokens, repr=False)
    _written: tuple[bytes, ...] = field(init=False, repr=False)
    _known: tuple[list[bytes], ...] = field(default_factory=lambda: tuple([] for _ in MEMBERS))

    def __post_init__(self) -> None:
        object.__setattr__(self, "_written", tuple(b'"%b"' % t.encode() for t in self.tokens))

    def learn(self, texts: Texts) -> None:
        """Remember the texts of policies, each a whole JSON value."""
        for known, text in zip(self._known, texts, strict=True):
            if text is None or len(text) > _LONGEST or text in known:
                continue
            if len(known) >= _MOST:
                known.clear()
            known.append(text)

    def splice(self, line: bytes) -> tuple[bytes, Texts] | None:
        """The line with tokens, and what they stand for; `None` where a policy isn't known."""
        places: list[tuple[int, int, bytes]] = []
        for index, known in enumerate(self._known):
            if not known:
                continue  # if it is there, it stays, and no token stands for it
            place = line.find(_MARKS[index])
            if place < 0:
                continue
            start = place + _WIDTHS[index]
            if line[start : start + 1] == b" ":
                start += 1
            for text in known:
                if line.startswith(text, start):
                    places.append((start, index, text))
                    break
            else:
                return None
        places.sort()
        texts: list[bytes | None] = [None, None, None, None]
        pieces: list[bytes] = []
        end = 0
        for start, index, text in places:
            if start < end:
                return None
            pieces += (line[end:start], self._written[index])
            end = start + len(text)
            texts[index] = text
        pieces.append(line[end:])
        return b"".join(pieces), tuple(texts)
