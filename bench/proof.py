"""How long a proof takes: of the starter's pool, and of a thousand statements.

The baseline is the bound itself, in seconds: what a proof costs doesn't hang on another program.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from typing import Any

from bench.result import Result
from tenantctl.domain.config import LOCAL_ACCOUNT, parse
from tenantctl.domain.files import template
from tenantctl.domain.finding import Outcome
from tenantctl.domain.names import Names
from tenantctl.iam.document import Kind, read
from tenantctl.pool.documents import trust_document, vending_documents
from tenantctl.proof.documents import Documents
from tenantctl.proof.prove import prove

STATEMENTS = 1_000
ROUNDS = 5
POOL_SECONDS = 0.1
MANY_SECONDS = 5.0

TIER, TENANT = "${aws:PrincipalTag/Tier}", "${aws:PrincipalTag/ClinicId}"


def run() -> Iterator[Result]:
    """One result each for the starter's pool and for many statements."""
    names = Names(parse(template("config/tenantctl.yaml"), "tenantctl.yaml"), LOCAL_ACCOUNT)
    for name, made, bound, rounds in (
        ("proof of the starter's pool", vending_documents(names), POOL_SECONDS, ROUNDS),
        (f"proof of {STATEMENTS} statements", _many(names), MANY_SECONDS, 1),
    ):
        documents = Documents(
            trust=read(trust_document(names), name="trust", kind=Kind.TRUST),
            identity=tuple(read(d, name=n, kind=Kind.IDENTITY) for n, d in made.items()),
        )
        seconds = statistics.median(_seconds(names, documents) for _ in range(rounds))
        unit = "ms" if bound < 1 else "s"
        yield Result(name, seconds, bound, unit=unit, at_most=1.0, baseline="the bound")


def _seconds(names: Names, documents: Documents) -> float:
    start = time.perf_counter()
    report = prove(names, documents)
    taken = time.perf_counter() - start
    if report.verdict is not Outcome.ISOLATED:
        raise RuntimeError("the documents of the benchmark are meant to be isolated")
    return taken


def _many(names: Names) -> dict[str, Any]:
    """A thousand statements, all different: folders, attributes, and Denies among them."""
    data = names.pool.data
    table, bucket = names.table_arn(data.tables[0]), names.bucket_arn(data.buckets[0])
    kinds = (
        lambda n: {
            "Action": ["s3:GetObject", "s3:PutObject"],
            "Resource": f"{bucket}/{TIER}-tier/{TENANT}/folder-{n}/*",
        },
        lambda n: {
            "Action": "s3:ListBucket",
            "Resource": bucket,
            "Condition": {"StringLike": {"s3:prefix": f"{TIER}-tier/{TENANT}/folder-{n}/*"}},
        },
        lambda n: {
            "Action": ["dynamodb:GetItem", "dynamodb:Query"],
            "Resource": f"{table}/index/by-{n}" if n % 2 else table,
            "Condition": {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [TENANT]}},
        },
        lambda n: {
            "Effect": "Deny",
            "Action": "s3:*",
            "Resource": f"{bucket}/*/secret-{n}/*",
        },
    )
    statements = [{"Effect": "Allow", **kinds[n % len(kinds)](n)} for n in range(STATEMENTS)]
    return {"many": {"Version": "2012-10-17", "Statement": statements}}
