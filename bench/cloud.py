"""What the enforcing layer costs, against bare moto in the same process over the same data.

Both sides use a boto3 client on the same socket-free transport; the bare side hands each request
straight to moto's own WSGI application, which neither authenticates nor authorizes.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import boto3
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from bench.result import Result, interleaved
from tenantctl.aws.chain import agent_session, tenant_session
from tenantctl.aws.session import Aws
from tenantctl.cli.onboard import surroundings
from tenantctl.domain.config import parse
from tenantctl.domain.files import CONFIG, examples, starter
from tenantctl.domain.layout import object_prefix, partition_value
from tenantctl.domain.manifest import load
from tenantctl.domain.names import Names
from tenantctl.lifecycle.apply import apply
from tenantctl.lifecycle.observe import observe
from tenantctl.lifecycle.plan import plan
from tenantctl.lifecycle.wanted import Sources, several
from tenantctl.local.behind.forward import environ_of
from tenantctl.local.connect import in_memory
from tenantctl.local.wire.incoming import Answer, Incoming
from tenantctl.local.wire.transport import attach
from tenantctl.pool import plan as pool_plan

LIMIT = 1.3
CALLS = 40
ROUNDS = 9
USER = "00000000-0000-4000-8000-000000000000"

Clients = Mapping[str, Any]
Operation = Callable[[Clients], object]


def bare(names: Names) -> Clients:
    """Clients of moto without a layer in front of it; its data is the embedded cloud's."""
    application = DomainDispatcherApplication(create_backend_app)

    def answer(request: Incoming) -> Answer:
        environ = environ_of(request)
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = names.account
        environ["wsgi.input"] = io.BytesIO(request.body)
        environ["CONTENT_LENGTH"] = str(len(request.body))
        started: list[tuple[str, list[tuple[str, str]]]] = []
        chunks = application(environ, lambda s, h, _e=None: started.append((s, h)))
        status, headers = started[0]
        return Answer(int(status[:3]), tuple(headers), b"".join(chunks))

    session = boto3.Session("AKIAEXAMPLE", "secret", region_name=names.pool.region)
    attach(session, answer)
    return {
        service: session.client(service, endpoint_url="http://127.0.0.1")
        for service in ("dynamodb", "s3", "sts")
    }


def onboarded(aws: Aws, names: Names) -> None:
    """The example pool with its four clinics."""
    pool_plan.apply(pool_plan.plan(aws, names), aws)
    folder = examples()
    tenants = load(folder / "clinics.yaml", names.pool)
    intake = several(names.pool, tenants, Sources(folder / "items.jsonl", folder / "documents"))
    found = plan(intake, observe(aws, names, intake))
    applied = apply(found, aws, names, surroundings(aws, names))
    if applied.failure is not None:
        raise applied.failure


def timed(operation: Operation, clients: Clients) -> float:
    """Seconds a call."""
    start = time.perf_counter()
    for _ in range(CALLS):
        operation(clients)
    return (time.perf_counter() - start) / CALLS


def example_pool() -> Any:  # noqa: ANN401 - a Pool; the starter's
    """The starter configuration."""
    return parse(starter()[CONFIG], CONFIG)


def run() -> Iterator[Result]:
    """One result for each of five operations."""
    pool = example_pool()
    with in_memory(region=pool.region, account=pool.account) as aws:
        names = Names(pool, aws.account)
        onboarded(aws, names)
        agent = agent_session(aws, names)
        session = tenant_session(agent, names, tier="basic", tenant="clinic-1", user=USER)
        mine = aws.acting_as(session.credentials)
        ours = {
            "dynamodb": mine.client("dynamodb"),
            "s3": mine.client("s3"),
            "sts": agent.client("sts"),
        }
        plain = bare(names)
        for name, operation in _operations(names, ours).items():
            timed(operation, ours), timed(operation, plain)  # warm
            times = interleaved(
                ROUNDS, partial(timed, operation, ours), partial(timed, operation, plain)
            )
            yield Result(name, *times, unit="ms", at_most=LIMIT, baseline="bare moto")


def _operations(names: Names, clients: Clients) -> dict[str, Operation]:
    from tenantctl.domain.tenant import Tenant

    table, bucket = names.pool.data.tables[0], names.pool.data.buckets[0]
    clinic = Tenant("clinic-1", "basic")
    owner, prefix = partition_value(table, clinic), object_prefix(bucket, clinic)
    found = clients["dynamodb"].query(
        TableName=table.name,
        KeyConditionExpression="#k = :k",
        ExpressionAttributeNames={"#k": table.partition_key},
        ExpressionAttributeValues={":k": {"S": owner}},
    )["Items"][0]
    key = {name: found[name] for name in (table.partition_key, table.sort_key)}
    stored = clients["s3"].list_objects_v2(Bucket=bucket.name, Prefix=prefix)["Contents"][0]["Key"]
    tags = [
        {"Key": "Tier", "Value": "basic"},
        {"Key": "ClinicId", "Value": "clinic-1"},
        {"Key": "UserId", "Value": USER},
    ]
    return {
        "GetItem": lambda c: c["dynamodb"].get_item(TableName=table.name, Key=key),
        "Query": lambda c: c["dynamodb"].query(
            TableName=table.name,
            KeyConditionExpression="#k = :k",
            ExpressionAttributeNames={"#k": table.partition_key},
            ExpressionAttributeValues={":k": {"S": owner}},
        ),
        "GetObject": lambda c: c["s3"].get_object(Bucket=bucket.name, Key=stored)["Body"].read(),
        "ListObjectsV2": lambda c: c["s3"].list_objects_v2(Bucket=bucket.name, Prefix=prefix),
        "AssumeRole": lambda c: c["sts"].assume_role(
            RoleArn=names.vending_role_arn, RoleSessionName="bench", Tags=tags
        ),
    }
