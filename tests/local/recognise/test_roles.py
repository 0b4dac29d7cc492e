"""What a caller's own policies are asked when it takes on a role."""

from __future__ import annotations

from typing import Any

import pytest

from tenantctl.local.call import ServiceError, UnrecognisedError

from .conftest import ACCOUNT, Recognise

ROLE = f"arn:aws:iam::{ACCOUNT}:role/tvm"
PLAIN: dict[str, Any] = {"RoleArn": ROLE, "RoleSessionName": "doctor"}
TAGS = [{"Key": "Tier", "Value": "basic"}, {"Key": "ClinicId", "Value": "clinic-a"}]


def test_a_plain_session_needs_assume_role_alone(recognised: Recognise) -> None:
    (check,) = recognised("sts", "AssumeRole", PLAIN)
    assert (check.action, check.resource) == ("sts:AssumeRole", ROLE)
    assert check.context == {"sts:rolesessionname": ("doctor",)}


def test_tags_need_tag_session_with_the_same_context(recognised: Recognise) -> None:
    assume, tag = recognised(
        "sts", "AssumeRole", {**PLAIN, "Tags": TAGS, "TransitiveTagKeys": ["ClinicId"]}
    )
    assert (assume.action, tag.action) == ("sts:AssumeRole", "sts:TagSession")
    assert (
        assume.context
        == tag.context
        == {
            "aws:requesttag/tier": ("basic",),
            "aws:requesttag/clinicid": ("clinic-a",),
            "aws:tagkeys": ("Tier", "ClinicId"),
            "sts:transitivetagkeys": ("ClinicId",),
            "sts:rolesessionname": ("doctor",),
        }
    )


def test_a_source_identity_needs_its_own_action(recognised: Recognise) -> None:
    checks = recognised("sts", "AssumeRole", {**PLAIN, "SourceIdentity": "sub", "ExternalId": "e"})
    assert [c.action for c in checks] == ["sts:AssumeRole", "sts:SetSourceIdentity"]
    assert checks[0].context["sts:sourceidentity"] == ("sub",)
    assert checks[0].context["sts:externalid"] == ("e",)


def test_an_empty_tag_value_is_a_value(recognised: Recognise) -> None:
    checks = recognised("sts", "AssumeRole", {**PLAIN, "Tags": [{"Key": "Tier", "Value": ""}]})
    assert checks[0].context["aws:requesttag/tier"] == ("",)


def test_tags_in_two_cases_are_refused(recognised: Recognise) -> None:
    tags = [*TAGS, {"Key": "clinicid", "Value": "clinic-b"}]
    with pytest.raises(ServiceError, match="case insensitive"):
        recognised("sts", "AssumeRole", {**PLAIN, "Tags": tags})


def test_no_role_is_refused(recognised: Recognise) -> None:
    with pytest.raises(UnrecognisedError):
        recognised("sts", "AssumeRole", {"RoleSessionName": "x"})
