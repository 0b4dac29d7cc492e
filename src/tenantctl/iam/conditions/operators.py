"""Every condition operator, by its name as AWS writes it.

`Null` stands apart: it asks for the key alone.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from tenantctl.iam.conditions import comparison, values
from tenantctl.iam.malformed import MalformedError, shown


@dataclass(frozen=True, slots=True)
class Operator:
    """How a comparison is built, and whether its answer is turned round."""

    build: comparison.Build
    negated: bool = False


def _ordered(prefix: str) -> dict[str, Operator]:
    parse, what = (
        (values.number, "a number")
        if prefix == "Numeric"
        else (values.instant, "a date of ISO 8601 with its zone, or epoch seconds")
    )
    comparisons = {
        "LessThan": operator.lt,
        "LessThanEquals": operator.le,
        "GreaterThan": operator.gt,
        "GreaterThanEquals": operator.ge,
    }
    equal = comparison.ordered(parse, operator.eq, what)
    return {
        f"{prefix}Equals": Operator(equal),
        f"{prefix}NotEquals": Operator(equal, negated=True),
        **{
            prefix + name: Operator(comparison.ordered(parse, holds, what))
            for name, holds in comparisons.items()
        },
    }


OPERATORS: Mapping[str, Operator] = MappingProxyType(
    {
        "StringEquals": Operator(comparison.exact),
        "StringNotEquals": Operator(comparison.exact, negated=True),
        "StringEqualsIgnoreCase": Operator(comparison.folded),
        "StringNotEqualsIgnoreCase": Operator(comparison.folded, negated=True),
        "StringLike": Operator(comparison.like),
        "StringNotLike": Operator(comparison.like, negated=True),
        **_ordered("Numeric"),
        **_ordered("Date"),
        "Bool": Operator(comparison.truth),
        "BinaryEquals": Operator(comparison.binary),
        "IpAddress": Operator(comparison.ip),
        "NotIpAddress": Operator(comparison.ip, negated=True),
        "ArnEquals": Operator(comparison.arn),
        "ArnLike": Operator(comparison.arn),
        "ArnNotEquals": Operator(comparison.arn, negated=True),
        "ArnNotLike": Operator(comparison.arn, negated=True),
    }
)

NULL = "Null"
IF_EXISTS = "IfExists"


class Quantifier(StrEnum):
    """The set operators, and their absence."""

    NONE = ""
    ALL = "ForAllValues"
    ANY = "ForAnyValue"


@dataclass(frozen=True, slots=True)
class Named:
    """An operator's name, whole and taken apart."""

    text: str
    base: str
    quantifier: Quantifier
    if_exists: bool


def parse(name: str) -> Named:
    """Take `ForAnyValue:StringLikeIfExists` apart. Raises `MalformedError`; case counts."""
    prefix, colon, rest = name.partition(":")
    if not colon:
        prefix, rest = "", name
    elif prefix not in {Quantifier.ALL, Quantifier.ANY}:
        raise MalformedError(
            f"unknown set operator {shown(prefix)}", "use ForAllValues: or ForAnyValue:"
        )
    base = rest.removesuffix(IF_EXISTS)
    if base == NULL and (prefix or base != rest):
        raise MalformedError(f"{shown(name)}: Null takes no set operator and no IfExists")
    if base not in OPERATORS and base != NULL:
        from difflib import get_close_matches

        near = get_close_matches(base[:40], OPERATORS, 1)
        raise MalformedError(
            f"unknown operator {shown(name)}", f"did you mean `{near[0]}`?" if near else None
        )
    return Named(name, base, Quantifier(prefix), base != rest)
