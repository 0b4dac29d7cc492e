"""Proof and evaluator agree: no random request against proved documents crosses between tenants."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tenantctl.domain.finding import Outcome
from tenantctl.domain.model import Model
from tenantctl.domain.names import Names
from tenantctl.domain.pool import Pool
from tenantctl.domain.template import Template
from tenantctl.iam.evaluate import evaluate
from tenantctl.iam.request import Context, Request
from tenantctl.proof.asking.models import scarce
from tenantctl.proof.directory import load
from tenantctl.proof.documents import Documents, session_of
from tenantctl.proof.prove import prove

CASES = Path(__file__).resolve().parents[1] / "cases" / "proof"
TENANTS = ("clinic-1", "clinic-10", "clinic-1-a", "clinic-a", "clinic", "clin", "a-clinic-1", "11")
USERS = ("1" * 36, "2" * 36)
TIERS = ("basic", "premium")
ROUNDS = 400


def _proved() -> list[Any]:
    pitfalls = yaml.safe_load((CASES / "pitfalls.yaml").read_text("utf-8"))
    counts = yaml.safe_load((CASES / "counts.yaml").read_text("utf-8"))
    found = [(p["id"], p["mended"]) for p in pitfalls]
    found += [(c["id"], c) for c in counts if not c.get("leaks") and not c.get("unknown")]
    # Tenants and users below have the default formats.
    default = [(i, c) for i, c in found if not set(c.get("layout", {})) & {"tenant", "user"}]
    return [pytest.param(case, id=name) for name, case in default]


@pytest.mark.parametrize("case", _proved())
def test_no_request_crosses_what_is_proved(
    tmp_path: Path,
    case: Mapping[str, Any],
    pool_of: Callable[[Any], Pool],
    write_documents: Callable[[Path, Mapping[str, Any], Pool], Path],
) -> None:
    of = pool_of(case.get("layout"))
    names, documents = load(write_documents(tmp_path / "documents", case, of), of)
    assert prove(names, documents).verdict is Outcome.ISOLATED
    rng = random.Random(7)  # noqa: S311 - reproducible, not secret
    for _ in range(ROUNDS):
        actor, owner = rng.sample(TENANTS, 2)
        tags = {
            "aws:principaltag/clinicid": (actor,),
            "aws:principaltag/tier": (rng.choice(TIERS),),
            "aws:principaltag/userid": (rng.choice(USERS),),
        }
        for action, resource, context, arn in _reaching(names, owner, rng):
            request = Request(
                session_of(names),
                action,
                resource,
                {**tags, **_USUAL, **context, "aws:principalarn": (names.vending_role_arn,)},
            )
            assert not evaluate(request, documents.for_resource(arn)).allowed, request
        for model in scarce(names):
            if model.model.foundation and tags["aws:principaltag/tier"][0] not in model.own:
                request = _invoking(names, model.model, {**tags, **_USUAL}, rng)
                through = request.context.get(_PROFILE)
                asked = [request, *([request._replace(resource=through[0])] if through else [])]
                policies = documents.for_resource(request.resource)
                assert not all(evaluate(one, policies).allowed for one in asked), request
    _owners_are_served(names, documents, case)


_USUAL: Context = {
    "aws:securetransport": ("true",),
    "aws:principalaccount": ("123456789012",),
    "aws:currenttime": ("2026-11-23T12:00:00Z",),
    "aws:sourceip": ("10.1.2.3",),
    "aws:referer": ("https://portal.example/x",),
}


def _reaching(
    names: Names, owner: str, rng: random.Random
) -> Iterator[tuple[str, str, Context, str]]:
    """Requests that touch data of `owner`, with keys as the services send them."""
    data = names.pool.data

    def filled(template: Template) -> str:
        return template.fill(tier=rng.choice(TIERS), tenant=owner, user=rng.choice(USERS))

    table, bucket, memory = data.tables[0], data.buckets[0], data.memories[0]
    at = names.table_arn(table)
    key = filled(table.value)
    for action in ("GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem", "BatchGetItem"):
        yield f"dynamodb:{action}", at, {"dynamodb:leadingkeys": (key,)}, at
    yield "dynamodb:BatchWriteItem", at, {"dynamodb:leadingkeys": (key, rng.choice(TENANTS))}, at
    yield "dynamodb:Scan", at, {}, at
    yield "dynamodb:PartiQLSelect", at, {"dynamodb:fulltablescan": ("true",)}, at
    at = names.bucket_arn(bucket)
    prefix = filled(bucket.prefix)
    cut = prefix[: rng.randint(0, len(prefix))]
    yield "s3:ListBucket", at, {"s3:prefix": (prefix + rng.choice(("", "a")),)}, at
    yield "s3:ListBucket", at, {"s3:prefix": (cut,), "s3:max-keys": ("5",)}, at
    yield "s3:ListBucket", at, {}, at
    for action in ("GetObject", "PutObject", "DeleteObject"):
        yield f"s3:{action}", f"{at}/{prefix}{rng.choice(TENANTS)}", {}, at
    at = names.memory_arn(memory)
    actor = {"bedrock-agentcore:actorid": (filled(memory.actor),)}
    yield "bedrock-agentcore:ListEvents", at, actor, at
    yield "bedrock-agentcore:ListActors", at, {}, at
    space = filled(memory.namespace)
    for name in ("namespace", "namespacepath"):
        context = {
            f"bedrock-agentcore:{name}": (space[: rng.randint(len(space) // 2, len(space))],)
        }
        yield "bedrock-agentcore:RetrieveMemoryRecords", at, context, at
    yield "bedrock-agentcore:GetMemoryRecord", at, {"bedrock-agentcore:namespace": (space,)}, at


_PROFILE = "bedrock:inferenceprofilearn"


def _invoking(names: Names, model: Model, context: Context, rng: random.Random) -> Request:
    """A request for a foundation model: by itself, or through a profile that routes to it."""
    region = rng.choice(("us-east-1", "us-west-2", "eu-west-1"))
    profile = model.profile or rng.choice(("", f"us.{model.foundation}", f"eu.{model.foundation}"))
    through = {_PROFILE: (names.profile_arn(profile, region),)} if profile else {}
    return Request(
        session_of(names),
        rng.choice(("bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream")),
        names.foundation_model_arn(model.foundation, region),
        {**context, **through},
    )


def _owners_are_served(names: Names, documents: Documents, case: Mapping[str, Any]) -> None:
    """The pool's own documents let each owner reach its own: they don't isolate by refusing all."""
    if "identity" in case or "document" in case:
        return
    tags = {
        "aws:principaltag/clinicid": ("clinic-1",),
        "aws:principaltag/tier": ("basic",),
        "aws:principaltag/userid": (USERS[0],),
    }
    arn = names.bucket_arn(names.pool.data.buckets[0])
    request = Request(
        session_of(names), "s3:GetObject", f"{arn}/basic-tier/clinic-1/x", {**tags, **_USUAL}
    )
    assert evaluate(request, documents.for_resource(arn)).allowed
