"""The broken policies that the live probes catch are breaches of the proof too.

The exceptions are named with their reasons: there the documents alone don't break isolation.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tenantctl.domain.finding import Outcome
from tenantctl.domain.names import Names
from tenantctl.domain.pool import Index, KnowledgeBase, Pool
from tenantctl.iam.document import Kind, read
from tenantctl.pool.documents import bucket_document, trust_document, vending_documents
from tenantctl.proof.documents import Documents
from tenantctl.proof.prove import prove

MUTANTS = Path(__file__).parents[1] / "mutants"

ISOLATED = {
    "trust-account": "the account's root is the trusted base, with a warning",
    "trust-empty-tag": "an empty id is no tenant's by the declared format",
    "trust-extra-tags": "no policy speaks of a further tag",
    "trust-slash-in-tags": "no id holds a slash by the declared format",
    "trust-tags-if-exist": "a tag that is missing makes the policies that use it match nothing",
    "trust-tenant-not-demanded": "a session without the tenant's tag is no tenant's",
    "trust-tier-not-demanded": "a tag that is missing makes the policies that use it match nothing",
    "trust-user-not-demanded": "the same",
    "trust-without-conditions": "the same",
}


def _of_documents() -> list[Any]:
    """The mutants that change nothing but the vending role's and the bucket's documents."""
    found: list[Any] = []
    for path in sorted(MUTANTS.glob("*.yaml")):
        mutant = yaml.safe_load(path.read_text("utf-8"))
        changes = mutant.get("change", [])
        kinds = {str(change.get("document")).partition("/")[0] for change in changes}
        if changes and kinds <= {"vending", "bucket"}:
            found.append(pytest.param(path.stem, changes, id=path.stem))
    return found


@pytest.mark.parametrize(("mutant", "changes"), _of_documents())
def test_a_broken_document_is_a_breach_of_the_proof_too(
    pool_of: Callable[[Any], Pool], mutant: str, changes: list[dict[str, Any]]
) -> None:
    pool = pool_of(None)
    table = replace(pool.data.tables[0], indexes=(Index("by-visit", "last_visit"),))
    over = KnowledgeBase("handbooks", pool.data.buckets[0].name)
    pool = replace(pool, data=replace(pool.data, tables=(table,), knowledge_bases=(over,)))
    names = Names(pool, "123456789012")
    made: dict[str, Any] = {f"vending/{k}": v for k, v in vending_documents(names).items()}
    made["vending/trust"] = trust_document(names)
    bucket = pool.data.buckets[0]
    made[f"bucket/{bucket.name}"] = bucket_document(names, bucket)
    for change in changes:
        name = change["document"]
        made[name] = _edited(made.get(name), change)
    report = prove(names, _documents(names, made))
    expected = Outcome.ISOLATED if mutant in ISOLATED else Outcome.BREACH
    assert report.verdict is expected, ISOLATED.get(mutant)


def _documents(names: Names, made: dict[str, Any]) -> Documents:
    bucket = names.pool.data.buckets[0]
    return Documents(
        trust=read(made["vending/trust"], name="trust", kind=Kind.TRUST),
        identity=tuple(
            read(document, name=name, kind=Kind.IDENTITY)
            for name, document in made.items()
            if name.startswith("vending/") and name != "vending/trust"
        ),
        resources=(
            (
                names.bucket_arn(bucket),
                read(made[f"bucket/{bucket.name}"], name="bucket", kind=Kind.RESOURCE),
            ),
        ),
    )


def _edited(old: Any, edit: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
    """The document after one edit: put a value, drop one, or add one to a list (or make it one)."""
    *path, last = edit["at"] or [None]
    if last is None:
        return edit["put"]
    new = json.loads(json.dumps(old))
    holder = new
    for step in path:
        holder = holder[step]
    if edit.get("drop"):
        del holder[last]
    elif "put" in edit:
        holder[last] = edit["put"]
    else:
        found = holder[last]
        holder[last] = [*(found if isinstance(found, list) else [found]), edit["add"]]
    return new
