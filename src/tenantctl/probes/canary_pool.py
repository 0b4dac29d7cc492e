"""The user pool with canary users in it for the length of a run, and its public keys."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tenantctl.aws.fetch import get
from tenantctl.aws.lookup import UserPool, user_pool
from tenantctl.aws.session import Aws
from tenantctl.errors import TenantctlError, TokenError
from tenantctl.probes.canary_user import sweep_users
from tenantctl.probes.stage import Stage


@contextmanager
def swept_pool(stage: Stage) -> Iterator[UserPool]:
    """The user pool without canary users: neither those of a killed run, nor at the end ours.

    Raises `TenantctlError` where the user pool can't be found, or swept beforehand.
    """
    pool = user_pool(stage.operator, stage.names)
    sweep_users(stage.operator, pool)
    try:
        yield pool
    finally:
        try:
            sweep_users(stage.operator, pool)
        except TenantctlError as error:
            stage.leftovers.append(f"a canary user may be left behind: {error.message}")


def pool_keys(aws: Aws, pool: UserPool) -> Mapping[str, Any]:
    """The user pool's key set, which is public; raises `AwsError`, `TokenError`."""
    try:
        keys = json.loads(get(aws, pool.jwks_url))
    except ValueError as error:
        raise TokenError("the user pool's key set is no JSON") from error
    if not isinstance(keys, dict):
        raise TokenError("the user pool's key set has not the form of a JWKS")
    return keys
