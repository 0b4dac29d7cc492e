"""One condition: an operator, a key and the policy's values, decided against a request.

Absent keys, several values and doubt are settled here, the same way for all operators:

- An absent key matches nothing: false, true for a negated operator and with `IfExists`.
- `ForAllValues` is true for a key without values, `ForAnyValue` is false.
- A variable without a value makes any attempt to match fail, under a negated operator too.
- In doubt an Allow doesn't hold and a Deny does: several values without a set operator, or a
  value of the request that can't be read as a number, date, address or ARN.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tenantctl.iam.conditions.comparison import Comparison
from tenantctl.iam.conditions.operators import NULL, OPERATORS, Named, Quantifier
from tenantctl.iam.conditions.values import truth
from tenantctl.iam.malformed import MalformedError, shown
from tenantctl.iam.request import Context

# `aws:PrincipalTag/Cost Center`, `token.actions.githubusercontent.com:sub`
_KEY = re.compile(r"[^\s:*?${}]+:[^*?${}]+")


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled condition of one key; `doubt` is what it answers when it can't tell."""

    operator: str
    key: str
    values: tuple[str, ...]
    comparison: Comparison
    negated: bool
    quantifier: Quantifier
    if_exists: bool
    doubt: bool

    def holds(self, context: Context) -> bool:
        """Whether the request fulfils it."""
        values = context.get(self.key)
        if not values:
            return self._without(context, present=values is not None)
        if len(values) == 1:  # whatever the quantifier
            matched = self.comparison.matches(values[0], context)
            if matched and not self.negated:  # the most frequent, without a call more
                return True
            return self._judged(matched, context)
        if self.quantifier is Quantifier.ALL:
            return all(self._one(value, context) for value in values)
        if self.quantifier is Quantifier.ANY:
            return any(self._one(value, context) for value in values)
        return self.doubt

    def _without(self, context: Context, *, present: bool) -> bool:
        if self.quantifier is Quantifier.ALL:
            return True
        if not present and self.if_exists:
            return True
        if self.quantifier is Quantifier.ANY or not self.negated:
            return False
        return self.comparison.resolvable(context) or self.doubt

    def _one(self, value: str, context: Context) -> bool:
        return self._judged(self.comparison.matches(value, context), context)

    def _judged(self, matched: bool | None, context: Context) -> bool:
        if matched is None:
            return self.doubt
        if self.negated:
            return not matched and self.comparison.resolvable(context)
        return matched


@dataclass(frozen=True, slots=True)
class Null:
    """`Null`: `"true"` asks that the key has no value, `"false"` that it has one.

    A key whose list of values is empty has none.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_Null
    """

    key: str
    values: tuple[str, ...]
    wanted: frozenset[bool]
    operator: str = NULL

    def holds(self, context: Context) -> bool:
        """Whether the request fulfils it."""
        return (not context.get(self.key)) in self.wanted


def compiled(
    operator: Named, key: str, values: tuple[str, ...], *, variables: bool, doubt: bool
) -> Condition | Null:
    """Compile one key of a condition block; `variables` and `doubt` come from its statement.

    Raises `MalformedError`.
    """
    if _KEY.fullmatch(key) is None:
        raise MalformedError(f"{shown(key)} is no condition key", "write `prefix:name`")
    if operator.base == NULL:
        return Null(key.lower(), values, frozenset(_null(value) for value in values))
    found = OPERATORS[operator.base]
    return Condition(
        operator.text,
        key.lower(),
        values,
        found.build(values, variables),
        found.negated,
        operator.quantifier,
        operator.if_exists,
        doubt,
    )


def _null(value: str) -> bool:
    wanted = truth(value)
    if wanted is None:
        raise MalformedError(f"{shown(value)} is not `true` or `false`")
    return wanted
