"""Which models are asked about: those that some tiers have and others haven't."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tenantctl.domain.finding import Outcome, Report
from tenantctl.domain.names import Names
from tenantctl.domain.pool import Pool
from tenantctl.iam.document import Kind, read
from tenantctl.pool.documents import trust_document, vending_documents
from tenantctl.proof.asking.models import scarce
from tenantctl.proof.documents import Documents
from tenantctl.proof.prove import prove

LITE, PRO = "amazon.nova-lite-v1:0", "amazon.nova-pro-v1:0"
ACCOUNT = "123456789012"
BOUGHT = f"arn:aws:bedrock:us-east-1:{ACCOUNT}:provisioned-model/abcdefghijkl"

NamesOf = Callable[[Mapping[str, list[str]]], Names]


@pytest.fixture
def names_of(pool_of: Callable[[Any], Pool]) -> NamesOf:
    return lambda models: Names(pool_of({"models": models}), ACCOUNT)


@pytest.mark.parametrize(
    ("models", "asked"),
    [
        ({"basic": [LITE], "premium": [LITE]}, {}),
        ({"basic": [LITE, PRO], "premium": [PRO, LITE]}, {}),
        ({"only": [LITE, f"us.{PRO}"]}, {}),
        ({"basic": [LITE], "premium": [LITE, PRO]}, {PRO: {"premium"}}),
        ({"basic": [], "premium": [BOUGHT]}, {BOUGHT: {"premium"}}),
        # One's own profile brings its model along; the profile is then the other's, and the model
        # everybody's.
        ({"basic": [LITE], "premium": [f"us.{LITE}"]}, {f"us.{LITE}": {"premium"}}),
        # Who hasn't the model has no profile of it: that is asked once, of the model.
        ({"basic": [PRO], "premium": [PRO, f"us.{LITE}"]}, {LITE: {"premium"}}),
        (
            {"a": [f"us.{LITE}"], "b": [f"eu.{LITE}"], "c": []},
            {LITE: {"a", "b"}, f"us.{LITE}": {"a", "c"}, f"eu.{LITE}": {"b", "c"}},
        ),
        # An ARN of a foundation model is the same as its id.
        (
            {"basic": [LITE], "premium": [f"arn:aws:bedrock:us-east-1::foundation-model/{LITE}"]},
            {},
        ),
    ],
)
def test_what_is_scarce(
    names_of: NamesOf, models: Mapping[str, list[str]], asked: Mapping[str, set[str]]
) -> None:
    found = {
        s.model.arn or s.model.profile or s.model.foundation: s.own
        for s in scarce(names_of(models))
    }
    assert found == asked


@pytest.mark.parametrize(
    "models",
    [
        {"basic": [LITE], "premium": [LITE, PRO]},
        {"basic": [f"us.{LITE}"], "premium": [f"us.{LITE}", f"us.{PRO}"]},
        {"basic": [LITE], "premium": [f"us.{LITE}"]},
        {"a": [f"us.{LITE}"], "b": [f"eu.{LITE}"], "c": [], "d": [BOUGHT]},
    ],
)
def test_the_rendered_documents_keep_each_tier_to_its_models(
    names_of: NamesOf, models: Mapping[str, list[str]]
) -> None:
    names = names_of(models)
    report = _proved(names, vending_documents(names))
    assert report.verdict is Outcome.ISOLATED
    assert {f.action for f in report.findings if f.plane == "models"} == {
        "bedrock:InvokeModel",
        "bedrock:InvokeModelWithResponseStream",
    }


def test_a_breach_names_the_models_tier_and_the_statement_to_mend(names_of: NamesOf) -> None:
    names = names_of({"basic": [LITE], "premium": [LITE, PRO]})
    allow = {"Sid": "All", "Effect": "Allow", "Action": "bedrock:InvokeModel", "Resource": "*"}
    report = _proved(names, {"models": {"Version": "2012-10-17", "Statement": [allow]}})
    (found,) = [f for f in report.findings if f.outcome is Outcome.BREACH]
    assert (found.rule, found.plane, found.action) == (
        "MODEL-TIER",
        "models",
        "bedrock:InvokeModel",
    )
    assert (found.actor.tier, found.owner.tier) == ("basic", "premium")
    assert found.resource == f"arn:aws:bedrock:us-east-1::foundation-model/{PRO}"
    assert [d.statement for d in found.decided_by] == ["All"]
    assert '"aws:PrincipalTag/Tier": "premium"' in found.fix


def _proved(names: Names, documents: Mapping[str, Any]) -> Report:
    return prove(
        names,
        Documents(
            trust=read(trust_document(names), name="trust", kind=Kind.TRUST),
            identity=tuple(read(d, name=n, kind=Kind.IDENTITY) for n, d in documents.items()),
        ),
    )


def test_many_models_are_quick(names_of: NamesOf) -> None:
    models = {
        tier: [f"us.vendor.model-{tier}-{n}-v1:0" for n in range(10)] for tier in ("basic", "gold")
    }
    names = names_of(models)
    start = time.process_time()
    report = _proved(names, vending_documents(names))
    assert report.verdict is Outcome.ISOLATED
    assert time.process_time() - start < 2
