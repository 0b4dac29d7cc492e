"""Somebody else whose actor id, or namespace, is spelt like the owner's.

Where what joins the parts may stand in them, (`clinic`, `a-x`) and (`clinic-a`, `x`) are one name.
Then no condition keeps them apart: both sessions' tags spell it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from tenantctl.domain.canary import fits
from tenantctl.domain.finding import Party
from tenantctl.domain.pool import Claim, Pool
from tenantctl.domain.template import Template, Variable
from tenantctl.domain.tenant import Tenant

Values = Mapping[Variable, str]

_LOOKED_AT = 20_000
"""Spellings of a name that are looked at; a longer name has all of those that matter before."""


def namesake(
    pool: Pool, template: Template, text: str, tenants: Sequence[Tenant], owner: Tenant
) -> Party | None:
    """Who, if anybody, has `text` as well; onboarded tenants are preferred to made-up ones.

    `text` is the owner's own, as `template` spells it. Parties have a user where the template
    names one.
    """
    known = {t.id: t for t in tenants}
    made_up: Party | None = None
    for values in islice(_spellings(template.parts, text, {}, _formats(pool)), _LOOKED_AT):
        tenant = values.get(Variable.TENANT)
        if tenant is None or tenant == owner.id:
            continue
        tier = values.get(Variable.TIER, known[tenant].tier if tenant in known else owner.tier)
        party = Party(tier, tenant, values.get(Variable.USER))
        if tenant not in known:
            made_up = made_up or party
        elif known[tenant].tier == tier:
            return party
    return made_up


def owner_of(pool: Pool, template: Template, text: str, tenants: Sequence[Tenant]) -> Tenant | None:
    """The first of these tenants whose some user has `text`."""
    known = {t.id: t for t in tenants}
    for values in islice(_spellings(template.parts, text, {}, _formats(pool)), _LOOKED_AT):
        found = known.get(values.get(Variable.TENANT, ""))
        if found is not None and values.get(Variable.TIER, found.tier) == found.tier:
            return found
    return None


def user_of(pool: Pool, template: Template, text: str, tenant: Tenant) -> str | None:
    """Which user of a tenant has `text`, or the longest beginning of it that anybody has."""
    own = {Variable.TIER: tenant.tier, Variable.TENANT: tenant.id}
    for end in range(len(text), 0, -1):
        for values in _spellings(template.parts, text[:end], own, _formats(pool)):
            if Variable.USER in values:
                return values[Variable.USER]
    return None


def _formats(pool: Pool) -> Mapping[Variable, Claim | frozenset[str]]:
    return {
        Variable.TIER: frozenset(pool.tiers),
        Variable.TENANT: pool.identity.tenant,
        Variable.USER: pool.identity.user,
    }


def _spellings(
    parts: Sequence[str | Variable],
    text: str,
    bound: Values,
    formats: Mapping[Variable, Claim | frozenset[str]],
) -> Iterator[Values]:
    """The values with which a template's parts spell a text."""
    if not parts:
        if not text:
            yield bound
        return
    part, *rest = parts
    value = bound.get(part) if isinstance(part, Variable) else part
    if value is not None:
        if text.startswith(value):
            yield from _spellings(rest, text[len(value) :], bound, formats)
        return
    if not isinstance(part, Variable):
        return
    for end in range(1, len(text) + 1) if rest else (len(text),):
        # The text after it must be right before a format is worth asking about.
        if rest and isinstance(rest[0], str) and not text.startswith(rest[0], end):
            continue
        if _has(formats[part], text[:end]):
            yield from _spellings(rest, text[end:], {**bound, part: text[:end]}, formats)


def _has(form: Claim | frozenset[str], value: str) -> bool:
    # The vending role's trust lets no tag hold the slash that joins ids.
    return value in form if isinstance(form, frozenset) else "/" not in value and fits(value, form)
