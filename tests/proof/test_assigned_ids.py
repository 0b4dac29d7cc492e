"""AgentCore assigns a memory's id; a statement that names one is as good as one with the name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tenantctl.domain.finding import Outcome
from tenantctl.domain.names import Names
from tenantctl.domain.pool import Pool
from tenantctl.iam.document import Kind, read
from tenantctl.pool.documents import trust_document, vending_documents
from tenantctl.proof.documents import Documents
from tenantctl.proof.prove import prove

ACCOUNT = "123456789012"
MEMORIES = f"arn:aws:bedrock-agentcore:us-east-1:{ACCOUNT}:memory"
REAL = f"{MEMORIES}/conversations-AbC4567890"


@pytest.mark.parametrize(
    ("resource", "arn", "leaks"),
    [
        (f"{MEMORIES}/conversations", None, f"{MEMORIES}/conversations"),
        (REAL, None, REAL),
        (f"{MEMORIES}/conversations-AbC*", None, f"{MEMORIES}/conversations-AbC"),
        (f"{MEMORIES}/conversations-??????????", None, f"{MEMORIES}/conversations-"),
        (REAL, REAL, REAL),
        (f"{MEMORIES}/*", REAL, REAL),
        (f"{MEMORIES}/conversations", REAL, None),
        (f"{MEMORIES}/conversations-ZbC4567890", REAL, None),
        (f"{MEMORIES}/conversations-AbC456789", None, None),  # an id too short
        (f"{MEMORIES}/conversations-of-old-AbC4567890", None, None),  # another's
        (f"{MEMORIES}/other-AbC4567890", None, None),
    ],
)
def test_a_grant_by_id(
    pool_of: Callable[[Any], Pool], resource: str, arn: str | None, leaks: str | None
) -> None:
    pool = pool_of({})
    memories = tuple(replace(m, arn=arn) for m in pool.data.memories)
    names = Names(replace(pool, data=replace(pool.data, memories=memories)), ACCOUNT)
    actions = {f"bedrock-agentcore:{a}" for a in ("ListActors", "GetEvent", "ListMemoryRecords")}
    more = {"Effect": "Allow", "Action": sorted(actions), "Resource": resource}
    identity: dict[str, Any] = vending_documents(names)
    identity["more"] = {"Version": "2012-10-17", "Statement": [more]}

    report = prove(
        names,
        Documents(
            trust=read(trust_document(names), name="trust", kind=Kind.TRUST),
            identity=tuple(read(d, name=n, kind=Kind.IDENTITY) for n, d in identity.items()),
        ),
    )

    found = [f for f in report.findings if f.outcome is not Outcome.ISOLATED]
    assert {f.outcome for f in found} <= {Outcome.BREACH}
    assert {f.action for f in found} == (set() if leaks is None else actions)
    for finding in found:
        assert finding.resource.startswith(leaks or "nothing")
        assert finding.fix
