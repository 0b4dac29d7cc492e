"""Set up the identity plane: a canary user of one tenant, the pool's keys, and the trials."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from tenantctl.aws.fetch import get
from tenantctl.aws.lookup import UserPool, user_pool
from tenantctl.domain.names import Names
from tenantctl.errors import TenantctlError
from tenantctl.probes import identity
from tenantctl.probes.canary_user import create, sweep_users
from tenantctl.probes.identity import Ground, TokenCheck
from tenantctl.probes.pairs import Pair
from tenantctl.probes.probe import Plane, Trial
from tenantctl.probes.stage import Stage


@contextmanager
def staged_user(stage: Stage, pair: Pair, check: TokenCheck) -> Iterator[tuple[Trial, ...]]:
    """The trials of the identity plane, whose canary user lives for the length of the block."""
    pool = _pool(stage)
    if pool is None:
        yield ()
        return
    try:
        yield _trials(stage, pair, pool, check)
    finally:
        try:
            sweep_users(stage.operator, pool)
        except TenantctlError as error:
            stage.leftovers.append(f"a canary user may be left behind: {error.message}")


def _pool(stage: Stage) -> UserPool | None:
    try:
        pool = user_pool(stage.operator, stage.names)
        sweep_users(stage.operator, pool)
    except TenantctlError as error:
        _problem(stage, error, stage.names)
        return None
    return pool


def _trials(stage: Stage, pair: Pair, pool: UserPool, check: TokenCheck) -> tuple[Trial, ...]:
    try:
        user = create(stage.operator, stage.names, pool, pair.actor, stage.run)
        ground = Ground(stage.names, pool, user, pair.owner, stage.run, check)
        keys = json.loads(get(stage.operator, pool.jwks_url))
        return identity.trials(stage.operator, ground, keys)
    except (TenantctlError, ValueError) as error:
        _problem(stage, error, stage.names)
        return ()


def _problem(stage: Stage, error: Exception, names: Names) -> None:
    said = f"the identity plane could not be tried: {error}"
    stage.problem("ID-CANARY", Plane.IDENTITY, said, names.vending_role_arn)
