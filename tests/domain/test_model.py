"""What the models of a configuration stand for, and their ARNs."""

from __future__ import annotations

import pytest

from tenantctl.domain.config import LOCAL_ACCOUNT, parse
from tenantctl.domain.model import Model, model
from tenantctl.domain.names import Names

LITE = "amazon.nova-lite-v1:0"
BOUGHT = "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abcdefghijkl"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (LITE, Model(LITE)),
        (f"us.{LITE}", Model(LITE, f"us.{LITE}")),
        (f"global.{LITE}", Model(LITE, f"global.{LITE}")),
        ("us-gov.anthropic.x", Model("anthropic.x", "us-gov.anthropic.x")),
        ("usual.model", Model("usual.model")),
        (f"arn:aws:bedrock:eu-west-1::foundation-model/{LITE}", Model(LITE)),
        (
            f"arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.{LITE}",
            Model(LITE, f"eu.{LITE}"),
        ),
        (BOUGHT, Model(arn=BOUGHT)),
    ],
)
def test_a_model_is_known_by_its_id_or_arn(text: str, meant: Model) -> None:
    assert model(text) == meant


def test_arns_of_models_and_access_points() -> None:
    text = "version: 1\npool: clinic-agent\nregion: eu-west-1\ntiers: {basic: {}}\n"
    names = Names(parse(text, "tenantctl.yaml"), LOCAL_ACCOUNT)
    own = f"arn:aws:bedrock:eu-west-1::foundation-model/{LITE}"
    assert names.model_arns(LITE) == (own,)
    assert names.model_arns(own) == (own,)
    assert names.model_arns(f"eu.{LITE}") == (
        f"arn:aws:bedrock:eu-west-1:{LOCAL_ACCOUNT}:inference-profile/eu.{LITE}",
        f"arn:aws:bedrock:*::foundation-model/{LITE}",
    )
    point = "arn:aws:s3:eu-west-1:111122223333:accesspoint/clinics"
    assert names.access_point_arn("clinics", account="111122223333") == point
