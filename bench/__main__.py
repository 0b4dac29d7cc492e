"""Run every benchmark (or those named): `python -m bench [startup] [iam] …`."""

from __future__ import annotations

import importlib
import sys

NAMES = ("startup", "iam", "proof", "policy", "cloud", "probes", "gateway", "sessions")


def main(names: list[str]) -> int:
    """Print one line a figure; returns 1 when a bound is missed."""
    missed = 0
    head = "", "ours", "baseline", "ratio", "bound"
    print(f"{head[0]:34} {head[1]:>14} {head[2]:>14} {head[3]:>6}  {head[4]:8}")
    for name in names or NAMES:
        for result in importlib.import_module(f"bench.{name}").run():
            print(result.line(), flush=True)
            missed += not result.kept
    return 1 if missed else 0


sys.exit(main(sys.argv[1:]))
