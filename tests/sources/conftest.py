"""Templates and plans as files, with texts in them changed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tenantctl.domain.config import load
from tenantctl.domain.finding import Report
from tenantctl.domain.pool import Pool
from tenantctl.sources import cloudformation, terraform
from tenantctl.sources.gathered import prove_gathered

CASES = Path(__file__).resolve().parents[1] / "cases" / "sources"


@dataclass(frozen=True)
class Case:
    """One line of cases.yaml."""

    case: str
    file: str
    change: list[tuple[str, str]] = field(default_factory=list)
    isolated: int | None = None
    breach: list[str] = field(default_factory=list)
    inconclusive: list[str] = field(default_factory=list)
    error: list[str] = field(default_factory=list)
    assumes: str = ""

    def written(self, directory: Path) -> Path:
        """The file with its changes, each of a text that is there once."""
        path = directory / self.file
        text = (CASES / self.file).read_text(encoding="utf-8")
        for old, new in self.change:
            sought = re.escape(old)
            if path.suffix == ".json":  # where lines begin means nothing
                sought = r"\n\s*".join(re.escape(line.strip(" ")) for line in old.split("\n"))
            found = list(re.finditer(sought, text))
            assert len(found) == 1, (len(found), old)
            text = text[: found[0].start()] + new + text[found[0].end() :]
        path.write_text(text, encoding="utf-8")
        return path


def cases() -> list[Case]:
    found: list[dict[str, Any]] = yaml.safe_load((CASES / "cases.yaml").read_text(encoding="utf-8"))
    return [Case(**one) for one in found]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        found = cases()
        names = [f"{c.file.partition('.')[0]}: {c.case}" for c in found]
        metafunc.parametrize("case", found, ids=names)


@pytest.fixture(scope="session")
def pool() -> Pool:
    return load(CASES / "tenantctl.yaml")


def report(path: Path, pool: Pool) -> Report:
    """The proof of a template or a plan."""
    source = terraform if path.name == "plan.json" else cloudformation
    return prove_gathered(source.load(path, pool))
