"""Temporary passwords: every pool takes them, and one reader sees them."""

from __future__ import annotations

import os
import stat
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantctl.errors import UsageError
from tenantctl.lifecycle.apply import Issued
from tenantctl.lifecycle.passwords import check_new, write_new
from tenantctl.lifecycle.people import generate

ISSUED = (Issued("clinic-1", "a@b.example", "pa55-Word!"), Issued("clinic-2", "c@d.example", "x"))
COGNITO_SYMBOLS = set("^$*.[]{}()?-\"!@#%&/\\,><':;|_~`+=")
"""https://docs.aws.amazon.com/cognito/latest/developerguide/managing-users-passwords.html"""


@given(st.integers(20, 99))
def test_a_password_has_every_class_of_characters(length: int) -> None:
    made = generate(length)
    assert len(made) == length
    for characters in (string.ascii_lowercase, string.ascii_uppercase, string.digits):
        assert set(made) & set(characters)
    symbols = set(made) - set(string.ascii_letters + string.digits)
    assert symbols
    assert symbols <= COGNITO_SYMBOLS
    assert made[0].isalpha()


def test_no_two_passwords_are_alike() -> None:
    assert len({generate(20) for _ in range(1000)}) == 1000


def test_the_file_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "passwords"
    previous = os.umask(0)
    try:
        write_new(path, ISSUED)
    finally:
        os.umask(previous)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text(encoding="utf-8") == (
        "clinic-1\ta@b.example\tpa55-Word!\nclinic-2\tc@d.example\tx\n"
    )
    assert [p.name for p in tmp_path.iterdir()] == ["passwords"]


@pytest.mark.parametrize("kind", ["file", "directory", "link", "dangling link"])
def test_nothing_that_is_there_is_written_to(tmp_path: Path, kind: str) -> None:
    path, target = tmp_path / "passwords", tmp_path / "target"
    match kind:
        case "file":
            path.write_text("keep", encoding="utf-8")
        case "directory":
            path.mkdir()
        case "link":
            target.write_text("keep", encoding="utf-8")
            path.symlink_to(target)
        case _:
            path.symlink_to(target)
    with pytest.raises(UsageError, match="is there already"):
        check_new(path)
    with pytest.raises(UsageError, match="is there already"):
        write_new(path, ISSUED)
    assert not target.exists() or target.read_text(encoding="utf-8") == "keep"
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]


def test_a_directory_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="can't write into"):
        check_new(tmp_path / "none" / "passwords")
