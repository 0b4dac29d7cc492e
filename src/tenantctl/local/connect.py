"""Open the embedded cloud and hand out the `Aws` that reaches it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tenantctl.aws.session import Aws, Credentials
from tenantctl.domain.pool import Target

if TYPE_CHECKING:
    from tenantctl.local.cloud import Cloud

ACCOUNT = "123456789012"
"""The account where the configuration names none."""


@contextmanager
def in_memory(*, region: str, account: str | None = None) -> Iterator[Aws]:
    """A fresh embedded cloud that is forgotten at the end; reached as its operator."""
    from tenantctl.local import backends

    with backends.claim():
        yield aws_of(fresh(region, account or ACCOUNT))


def fresh(region: str, account: str) -> Cloud:
    """A new cloud with an operator in its account; the backends must be claimed."""
    from tenantctl.local.cloud import Cloud
    from tenantctl.local.keys import Keys
    from tenantctl.local.operator import settle

    cloud = Cloud(region=region, account=account, keys=Keys())
    settle(cloud)
    return cloud


def aws_of(cloud: Cloud) -> Aws:
    """An `Aws` that reaches a cloud of this process as its operator."""
    import boto3

    from tenantctl.local import transport

    session = boto3.Session(region_name=cloud.region)
    transport.attach(session, cloud.answer)
    return Aws(
        session=session,
        target=Target.LOCAL,
        region=cloud.region,
        account=cloud.account,
        endpoint=transport.ENDPOINT,
        credentials=_operator(cloud),
        runtime=cloud.keys.service(cloud.account).credentials,
    )


def _operator(cloud: Cloud) -> Credentials:
    return cloud.keys.operators[cloud.account]
