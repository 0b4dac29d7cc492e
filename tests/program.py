"""The program as its users run it: a process of its own, with a state of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests import forked

EXAMPLES = Path(__file__).parents[1] / "examples"


@dataclass(frozen=True)
class Program:
    """`tenantctl` in a directory, without AWS credentials or anything else of the caller's."""

    directory: Path
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "TENANTCTL_"))}
        return {
            **kept,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "XDG_STATE_HOME": str(self.directory / "state"),
            "XDG_CACHE_HOME": str(self.directory / "cache"),
            "COLUMNS": "100",
            **self.extra,
        }

    def __call__(
        self, *args: str, env: Mapping[str, str] | None = None, code: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run it to its end; `code` is run before it in the same process."""
        environment = {**self.environment, **(env or {})}
        if code is None and forked.can_run(args, environment):
            return forked.run(args, self.directory, environment, seconds=120)
        return subprocess.run(
            self.command(*args, code=code),
            cwd=self.directory,
            env=environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
            stdin=subprocess.DEVNULL,
            timeout=120,
            check=False,
        )

    def ok(self, *args: str) -> str:
        """Its stdout, after a success."""
        done = self(*args)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def command(self, *args: str, code: str | None = None) -> list[str]:
        """The command line; `code` may add commands to `app`."""
        if code is None:
            return [sys.executable, "-m", "tenantctl", *args]
        start = (
            "import sys, time, typer\nfrom tenantctl.cli.app import app\n"
            f"{code}\nfrom tenantctl.__main__ import main\nmain()"
        )
        return [sys.executable, "-c", start, *args]
