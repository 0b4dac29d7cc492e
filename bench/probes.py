"""How fast live probing is, against a bare boto3 loop over the very calls that it made.

The calls of one verification are recorded as they are signed; the bare loop makes them again,
with clients of its own: one for each key and service, as the verification needs them too. Both
figures are calls a second; the verification's own few unsigned calls count as calls, and can't be
made again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import ClientError
from botocore.hooks import HierarchicalEmitter

from bench.cloud import example_pool, onboarded
from bench.result import Result, interleaved
from tenantctl.aws.session import Aws
from tenantctl.cli.verify import token_check
from tenantctl.domain.names import Names
from tenantctl.local.connect import in_memory
from tenantctl.probes.verify import Settings, verify

LIMIT = 0.8
_CLIENT_NAMES = {"cognito-identity-provider": "cognito-idp"}
"""Clients whose name isn't the one in their events."""

ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Made:
    """One signed call: with whose keys, and what."""

    keys: tuple[str, str, str | None]
    service: str
    operation: str
    params: Mapping[str, Any]


class Recorder:
    """Writes down every signed call of a session while it is switched on."""

    def __init__(self, events: HierarchicalEmitter) -> None:
        self.calls: list[Made] = []
        self.sent = 0
        self.on = False
        self._pending = threading.local()
        events.register("before-parameter-build", self._built)
        events.register("before-sign", self._signed)
        events.register("request-created", self._sent)

    def _sent(self, **_: object) -> None:
        self.sent += 1

    def _built(self, params: Mapping[str, Any], **_: object) -> None:
        self._pending.params = dict(params)

    def _signed(
        self,
        operation_name: str,
        request_signer: Any,  # noqa: ANN401 - botocore's RequestSigner, whose keys are private
        event_name: str,
        **_: object,
    ) -> None:
        params = self._pending.__dict__.pop("params", None)
        keys = request_signer._credentials  # noqa: SLF001 - the only place that knows them
        if self.on and params is not None and keys is not None:
            service = event_name.split(".")[1]
            service = _CLIENT_NAMES.get(service, service)
            self.calls.append(
                Made(
                    (keys.access_key, keys.secret_key, keys.token), service, operation_name, params
                )
            )


def per_second(session: boto3.Session, calls: Sequence[Made], region: str) -> float:
    """Calls a second of a bare loop, refusals included; one client for each key and service."""
    clients: dict[tuple[object, ...], Any] = {}
    start = time.perf_counter()
    for made in calls:
        name = (made.keys, made.service)
        if name not in clients:
            clients[name] = session.client(
                made.service,  # type: ignore[call-overload]
                region_name=region,
                endpoint_url="http://127.0.0.1",
                aws_access_key_id=made.keys[0],
                aws_secret_access_key=made.keys[1],
                aws_session_token=made.keys[2],
            )
        try:
            clients[name]._make_api_call(made.operation, dict(made.params))  # noqa: SLF001 - any operation
        except ClientError:
            continue
    return len(calls) / (time.perf_counter() - start)


def run() -> Iterator[Result]:
    """Calls a second of `verify-isolation` and of the loop."""
    pool = example_pool()
    with in_memory(region=pool.region, account=pool.account) as aws:
        names = Names(pool, aws.account)
        # Clients take the session's handlers with them when they are made: first the recorder.
        recorder = Recorder(aws.session.events)  # type: ignore[arg-type]
        onboarded(aws, names)
        recorder.on = True
        _verified(aws, names)
        recorder.on = False
        calls = tuple(recorder.calls)

        def ours() -> float:
            start, before = time.perf_counter(), recorder.sent
            _verified(aws, names)
            return (recorder.sent - before) / (time.perf_counter() - start)

        def loop() -> float:
            return per_second(aws.session, calls, aws.region)

        ours(), loop()  # warm
        times = interleaved(ROUNDS, ours, loop)
        yield Result(
            "verify-isolation, calls", *times, unit="/s", at_least=LIMIT, baseline="a boto3 loop"
        )


def _verified(aws: Aws, names: Names) -> None:
    verify(aws, names, Settings(check=token_check(aws, names)))
