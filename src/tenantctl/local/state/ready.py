"""Tell others that the embedded cloud is being served, and where: a file that is there while it is.

It holds `{"endpoint": url, "gateways": {tier: url}, "pid": n}`; gateways that are made or removed
meanwhile appear and go.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tenantctl.errors import UsageError
from tenantctl.local.gateway.address import url_of
from tenantctl.local.gateway.view import CONTROL, pages

if TYPE_CHECKING:
    from tenantctl.local.cloud import Cloud


@dataclass(slots=True)
class ReadyFile:
    """The file of a cloud that is served; `gateways` are the gateways' names by tier."""

    path: Path
    cloud: Cloud = field(repr=False)
    gateways: Mapping[str, str]
    _seen: int = -1

    def refresh(self) -> None:
        """Write it anew if gateways may have changed; called with the cloud's lock held.

        It is replaced as a whole, so whoever waits for it never reads half of it. Raises
        `UsageError` where it can't be written.
        """
        writes = self.cloud.writes[CONTROL]
        if writes == self._seen or self.cloud.served_at is None:
            return
        endpoint = self.cloud.served_at
        ids = {found["name"]: found["gatewayId"] for found in pages(self.cloud, "ListGateways", {})}
        told = {
            "endpoint": endpoint,
            "gateways": {
                tier: url_of(endpoint, ids[name])
                for tier, name in self.gateways.items()
                if name in ids
            },
            "pid": os.getpid(),
        }
        beside = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        try:
            beside.write_text(json.dumps(told) + "\n", encoding="utf-8")
            beside.replace(self.path)
        except OSError as error:
            raise _unwritable(self.path, error) from error
        self._seen = writes


def forget(path: Path | None) -> None:
    """Remove what a server that was killed has left: nobody shall find that one's address.

    Raises `UsageError` where it can't be.
    """
    try:
        if path is not None:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise _unwritable(path, error) from error


@contextlib.contextmanager
def told(
    path: Path | None, cloud: Cloud, gateways: Mapping[str, str]
) -> Iterator[ReadyFile | None]:
    """The file for the length of a `with` block; none without a path."""
    if path is None:
        yield None
        return
    file = ReadyFile(path, cloud, gateways)
    with cloud.lock:
        file.refresh()
    try:
        yield file
    finally:
        path.unlink(missing_ok=True)


def _unwritable(path: Path | None, error: OSError) -> UsageError:
    why = (error.strerror or "it can't be written").lower()
    return UsageError(f"`{path}` can't be written: {why}", hint="name another with --ready-file")
