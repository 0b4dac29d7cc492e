"""Take the pool down: everything that `apply` made, with everything in it, and nothing else."""

from __future__ import annotations

from tenantctl.aws import registry
from tenantctl.aws.session import Aws
from tenantctl.domain.names import Names
from tenantctl.errors import AwsError, ConflictError
from tenantctl.pool import (
    buckets,
    engine,
    function_spec,
    functions,
    gateway_spec,
    gateways,
    knowledge,
    memories,
    roles,
    runtime_spec,
    runtimes,
    table_spec,
    tables,
    users,
)
from tenantctl.pool.plan import Plan
from tenantctl.pool.role_region import refuse_elsewhere
from tenantctl.pool.step import Step


def steps(names: Names, present: Plan) -> tuple[Step, ...]:
    """The deletions of what is `present` and the pool's, in order.

    What is only there to be called goes first, the registry last: as long as it is there, an
    interrupted run still knows whose data the pool holds. Raises `ConflictError` for a pool that
    lies in another Region.
    """
    refuse_elsewhere(present.parts)

    def there_as(kind: str) -> tuple[str, ...]:
        """The names of such parts, of tiers too that the configuration hasn't any more."""
        return tuple(part.name for part in present.parts if part.kind == kind)

    deletions = (
        *(runtimes.delete_step(name, names.tags) for name in there_as(runtime_spec.KIND)),
        *(gateways.delete_step(name, names.tags) for name in there_as(gateway_spec.KIND)),
        *knowledge.delete_steps(names),
        engine.delete_step(names),
        *(functions.delete_step(name, names.tags) for name in function_spec.possible(names)),
        users.delete_step(names),
        roles.delete_step(names.gateway_role, names.tags),
        roles.delete_step(names.interceptor, names.tags),
        roles.delete_step(names.pool.roles.vending, names.tags),
        roles.delete_step(names.pool.roles.agent, names.tags),
        *(memories.delete_step(spec) for spec in memories.specs(names)),
        *(buckets.delete_step(name, names.tags) for name in buckets.possible(names)),
        *(tables.delete_step(spec) for spec in reversed(table_spec.specs(names))),
    )
    there = {part.resource for part in present.parts if part.id and part.claim is None}
    return tuple(step for step in deletions if step.resource in there)


def refuse_with_tenants(aws: Aws, names: Names) -> None:
    """Raise `ConflictError` while tenants are registered: their data would go with the pool."""
    try:
        tenants = registry.tenants(aws, names)
    except AwsError as error:
        if error.code != "ResourceNotFoundException":
            raise
        return
    if tenants:
        shown = ", ".join(f"`{tenant.id}`" for tenant in tenants[:3])
        more = f" and {len(tenants) - 3} more" if len(tenants) > 3 else ""  # noqa: PLR2004 - enough for one line
        raise ConflictError(
            f"the pool holds tenants: {shown}{more}",
            hint="give --force to delete their data with the pool",
        )
