"""A figure beside its baseline, and how both are measured fairly."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Result:
    """Seconds (or calls a second, for `unit="/s"`) of ours and of the baseline."""

    name: str
    ours: float
    base: float
    unit: str
    baseline: str
    at_most: float | None = None
    at_least: float | None = None

    @property
    def ratio(self) -> float:
        """Ours to the baseline's."""
        return self.ours / self.base

    @property
    def kept(self) -> bool:
        """Whether the ratio is within its bound."""
        low = self.at_least is None or self.ratio >= self.at_least
        return low and (self.at_most is None or self.ratio <= self.at_most)

    def line(self) -> str:
        """One line of the table."""
        scale = 1000 if self.unit == "ms" else 1
        bound = f"<= {self.at_most}" if self.at_most is not None else f">= {self.at_least}"
        return (
            f"{self.name:34} {self.ours * scale:10.2f} {self.unit:3} "
            f"{self.base * scale:10.2f} {self.unit:3} {self.ratio:6.2f}  {bound:8} "
            f"{'kept' if self.kept else 'MISSED':7} against {self.baseline}"
        )


def interleaved(
    rounds: int, ours: Callable[[], float], base: Callable[[], float]
) -> tuple[float, float]:
    """Medians of both, measured in turns so that a busy moment of the machine meets both."""
    pairs = [(ours(), base()) for _ in range(rounds)]
    return statistics.median(p[0] for p in pairs), statistics.median(p[1] for p in pairs)
