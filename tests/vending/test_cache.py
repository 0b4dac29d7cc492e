from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tenantctl.aws.chain import TenantSession
from tenantctl.aws.session import Credentials
from tenantctl.errors import TenantctlError
from tenantctl.vending.cache import cache_key, cached


class Sts:
    """Counts how often it is asked."""

    def __init__(self, lives: timedelta = timedelta(hours=1)) -> None:
        self.asked = 0
        self.lives = lives

    def vend(self) -> TenantSession:
        self.asked += 1
        return TenantSession(
            Credentials(f"ASIA{self.asked}", "secret", "token"),
            "arn:aws:sts::1:assumed-role/r/s",
            datetime.now(UTC) + self.lives,
            (("Tier", "basic"),),
        )


def test_a_fresh_session_is_served_again(tmp_path: Path) -> None:
    sts = Sts()
    first = cached(tmp_path, "k", sts.vend)
    assert cached(tmp_path, "k", sts.vend) == first
    assert sts.asked == 1


def test_a_session_with_little_life_left_is_fetched_anew(tmp_path: Path) -> None:
    sts = Sts(timedelta(minutes=14))
    cached(tmp_path, "k", sts.vend)
    cached(tmp_path, "k", sts.vend)
    assert sts.asked == 2


def _garble(path: Path) -> None:
    path.write_text('{"keys": 1')


def _expose(path: Path) -> None:
    path.chmod(0o644)


def _link(path: Path) -> None:
    elsewhere = path.with_name("elsewhere")
    path.rename(elsewhere)
    path.symlink_to(elsewhere)


@pytest.mark.parametrize("spoil", [_garble, _expose, _link, Path.unlink])
def test_what_this_cache_did_not_write_is_not_served(
    tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    sts = Sts()
    cached(tmp_path, "k", sts.vend)
    spoil(tmp_path / "k.json")
    assert cached(tmp_path, "k", sts.vend).credentials.access_key_id == "ASIA2"
    assert (tmp_path / "k.json").lstat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("put", [Path.touch, lambda path: path.symlink_to("nowhere/at/all")])
def test_a_directory_that_cannot_be_made_is_told_with_a_way_out(
    tmp_path: Path, put: Callable[[Path], None]
) -> None:
    put(tmp_path / "cache")
    with pytest.raises(TenantctlError, match="can't be kept") as caught:
        cached(tmp_path / "cache" / "creds", "k", Sts().vend)
    assert "--no-cache" in str(caught.value.hint)


def test_a_failed_vend_keeps_nothing(tmp_path: Path) -> None:
    def refuse() -> TenantSession:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        cached(tmp_path, "k", refuse)
    assert not (tmp_path / "k.json").exists()


def test_keys_tell_their_parts_apart() -> None:
    assert cache_key("ab", "c") != cache_key("a", "bc")
