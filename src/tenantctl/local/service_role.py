"""AWS services that act for an account by a role: the gateway's by its own, Lambda by a function's.

The role's trust policy decides whether the service gets a session, and the role's policies, read
anew at every use, what it may do with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tenantctl.aws.session import Credentials
from tenantctl.iam.request import Principal, PrincipalKind
from tenantctl.local.authorize import authorize, request_context
from tenantctl.local.call import Call, Check
from tenantctl.local.facts import MotoFacts
from tenantctl.local.failure import Failure, RefusedError
from tenantctl.local.principals import Caller, caller
from tenantctl.local.recognise import recognise
from tenantctl.local.sts import service as sts
from tenantctl.local.wire.incoming import Incoming

if TYPE_CHECKING:
    from tenantctl.local.cloud import Cloud

_SECONDS = 3600
_SPARE_SECONDS = 300
"""A session isn't used to its end: a call begun with it must be able to finish."""

_INSIDE = Incoming("POST", "/", "", {}, b"")
"""Services call each other without a request that a client could have made."""


@dataclass(frozen=True, slots=True)
class Assumed:
    """A service's session of a role; `until` is in seconds since the epoch."""

    role_id: str
    credentials: Credentials = field(repr=False)
    until: float

    def caller(self, cloud: Cloud) -> Caller:
        """Who calls with it; raises `RefusedError` when it has ended."""
        keys = self.credentials
        return caller(
            cloud.keys,
            keys.access_key_id,
            keys.session_token,
            region=cloud.region,
            now=cloud.clock(),
        )


class Sessions:
    """The sessions that services have of a cloud's roles, kept until shortly before their end.

    Its methods are called with the cloud's lock held.
    """

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._kept: dict[tuple[str, str, str, str | None], Assumed] = {}

    def session(
        self, service: str, role_arn: str, name: str, *, source_arn: str | None = None
    ) -> Assumed:
        """A session of the role for a service principal, as `name`.

        `source_arn` is the resource that the service acts for, where it tells (`aws:SourceArn`).
        Raises `RefusedError` where the role doesn't trust the service, or isn't there.
        """
        role = sts.role_named(role_arn)
        if role is None:
            raise RefusedError(Failure.DENIED, f"The role {role_arn} can't be assumed by {service}")
        key = (service, role_arn, name, source_arn)
        known = self._kept.get(key)
        if (
            known is None
            or known.role_id != role.id
            or known.until <= self._cloud.clock() + _SPARE_SECONDS
        ):
            known = self._kept[key] = self._assume(service, role_arn, name, source_arn)
        return known

    def _assume(self, service: str, role_arn: str, name: str, source_arn: str | None) -> Assumed:
        cloud, now = self._cloud, self._cloud.clock()
        who = _service(service, cloud.account, source_arn)
        params = {"RoleArn": role_arn, "RoleSessionName": name, "DurationSeconds": _SECONDS}
        call = Call(
            "sts", "AssumeRole", params, cloud.region, cloud.account, who.principal, who.context
        )
        facts = MotoFacts(cloud.region, cloud.account)
        sts.check_request(call, who)
        context = {**request_context(_INSIDE, call, now), **who.context}
        authorize(call, who, recognise(call, facts), facts, context)
        made = sts.handle(call, who, key=cloud.keys.session_key, now=now)["Credentials"]
        keys = Credentials(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])
        role = sts.role_named(role_arn)
        return Assumed(str(role.id) if role is not None else "", keys, now + _SECONDS)


def require(
    cloud: Cloud, who: Caller, service: str, operation: str, checks: Sequence[Check]
) -> None:
    """Let pass what `who`'s policies allow it now; called with the cloud's lock held.

    Raises `RefusedError` in the words of AWS.
    """
    call = Call(service, operation, {}, cloud.region, cloud.account, who.principal, who.context)
    context = {**request_context(_INSIDE, call, cloud.clock()), **who.context}
    authorize(call, who, tuple(checks), MotoFacts(cloud.region, cloud.account), context)


def _service(service: str, account: str, source_arn: str | None) -> Caller:
    context = {
        "aws:principalisawsservice": ("true",),
        "aws:principalservicename": (service,),
        "aws:principalservicenameslist": (service,),
        "aws:principaltype": ("Service",),
    }
    if source_arn is not None:
        context |= {"aws:sourceaccount": (account,), "aws:sourcearn": (source_arn,)}
    return Caller(Principal(PrincipalKind.SERVICE, service, account), service, context)
