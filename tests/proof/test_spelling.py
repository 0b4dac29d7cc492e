"""Tags are spelt as a policy's value has them, where only case keeps them apart."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantctl.proof.entry.spelling import as_in

TEXT = st.text(alphabet="aAbB", max_size=5)
VALUE = st.text(alphabet="aAbB?*", max_size=6)


@pytest.mark.parametrize(
    ("value", "tag", "spelt"),
    [
        ("Clinic", "clinic", "Clinic"),
        ("CL?NIC*", "clinicname", "CLiNICname"),
        ("*Name", "clinicname", "clinicName"),
        ("*C*N*", "clinicname", "CliNicname"),
        ("Clinic", "clinics", None),
        ("Clinics", "clinic", None),
        ("*ab", "b", None),
    ],
)
def test_a_tag_takes_the_spelling_of_a_value(value: str, tag: str, spelt: str | None) -> None:
    assert as_in(value, tag) == spelt


@given(value=VALUE, tag=TEXT)
def test_a_spelling_is_found_exactly_where_case_alone_differs(value: str, tag: str) -> None:
    spelt = as_in(value, tag)
    assert (spelt is not None) == fnmatchcase(tag.lower(), value.lower())
    if spelt is not None:
        assert spelt.lower() == tag.lower()
        assert fnmatchcase(spelt, value)
