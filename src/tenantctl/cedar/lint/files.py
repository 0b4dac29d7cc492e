"""Audits of a file before anything is known of its statement: can it be one policy at all?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from tenantctl.cedar.lint.audit import Audit
from tenantctl.cedar.lint.rule import (
    CEDAR_SYNTAX,
    LIMITS,
    STATEMENT,
    Hit,
    Rule,
    Severity,
)
from tenantctl.cedar.lint.subject import Frame, Policy
from tenantctl.cedar.statement import MAX_LENGTH, MIN_LENGTH, Flaw

MISPLACED: Final = Rule(
    "misplaced-file",
    Severity.ERROR,
    "a file in the folder of policies isn't TIER/NAME.cedar of a configured tier",
    "move it to TIER/NAME.cedar, NAME of letters, digits, `_` and `-`",
    LIMITS,
)

UNREADABLE: Final[Mapping[Flaw, Rule]] = {
    Flaw.SYNTAX: Rule(
        "syntax-error",
        Severity.ERROR,
        "the text isn't Cedar",
        "mend the line; the parser stops there",
        CEDAR_SYNTAX,
    ),
    Flaw.COUNT: Rule(
        "one-statement",
        Severity.ERROR,
        "a file holds no statement, or several",
        "write one statement to a file: AgentCore takes one to a policy",
        STATEMENT,
    ),
    Flaw.TEMPLATE: Rule(
        "template-slot",
        Severity.ERROR,
        "a statement has `?principal` or `?resource` in it",
        "name the principal type and the gateway",
        STATEMENT,
    ),
    Flaw.TOO_DEEP: Rule(
        "too-deep",
        Severity.ERROR,
        "conditions nest deeper than any policy needs",
        "split the policy, or write `[…].contains(…)` for a chain of `||`",
        STATEMENT,
    ),
}
"""The rule for each reason why a text isn't one statement."""


def _size(policy: Policy, _: Frame) -> Iterator[Hit]:
    length = len(policy.statement.text)
    if not MIN_LENGTH <= length <= MAX_LENGTH:
        yield Hit(policy.outline.statement, f"the statement has {length} characters")


def _id(policy: Policy, _: Frame) -> Iterator[Hit]:
    key = policy.source.key
    found = policy.statement.id
    if key is not None and found is None:
        yield Hit(policy.outline.statement, f"the statement has no `@id`: `{key.annotation}`")
    elif key is not None and found != key.annotation:
        yield Hit(
            policy.outline.statement, f"the statement's @id is `{found}`, not `{key.annotation}`"
        )


AUDITS: Final = (
    Audit(
        Rule(
            "statement-size",
            Severity.ERROR,
            "a statement is shorter or longer than AgentCore takes",
            f"keep it within {MIN_LENGTH} to {MAX_LENGTH:,} characters",
            STATEMENT,
        ),
        _size,
    ),
    Audit(
        Rule(
            "policy-id",
            Severity.ERROR,
            "the `@id` is missing, or says something else than the path",
            '`@id("TIER.NAME")` above the statement in TIER/NAME.cedar',
            CEDAR_SYNTAX,
        ),
        _id,
    ),
)
