"""Set up the identity plane: a canary user of one tenant, the pool's keys, and the trials."""

from __future__ import annotations

from tenantctl.aws.lookup import UserPool
from tenantctl.errors import TenantctlError
from tenantctl.probes import account, identity
from tenantctl.probes.canary_pool import pool_keys
from tenantctl.probes.canary_user import create
from tenantctl.probes.identity import Ground, TokenCheck
from tenantctl.probes.key_server import KeyServer
from tenantctl.probes.pairs import Pair
from tenantctl.probes.probe import Plane, Trial
from tenantctl.probes.stage import Stage


def person_trials(
    stage: Stage, pool: UserPool, pair: Pair, check: TokenCheck, server: KeyServer
) -> tuple[Trial, ...]:
    """The trials of the identity plane, with a canary user of the pair's actor."""
    try:
        user = create(stage.operator, stage.names, pool, pair.actor, stage.run)
        fallen = create(stage.operator, stage.names, pool, pair.actor, stage.run, "fallen")
        ground = Ground(stage.names, pool, user, pair.owner, stage.run, fallen, server, check)
        forged = identity.trials(ground, pool_keys(stage.operator, pool))
        return (*forged, *account.trials(stage.operator, ground))
    except TenantctlError as error:
        no_users(stage, error, Plane.IDENTITY)
        return ()


def no_users(stage: Stage, error: TenantctlError, plane: Plane) -> None:
    """Say that a plane is not tried for want of users."""
    said = f"the {plane} plane could not be tried: {error}"
    stage.problem("ID-CANARY", plane, said, stage.names.vending_role_arn)
