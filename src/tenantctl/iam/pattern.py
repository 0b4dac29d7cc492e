"""Patterns of a policy: `arn:aws:s3:::docs/${aws:PrincipalTag/ClinicId}/*`, compiled once.

A pattern is segments between `*`, each of them pieces between `?`, each piece literal text and
variables. Variables are filled in before anything is compared, and what fills them in is text:
a tag's value is never a wildcard. Matching takes each segment at its first possible place, which
is right because `*` spans anything; nothing is ever tried twice, so no pattern is slow.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from tenantctl.iam.find import at, find, width
from tenantctl.iam.malformed import MalformedError, shown
from tenantctl.iam.request import Context

MAX_LENGTH = 32_768
"""Characters of one pattern. The longest policies of AWS (KMS keys) are 32 KB as a whole."""

MAX_LENGTH_WITH_ONE = 2_048
"""Characters of a pattern with `?`, the length of the longest ARN; keeps matching linear."""


@dataclass(frozen=True, slots=True)
class Variable:
    """`${key}` or `${key, 'default'}`; `key` is lower case, as keys ignore case."""

    key: str
    default: str | None = None

    def resolve(self, context: Context) -> str | None:
        """The text that takes its place, or `None` when it can't be resolved.

        A key with several values can't be a variable.
        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
        """
        values = context.get(self.key)
        if not values:
            return self.default
        return values[0] if len(values) == 1 else None


Part = str | Variable
Wildcard = Literal["*", "?"]


@dataclass(frozen=True, slots=True)
class Wild:
    """A wildcard, as told from the literal character."""

    sign: Wildcard


Token = str | Variable | Wild

_STAR = Wild("*")
_ONE = Wild("?")
_WILDCARD = re.compile(r"[*?]")
_SPECIAL = re.compile(r"\$\{([^{}]*)\}|\$\{|[*?]")
# Keys are `prefix:name`; tag keys may hold letters, digits, spaces and _.:/=+-@ .
_VARIABLE = re.compile(r"([^\s:,'*?$]+:[^,'*?$]*[^\s,'*?$])(?:,\s*'([^']*)')?")


def tokens(text: str, *, variables: bool, wildcards: bool) -> tuple[Token, ...]:
    """Split a policy's text into literals, variables and wildcards, in order.

    With `variables` off (Version 2008-10-17) `${` is text. Raises `MalformedError` for an
    unclosed, empty or unknown variable, and for a pattern over `MAX_LENGTH`.
    """
    longest = MAX_LENGTH_WITH_ONE if wildcards and "?" in text else MAX_LENGTH
    if len(text) > longest:
        raise MalformedError(
            f"a pattern of {len(text)} characters is longer than any of IAM",
            f"at most {longest} characters are read",
        )
    out: list[Token] = []
    literal = ""
    last = 0
    for match in (_SPECIAL if variables else _WILDCARD).finditer(text):
        token = _token(match, text, wildcards=wildcards)
        literal += text[last : match.start()]
        last = match.end()
        if isinstance(token, str):
            literal += token
            continue
        if literal:
            out.append(literal)
            literal = ""
        out.append(token)
    literal += text[last:]
    return (*out, literal) if literal else tuple(out)


def _token(match: re.Match[str], text: str, *, wildcards: bool) -> Token:
    sign = match.group()
    if sign in {"*", "?"}:
        return sign if not wildcards else _STAR if sign == "*" else _ONE
    return _variable(match.group(1), text)


def _variable(inside: str | None, text: str) -> Token:
    if inside is None:
        raise MalformedError(f"{shown(text)} has a variable without its closing brace")
    if inside in {"*", "?", "$"}:
        return inside
    match = _VARIABLE.fullmatch(inside)
    if match is None:
        raise MalformedError(
            f"{shown(text)} has the unknown variable {shown('${' + inside + '}')}",
            "write `${prefix:key}` or `${prefix:key, 'default'}`",
        )
    return Variable(match.group(1).lower(), match.group(2))


@dataclass(frozen=True, slots=True)
class Pattern:
    """What a text must look like. Build it with `compiled`.

    `segments` are the stretches between `*`; `head` and `tail` are `None` where a fixed text
    decides alone (`exact`).
    """

    segments: tuple[tuple[tuple[Part, ...], ...], ...]
    variables: tuple[Variable, ...]
    fixed: tuple[tuple[str, ...], ...] | None
    head: tuple[Part, ...] | None
    exact: str | None = None
    everything: bool = False

    def matches(self, text: str, context: Context) -> bool:
        """Whether the whole of `text` has this form; an unresolved variable matches nothing."""
        if self.exact is not None:
            return text == self.exact
        if self.everything:
            return True
        if self.head is not None:
            return self._from_start(text, context)
        segments: Sequence[Sequence[str]] | None = self.fixed or self._filled(context)
        return segments is not None and _glob(text, segments)

    def resolvable(self, context: Context) -> bool:
        """Whether every variable has a value in this context."""
        return all(v.resolve(context) is not None for v in self.variables)

    def render(self, context: Context) -> str | None:
        """The concrete text of a pattern without wildcards; `None` if a variable has no value."""
        filled = self._filled(context)
        return None if filled is None else filled[0][0]

    def example(self, context: Context) -> str | None:
        """A text that has this form; `None` if a variable has no value."""
        filled = self._filled(context)
        if filled is None:
            return None
        # `*` may stand for nothing, but not everything takes an empty text.
        return "x".join("x".join(pieces) for pieces in filled)

    def _from_start(self, text: str, context: Context) -> bool:
        """Literals and variables one after the other, with at most one `*`, at the end."""
        at_ = 0
        for part in self.head or ():
            if type(part) is str:
                piece = part
            else:
                values = context.get(part.key)  # type: ignore[union-attr]
                value = (
                    values[0] if values and len(values) == 1 else part.resolve(context)  # type: ignore[union-attr]
                )
                if value is None:
                    return False
                piece = value
            if not text.startswith(piece, at_):
                return False
            at_ += len(piece)
        return len(self.segments) > 1 or at_ == len(text)

    def _filled(self, context: Context) -> list[list[str]] | None:
        out: list[list[str]] = []
        for segment in self.segments:
            pieces: list[str] = []
            for piece in segment:
                texts: list[str] = []
                for part in piece:
                    text = part if isinstance(part, str) else part.resolve(context)
                    if text is None:
                        return None
                    texts.append(text)
                pieces.append("".join(texts))
            out.append(pieces)
        return out


def compiled(text: str, *, variables: bool, wildcards: bool = True) -> Pattern:
    """The pattern of a policy's text. Raises `MalformedError`, as `tokens` does."""
    return of_tokens(tokens(text, variables=variables, wildcards=wildcards))


def of_tokens(parts: Iterable[Token]) -> Pattern:
    """The pattern that these tokens make."""
    segments: list[list[list[Part]]] = [[[]]]
    for token in parts:
        if token == _STAR:
            if segments[-1] == [[]] and len(segments) > 1:
                continue  # `**` is `*`
            segments.append([[]])
        elif token == _ONE:
            segments[-1].append([])
        elif isinstance(token, str | Variable):
            segments[-1][-1].append(token)
    frozen = tuple(tuple(tuple(piece) for piece in segment) for segment in segments)
    found = tuple(p for s in frozen for piece in s for p in piece if isinstance(p, Variable))
    pattern = Pattern(frozen, found, None, None)
    fixed = None
    if not found:
        fixed = tuple(tuple(pieces) for pieces in pattern._filled({}) or ())  # noqa: SLF001 - building it
    head = None
    if len(frozen[0]) == 1 and frozen[1:] in {(), (((),),)}:
        head = frozen[0][0]
    only = fixed is not None and len(fixed) == 1 and len(fixed[0]) == 1
    return Pattern(
        frozen,
        found,
        fixed,
        head,
        exact=fixed[0][0] if only and fixed else None,
        everything=fixed == (("",), ("",)),
    )


def _glob(text: str, segments: Sequence[Sequence[str]]) -> bool:
    first = segments[0]
    if not at(first, text, 0):
        return False
    start = width(first)
    if len(segments) == 1:
        return start == len(text)
    last = segments[-1]
    end = len(text) - width(last)
    if end < start or not at(last, text, end):
        return False
    for segment in segments[1:-1]:
        found = find(segment, text, start, end)
        if found < 0:
            return False
        start = found + width(segment)
    return True
