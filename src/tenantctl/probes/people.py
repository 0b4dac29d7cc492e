"""The planes that need users: identity and gateway share the user pool, which is swept once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import ExitStack

from tenantctl.domain.target import Target
from tenantctl.domain.tenant import Tenant
from tenantctl.errors import TenantctlError
from tenantctl.probes.canary_pool import swept_pool
from tenantctl.probes.gateway.staging import Staged, gateway_trials
from tenantctl.probes.identity import TokenCheck
from tenantctl.probes.key_server import key_server
from tenantctl.probes.pairs import Pair
from tenantctl.probes.person import no_users, person_trials
from tenantctl.probes.probe import Plane
from tenantctl.probes.stage import Stage

_SIGNED_OUT = "vending believes the ID token of a user who was signed out: nothing shows it"


def of_people(  # noqa: PLR0913, PLR0917 - what a run is made of
    closing: ExitStack,
    stage: Stage,
    tried: Sequence[Pair],
    made_up: Sequence[Tenant],
    planes: Collection[Plane],
    check: TokenCheck | None,
) -> Staged:
    """The trials of both planes; their canary users live until `closing` ends."""
    person = next((p for p in tried if p.owner not in made_up), None) or next(iter(tried), None)
    wanted = {Plane.IDENTITY, Plane.GATEWAY} & set(planes)
    if person is None or not wanted:
        return Staged()
    try:
        pool = closing.enter_context(swept_pool(stage))
    except TenantctlError as error:
        no_users(stage, error, Plane.IDENTITY if Plane.IDENTITY in wanted else Plane.GATEWAY)
        return Staged()
    server = closing.enter_context(key_server())
    own = (
        person_trials(stage, pool, person, check, server)
        if check is not None and Plane.IDENTITY in wanted
        else ()
    )
    said = (_SIGNED_OUT,) if own else ()
    if Plane.GATEWAY not in wanted:
        return Staged(own, said)
    # AWS's gateways couldn't come to this machine for a key.
    near = server if stage.operator.target is Target.LOCAL else None
    staged = gateway_trials(stage, pool, tried, made_up, near)
    return Staged((*own, *staged.trials), (*said, *staged.said))
