"""How fast the evaluator is, against Python's own `json.loads` in the same run.

- Decisions, of 20,000 tenants of whom half cross to another's data, over the starter's own
  policies under a boundary: against `json.loads` on 1.5 KB, the text of one case of `iam simulate`.
  That reads some 125,000 texts a second on one core of 2020, so the floors of 0.8 and 0.4 are
  100,000 decisions and 50,000 explanations a second.
- `iam simulate` as a whole process, on 50,000 cases: against a process that reads them with
  `json.loads` and does nothing else. Once with the members in the order of the guide; and once
  shuffled anew in each case, written compactly, with escapes in half of them.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import starmap
from pathlib import Path
from typing import Any

from bench.cloud import example_pool
from bench.result import Result, interleaved
from tenantctl.domain.names import Names
from tenantctl.domain.tenant import Tenant
from tenantctl.iam.document import Kind, read
from tenantctl.iam.evaluate import Policies, evaluate
from tenantctl.iam.explain import explain
from tenantctl.iam.request import Principal, PrincipalKind, Request, context
from tenantctl.pool.documents import vending_documents

TENANTS = 20_000
CASES = 50_000
DECIDED = 0.8
EXPLAINED = 0.4
WHOLE = 1.6
ROUNDS = 7
PROCESSES = 5

BASELINE = """\
import json, sys

with open(sys.argv[1], "rb") as cases:
    for line in cases:
        json.loads(line)
"""

Case = dict[str, Any]


def boundary() -> Case:
    """What no session may go beyond."""
    statement = {
        "Sid": "OnlyData",
        "Effect": "Allow",
        "Action": [
            "dynamodb:*Item",
            "dynamodb:Query",
            "dynamodb:PartiQL*",
            "s3:GetObject*",
            "s3:PutObject",
            "s3:DeleteObject",
            "s3:AbortMultipartUpload",
            "s3:List*",
            "bedrock:InvokeModel*",
            "bedrock-agentcore:*Event*",
            "bedrock-agentcore:*MemoryRecord*",
            "bedrock-agentcore:ListSessions",
        ],
        "Resource": "*",
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def cases(names: Names, count: int) -> Iterator[Case]:
    """Requests of `count` sessions, in turn for table, objects and listing; half of them cross."""
    chosen = random.Random(1)  # noqa: S311 - the same cases in every run, and no secret
    table, bucket = names.pool.data.tables[0], names.pool.data.buckets[0]
    identity = list(vending_documents(names).values())
    tags = names.pool.identity
    for number in range(count):
        own = chosen.randrange(TENANTS)
        actor, owner = (
            Tenant(f"clinic-{n}", "basic")
            for n in (own, own if number % 2 else chosen.randrange(TENANTS))
        )
        place = {"tier": owner.tier, "tenant": owner.id}
        prefix = bucket.prefix.fill(**place)
        action, resource, keys = (
            ("dynamodb:Query", names.table_arn(table), ("dynamodb:LeadingKeys", [owner.id])),
            ("s3:GetObject", names.object_arn(bucket, f"{prefix}letter.txt"), None),
            ("s3:ListBucket", names.bucket_arn(bucket), ("s3:prefix", prefix)),
        )[number % 3]
        yield {
            "id": f"case-{number}",
            "principal": names.session_arn(names.pool.roles.vending, actor.id),
            "action": action,
            "resource": resource,
            "context": {
                f"aws:PrincipalTag/{tags.tier.tag}": actor.tier,
                f"aws:PrincipalTag/{tags.tenant.tag}": actor.id,
                f"aws:PrincipalTag/{tags.user.tag}": "00000000-0000-4000-8000-000000000000",
                "aws:SecureTransport": "true",
                **({} if keys is None else dict([keys])),
            },
            # One of them: with all four a case would have 3.5 KB, and a better figure.
            "identity": [identity[0 if action.startswith("dynamodb") else 1]],
            "boundary": boundary(),
        }


def shuffled(made: Iterable[Case]) -> Iterator[bytes]:
    """Cases as no reader would like them: any order, no spaces, quotation marks in a value."""
    order = random.Random(2)  # noqa: S311 - as above
    for number, case in enumerate(made):
        if number % 2:
            case["context"]["aws:UserAgent"] = 'an agent of "Zo\u00eb"'
        members = list(case.items())
        order.shuffle(members)
        yield json.dumps(dict(members), separators=(",", ":")).encode()


def questions(names: Names) -> list[tuple[Request, Policies]]:
    """The same as the evaluator takes them, with all of the vending role's policies."""
    policies = Policies(
        identity=tuple(
            read(made, name=name, kind=Kind.IDENTITY)
            for name, made in vending_documents(names).items()
        ),
        boundary=read(boundary(), name="boundary", kind=Kind.BOUNDARY),
    )
    return [
        (
            Request(
                Principal(
                    PrincipalKind.SESSION, case["principal"], names.account, names.vending_role_arn
                ),
                case["action"],
                case["resource"],
                context(case["context"]),
            ),
            policies,
        )
        for case in cases(names, TENANTS)
    ]


def per_second(count: int, work: Callable[[], Iterable[object]]) -> float:
    """How many of `count` things are done in a second; what comes of them is thrown away."""
    start = time.perf_counter()
    deque(work(), maxlen=0)
    return count / (time.perf_counter() - start)


def seconds(command: list[str]) -> float:
    """How long a process takes; malformed cases would fail it."""
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def run() -> Iterator[Result]:
    """Decisions, explanations, and the process."""
    pool = example_pool()
    names = Names(pool, pool.account)
    asked = questions(names)
    lines = [json.dumps(case).encode() for case in cases(names, CASES)]
    texts = lines[: len(asked)]
    kinds: tuple[tuple[str, Callable[[Request, Policies], object], float], ...] = (
        ("decisions", evaluate, DECIDED),
        ("explanations", explain, EXPLAINED),
    )
    for name, work, floor in kinds:
        rates = interleaved(
            ROUNDS,
            partial(per_second, len(asked), partial(starmap, work, asked)),
            partial(per_second, len(texts), partial(map, json.loads, texts)),
        )
        yield Result(name, *rates, unit="/s", at_least=floor, baseline="json.loads of a case")
    yield whole_process("iam simulate", lines)
    yield whole_process("iam simulate, shuffled", list(shuffled(cases(names, CASES))))


def whole_process(name: str, lines: list[bytes]) -> Result:
    """`iam simulate` on these cases, beside a process that only reads them."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "cases.jsonl")
        file.write_bytes(b"".join(line + b"\n" for line in lines))
        ours = str(Path(sys.executable).with_name("tenantctl"))
        times = interleaved(
            PROCESSES,
            lambda: seconds([ours, "iam", "simulate", str(file)]),
            lambda: seconds([sys.executable, "-c", BASELINE, str(file)]),
        )
    size = sum(map(len, lines)) / len(lines)
    title = f"{name}, {size:.0f} bytes"
    return Result(title, *times, unit="s", at_most=WHOLE, baseline="a process of json.loads")
