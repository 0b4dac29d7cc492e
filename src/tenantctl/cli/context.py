"""What every command is given: the global options, and from them the pool and the cloud."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from tenantctl.domain.target import Target

if TYPE_CHECKING:  # imported where used: `--help` needs none of them
    from tenantctl.aws.session import Aws
    from tenantctl.domain.names import Names
    from tenantctl.domain.pool import Pool


@dataclass(frozen=True, slots=True)
class Context:
    """The global options of one invocation."""

    config: Path
    target: Target | None = None
    profile: str | None = None
    region: str | None = None
    quiet: bool = False

    def pool(self) -> Pool:
        """The configuration, with the command line's overrides; raises `UsageError`."""
        from tenantctl.aws.regions import check_region
        from tenantctl.domain.config import load

        pool = load(self.config, target=self.target)
        return replace(pool, region=check_region(self.region or pool.region))

    @contextmanager
    def cloud(self) -> Iterator[tuple[Names, Aws]]:
        """The pool's names and a way to call its cloud, for the length of a `with` block.

        On the local target the embedded cloud's state is held (locked) meanwhile and written
        at the end, whatever happens; on AWS nothing needs closing.
        """
        from tenantctl.domain.names import Names

        pool = self.pool()
        if pool.target is Target.LOCAL:
            from tenantctl.cli import console
            from tenantctl.local.connect import embedded

            notify = _nobody if self.quiet else console.note
            with embedded(region=pool.region, account=pool.account, notify=notify) as aws:
                yield Names(pool, aws.account), aws
        else:
            from tenantctl.aws.connect import connect

            aws = connect(region=pool.region, profile=self.profile, account=pool.account)
            yield Names(pool, aws.account), aws


def of(ctx: typer.Context) -> Context:
    """The `Context` that the root callback made."""
    found = ctx.find_object(Context)
    if found is None:  # pragma: no cover - the root callback always runs first
        raise RuntimeError("the root callback has not run")
    return found


def _nobody(_text: str) -> None:
    pass
