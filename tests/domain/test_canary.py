"""Names of what a verification leaves behind while it runs."""

from __future__ import annotations

import re

import pytest

from tenantctl.domain.canary import PREFIX, Run, phantom, prefixes
from tenantctl.domain.pool import Bucket, Claim
from tenantctl.domain.template import Template
from tenantctl.domain.tenant import Tenant

CLINIC = Tenant("clinic-1", "basic")


@pytest.mark.parametrize(
    ("layout", "own", "stem", "parent"),
    [
        ("{tier}-tier/{tenant}/", "basic-tier/clinic-1/", "basic-tier/clinic-1", "basic-tier/"),
        ("{tenant}/", "clinic-1/", "clinic-1", None),
        ("t/{tenant}/docs/", "t/clinic-1/docs/", "t/clinic-1", "t/"),
        ("{tenant}", "clinic-1", None, None),
    ],
)
def test_the_prefixes_that_reach_too_far(
    layout: str, own: str, stem: str | None, parent: str | None
) -> None:
    found = prefixes(Bucket("b", Template.parse(layout)), CLINIC)

    assert (found.own, found.stem, found.parent) == (own, stem, parent)


@pytest.mark.parametrize(
    "pattern", [None, "[a-z0-9][a-z0-9-]{0,61}[a-z0-9]", "clinic-[a-z0-9]+", "[0-9]{14}", "[A-Z]"]
)
def test_a_phantom_has_the_declared_format_and_nobodys_id(pattern: str | None) -> None:
    claim = Claim("ClinicId", "custom:tenant_id", pattern)

    made = phantom(0, "basic", claim, ["clinic-1"])

    if made is None:
        assert pattern == "[0-9]{14}" or pattern == "[A-Z]"  # noqa: PLR1714 - the two told apart
        return
    assert made.id != "clinic-1"
    assert pattern is None or re.fullmatch(pattern, made.id)
    assert made == phantom(0, "basic", claim, ["clinic-1"])


def test_every_canary_is_found_by_the_prefix() -> None:
    run = Run("1f")

    assert run.sort_key("read").startswith(PREFIX)
    assert run.email("user").startswith(PREFIX)
    assert run.object_key("a/", "read") == f"a/{PREFIX}1f/read"
