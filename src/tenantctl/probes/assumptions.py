"""What a live verification takes for granted, said plainly in every report."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from tenantctl.aws.failures import translated
from tenantctl.aws.session import Aws
from tenantctl.domain.knowledge import trusted_filters
from tenantctl.domain.names import Names
from tenantctl.domain.tenant import Tenant
from tenantctl.errors import TenantctlError
from tenantctl.probes.pairs import Pair
from tenantctl.probes.probe import Plane

_SHOWN = 12


def assumptions(  # noqa: PLR0913, PLR0917 - what the run was
    aws: Aws,
    names: Names,
    tried: Sequence[Pair],
    made_up: Sequence[Tenant],
    tenants: int,
    planes: Collection[Plane],
    absent: Collection[str],
) -> tuple[str, ...]:
    """In order: who is trusted, what ids look like, who was tried against whom, what wasn't."""
    said = [_trusted(aws, names)]
    said += [
        f"{what} ids match `{claim.pattern}`"
        if claim.pattern is not None
        else f"{what} ids are whatever STS accepts as a tag value"
        for what, claim in (
            ("tenant", names.pool.identity.tenant),
            ("user", names.pool.identity.user),
        )
    ]
    said.append(_pairs(tried, tenants))
    if made_up:
        ids = ", ".join(f"`{t.id}` ({t.tier})" for t in made_up)
        said.append(f"for want of other tenants, made-up ones were attacked: {ids}")
    if not names.pool.roles.operators:
        said.append("no operator is named in `roles.operators`")
    missing = sorted(set(Plane) - set(planes))
    if missing:
        said.append(f"not tried: {', '.join(missing)}")
    if absent and Plane.MEMORY in planes:
        shown = ", ".join(f"`{name}`" for name in absent)
        said.append(f"not tried, for want of them: the memories {shown}")
    said += trusted_filters(names.pool)
    said.append(
        "only what the probes ask was tried: no reads or writes of chosen attributes, no counts, "
        "tags, exports, streams or policies of tables and buckets (`--mode proof` looks at these), "
        "and no other roles that a session may assume"
    )
    said.append(
        "a live run shows what was refused when it was tried; it proves nothing of other ids"
    )
    return tuple(said)


def _pairs(tried: Sequence[Pair], tenants: int) -> str:
    shown = ", ".join(f"{p.actor.id} -> {p.owner.id}" for p in tried[:_SHOWN])
    more = f", and {len(tried) - _SHOWN} more" if len(tried) > _SHOWN else ""
    return f"{len(tried)} pairs among {tenants} tenants were tried: {shown}{more}"


def _trusted(aws: Aws, names: Names) -> str:
    role = names.pool.roles.agent
    base = f"whoever may assume the agent role `{role}` can become any tenant, and is trusted"
    try:
        with translated("reading the agent role's trust policy"):
            found = aws.client("iam").get_role(RoleName=role)["Role"]
    except TenantctlError:
        return f"{base}; who that is could not be read"
    document: Any = found["AssumeRolePolicyDocument"]
    who = ", ".join(f"`{p}`" for p in _principals(document))
    return f"{base}: {who}" if who else base


def _principals(document: Any) -> list[str]:  # noqa: ANN401 - JSON as IAM returns it
    statements = document.get("Statement", [])
    listed = statements if isinstance(statements, list) else [statements]
    found: set[str] = set()
    for statement in listed:
        if statement.get("Effect") != "Allow":
            continue
        principal = statement.get("Principal", {})
        values = [principal] if isinstance(principal, str) else principal.values()
        for value in values:
            found.update([value] if isinstance(value, str) else value)
        if "NotPrincipal" in statement:
            found.add("everybody but those that a `NotPrincipal` names")
    return sorted(found)
