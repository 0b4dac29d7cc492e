"""ARNs as policies write them, and how ARN operators compare them.

`Resource` is matched as one string; the ARN operators match each of the six fields by itself.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tenantctl.iam.malformed import MalformedError, shown
from tenantctl.iam.pattern import Pattern, Token, Variable, compiled, of_tokens, tokens
from tenantctl.iam.request import Context

FIELDS = 6
"""`arn:partition:service:region:account:resource`; the resource may hold colons."""

_HINT = "write `arn:partition:service:region:account:resource`, or `*`"
_NAME = re.compile(r"[a-z0-9*?-]+")
_PLACE = re.compile(r"[A-Za-z0-9*?-]*")


def is_arn(text: str) -> bool:
    """Whether a text without wildcards has an ARN's six fields."""
    fields = text.split(":", FIELDS - 1)
    return (
        len(fields) == FIELDS
        and fields[0] == "arn"
        and all(_NAME.fullmatch(name) for name in fields[1:3])
        and all(_PLACE.fullmatch(place) for place in fields[3:5])
        and fields[5] != ""
        and not any(sign in field for field in fields[:5] for sign in "*?")
    )


def resource(text: str, *, variables: bool) -> Pattern:
    """The pattern of a `Resource` element: an ARN, or `*`.

    Variables stand only behind the fifth colon. Raises `MalformedError`.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-resourceelement
    """
    if text.strip("*") == "" and text:
        return compiled("*", variables=False)
    parts = tokens(text, variables=variables, wildcards=True)
    for field in _fields(parts, text)[:5]:
        if any(isinstance(part, Variable) for part in field):
            raise MalformedError(
                f"{shown(text)} has a variable before its fifth colon",
                "write `*` there; variables stand only in the resource part",
            )
    return of_tokens(parts)


@dataclass(frozen=True, slots=True)
class ArnPattern:
    """What an ARN operator compares with: a pattern for each field."""

    fields: tuple[Pattern, ...]

    @classmethod
    def read(cls, text: str, *, variables: bool) -> ArnPattern:
        """Raises `MalformedError` for what isn't an ARN of six fields."""
        parts = tokens(text, variables=variables, wildcards=True)
        return cls(tuple(of_tokens(field) for field in _fields(parts, text)))

    def matches(self, fields: list[str], context: Context) -> bool:
        """Whether an ARN, split into its six fields, has this form."""
        return all(p.matches(f, context) for p, f in zip(self.fields, fields, strict=True))

    def resolvable(self, context: Context) -> bool:
        """Whether every variable has a value in this context."""
        return all(pattern.resolvable(context) for pattern in self.fields)


def _fields(parts: tuple[Token, ...], text: str) -> list[list[Token]]:
    """Split tokens at the first five colons; a colon inside a variable's name is none."""
    fields: list[list[Token]] = [[]]
    for part in parts:
        if not isinstance(part, str):
            fields[-1].append(part)
            continue
        first, *rest = part.split(":", FIELDS - len(fields))
        fields[-1].append(first)
        fields += [[piece] for piece in rest]
    fields = [[t for t in field if t != ""] for field in fields]
    if len(fields) != FIELDS or fields[0] != ["arn"] or not fields[5]:
        raise MalformedError(f"{shown(text)} is no ARN", _HINT)
    for field, form in zip(fields[1:5], (_NAME, _NAME, _PLACE, _PLACE), strict=True):
        literal = "".join(t if isinstance(t, str) else "*" for t in field)
        if form.fullmatch(literal) is None:
            raise MalformedError(f"{shown(text)} is no ARN", _HINT)
    return fields
