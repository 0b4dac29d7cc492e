"""Audits of counts and sizes, which are an engine's and not a policy's."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from tenantctl.cedar.lint.rule import LIMITS, Rule, Severity
from tenantctl.cedar.lint.subject import Frame, Policy
from tenantctl.cedar.schema import schema
from tenantctl.domain.policies import MAX_POLICIES

MAX_BYTES_OF_GATEWAY = 200_000
MAX_BYTES_OF_SCHEMA = 400_000


@dataclass(frozen=True, slots=True)
class SizeAudit:
    """A rule, and what it says of all policies: each with what is too large, instead of a file."""

    rule: Rule
    find: Callable[[Sequence[Policy], Frame], Iterator[tuple[str, str]]]


def _count(policies: Sequence[Policy], _: Frame) -> Iterator[tuple[str, str]]:
    if len(policies) > MAX_POLICIES:
        yield "engine", f"{len(policies)} policies are more than an engine takes"


def _bytes(policies: Sequence[Policy], _: Frame) -> Iterator[tuple[str, str]]:
    sizes: Counter[str] = Counter()
    for policy in policies:
        if policy.statement.gateway is not None:
            sizes[policy.statement.gateway] += len(policy.statement.text.encode())
    for gateway, size in sizes.items():
        if size > MAX_BYTES_OF_GATEWAY:
            yield gateway, f"its policies have {size} bytes together"


def _schema(_: Sequence[Policy], frame: Frame) -> Iterator[tuple[str, str]]:
    size = len(json.dumps(schema(frame.tools.values()), separators=(",", ":")))
    if size > MAX_BYTES_OF_SCHEMA:
        yield "tools", f"the schema of {len(frame.tools)} tools has {size} bytes"


AUDITS: Final = (
    SizeAudit(
        Rule(
            "too-many-policies",
            Severity.ERROR,
            "there are more policies than an engine takes",
            f"at most {MAX_POLICIES:,}; speak of tiers and roles, not of tenants",
            LIMITS,
        ),
        _count,
    ),
    SizeAudit(
        Rule(
            "gateway-too-large",
            Severity.ERROR,
            "the policies about a gateway are larger together than an engine takes",
            f"at most {MAX_BYTES_OF_GATEWAY:,} bytes; speak of tiers and roles, not of tenants",
            LIMITS,
        ),
        _bytes,
    ),
    SizeAudit(
        Rule(
            "schema-too-large",
            Severity.ERROR,
            "the tools' Cedar schema is larger than an engine takes",
            f"at most {MAX_BYTES_OF_SCHEMA:,} bytes; declare fewer or simpler inputs",
            LIMITS,
        ),
        _schema,
    ),
)
