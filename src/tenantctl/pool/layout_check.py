"""Refuse a data layout in which two tenants could meet, before any policy speaks of it.

`{tier}-{tenant}-{user}` reads `basic-clinic-a-x` in two ways, and the prefix `{tenant}` of
`clinic-1` is also one of `clinic-10`. A layout is safe when every value ends at a character that
no value can hold: `/`, which the vending role's trust policy keeps out of the tags, or one that
STS accepts in no tag at all (`#`, `|`, …). A leading tier may end anywhere, as long as no tier's
text begins another's: the tiers are all known.
"""

from __future__ import annotations

from collections.abc import Iterable

from tenantctl.domain.pool import Pool
from tenantctl.domain.template import Template, Variable
from tenantctl.domain.tenant import TAG_VALUE
from tenantctl.errors import UsageError


def check_layout(pool: Pool) -> None:
    """Raise `UsageError` for the first key, prefix, actor or namespace that is ambiguous."""
    for table in pool.data.tables:
        _check(table.value, pool, f"the partition key value of table `{table.name}`", prefix=False)
    for bucket in pool.data.buckets:
        _check(bucket.prefix, pool, f"the prefix of bucket `{bucket.name}`", prefix=True)
    for memory in pool.data.memories:
        _check(memory.actor, pool, f"the actor of memory `{memory.name}`", prefix=False)
        _check(memory.namespace, pool, f"the namespace of memory `{memory.name}`", prefix=True)


def separates(literal: str) -> bool:
    """Whether a value must end where this text begins: it holds what no tag value can."""
    return any(c == "/" or TAG_VALUE.fullmatch(c) is None for c in literal)


def _check(template: Template, pool: Pool, what: str, *, prefix: bool) -> None:
    if Variable.TENANT not in template.variables:
        raise UsageError(f"{what} doesn't name the tenant", hint="write {tenant} into it")
    for index, part in enumerate(template.parts):
        if not isinstance(part, Variable):
            continue
        rest = template.parts[index + 1 :]
        if not rest and not prefix:
            continue
        literal = rest[0] if rest and not isinstance(rest[0], Variable) else ""
        first = not any(isinstance(p, Variable) for p in template.parts[:index])
        if separates(literal) or (
            part is Variable.TIER and first and _prefix_free(f"{t}{literal}" for t in pool.tiers)
        ):
            continue
        raise UsageError(
            f"{what} is `{template}`, in which `{{{part}}}` has no certain end: "
            "one tenant's could be read as another's",
            hint="follow each variable by `/`, as in `{tier}-tier/{tenant}/`",
        )


def _prefix_free(texts: Iterable[str]) -> bool:
    known = tuple(texts)
    return not any(a != b and b.startswith(a) for a in known for b in known)
