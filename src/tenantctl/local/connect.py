"""Open the embedded cloud and hand out the `Aws` that reaches it.

A process has at most one. Where a server of the same user holds the state, commands call it over
HTTP instead; to them nothing else differs.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tenantctl.aws.session import Aws
from tenantctl.domain.pool import Target
from tenantctl.errors import StateError, UsageError

if TYPE_CHECKING:
    import boto3

    from tenantctl.local.cloud import Cloud
    from tenantctl.local.state.published import Published

ACCOUNT = "123456789012"
"""The account where the configuration names none."""

_COLLECT = (20_000, 20, 50)
"""The collector's thresholds: objects made, then rounds of the younger generation."""

_open: list[Cloud] = []


def opened() -> Cloud | None:
    """The cloud that lives in this process, if one does."""
    return _open[-1] if _open else None


@contextmanager
def embedded(
    *,
    region: str,
    account: str | None = None,
    state_dir: Path | None = None,
    notify: Callable[[str], None] = lambda _text: None,
) -> Iterator[Aws]:
    """The embedded cloud with the state that earlier commands left, reached as its operator.

    The state is held meanwhile and saved at the end, whatever happens; a server that holds it is
    called instead. `notify` is told when another command must be waited for. Raises `StateError`.
    """
    from tenantctl.local.state import published, saved, state_file

    wanted = account or ACCOUNT
    directory = state_dir or saved.default_directory()
    state_file.prepare(directory)
    found: list[Published] = []

    def served() -> bool:
        server = published.find(directory)
        found[:] = [server] if server else []
        return bool(server)

    with saved.locked(directory, unless=served, notify=notify) as mine:
        if not mine:
            yield _aws_at(found[0], region, wanted)
            return
        with held(directory, region=region, account=wanted) as cloud:
            yield aws_of(cloud)


@contextmanager
def held(directory: Path, *, region: str, account: str) -> Iterator[Cloud]:
    """The cloud of a directory that is locked; what changed is saved at the end."""
    from tenantctl.local.behind import backends
    from tenantctl.local.cloud import Cloud
    from tenantctl.local.keys import Keys
    from tenantctl.local.operator import settle
    from tenantctl.local.state import published
    from tenantctl.local.state.saved import Saver

    published.withdraw(directory)  # of a server that died
    with backends.claim():
        cloud = Cloud(region=region, account=account, keys=Keys())
        saver = Saver(cloud, directory)
        saver.load()
        settle(cloud, saver.changed, saver.own_changed)
        cloud.changed = saver.changed
        cloud.save = saver.save
        _settle_memory()
        _open.append(cloud)
        try:
            yield cloud
        finally:
            _open.remove(cloud)
            with cloud.lock:
                saver.save()


@contextmanager
def in_memory(*, region: str, account: str | None = None) -> Iterator[Aws]:
    """A fresh embedded cloud that is forgotten at the end; reached as its operator."""
    from tenantctl.local.behind import backends
    from tenantctl.local.cloud import Cloud
    from tenantctl.local.keys import Keys
    from tenantctl.local.operator import settle

    with backends.claim():
        cloud = Cloud(region=region, account=account or ACCOUNT, keys=Keys())
        settle(cloud)
        _settle_memory()
        _open.append(cloud)
        try:
            yield aws_of(cloud)
        finally:
            _open.remove(cloud)


def _settle_memory() -> None:
    """Spare the garbage collector moto, and what is loaded later.

    Moto is some 100 MB of objects that live as long as the process. Service models and MCP come
    after it, and at the default thresholds each of them makes the collector look at all that is
    there again: a tenth of what a verification costs.
    """
    gc.freeze()
    gc.set_threshold(*_COLLECT)


def aws_of(cloud: Cloud) -> Aws:
    """An `Aws` that reaches a cloud of this process as its operator, without a socket."""
    from tenantctl.local.wire import transport

    session = _session(cloud.region)
    transport.attach(session, cloud.answer)
    return Aws(
        session=session,
        target=Target.LOCAL,
        region=cloud.region,
        account=cloud.account,
        endpoint=transport.ENDPOINT,
        credentials=cloud.keys.operators[cloud.account],
        runtime=cloud.keys.service(cloud.account).credentials,
    )


def served_endpoint(aws: Aws) -> str | None:
    """The address of the server behind an `Aws`; `None` where none listens."""
    from tenantctl.local.wire import transport

    return None if aws.endpoint == transport.ENDPOINT else aws.endpoint


@contextmanager
def serving(aws: Aws, *, clock: str | None = None) -> Iterator[str | None]:
    """An address that other processes can call, for the length of a `with` block.

    A cloud of this process is served on a free port, with its gateways; on AWS there is nothing to
    serve: `None`. `clock` sets the clinics' clock, see `set_clock.moment`. Raises `UsageError`
    where it can't be set, because another process serves.
    """
    from tenantctl.local.wire import transport

    cloud = opened()
    if aws.endpoint != transport.ENDPOINT or cloud is None:
        if clock is not None:
            raise UsageError(
                "the clock can't be set here", hint="start `tenantctl local serve` with --clock"
            )
        yield aws.endpoint
        return
    from tenantctl.local.wire.serve import serving as serve

    with serve(cloud, clock=clock) as endpoint:
        yield endpoint


def _session(region: str) -> boto3.Session:
    """A Session that knows nothing of the caller's own AWS: no profile, no configuration files."""
    import boto3
    import botocore.session

    # Each is (key in the configuration file, environment variable, default, conversion).
    nowhere = (None, None, os.devnull, None)
    alone = botocore.session.Session(
        session_vars={
            "profile": (None, None, None, None),
            "config_file": nowhere,
            "credentials_file": nowhere,
        }
    )
    return boto3.Session(region_name=region, botocore_session=alone)


def _aws_at(server: Published, region: str, account: str) -> Aws:
    if server.account != account:
        raise StateError(
            f"the running server is account {server.account}, the configuration says {account}",
            hint="end `tenantctl local serve`, or serve with that configuration",
        )
    return Aws(
        session=_session(region),
        target=Target.LOCAL,
        region=region,
        account=account,
        endpoint=server.endpoint,
        credentials=server.operator,
        runtime=server.runtime,
    )
