"""The documents keep their word: commands are run, links lead somewhere, lists are complete."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

import pytest
import yaml
from typer.main import get_command

from tenantctl.cli.app import app
from tenantctl.domain.config import json_schema
from tenantctl.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.docs.conftest import Document, Place, Ran

_LINK = re.compile(r"\[[^\]]*\]\((?!https?://)([^)#\s]+)(#[^)\s]*)?\)")


@pytest.mark.slow
def test_what_a_document_shows_happens(
    document: Document, begin: Callable[[str], Place], agrees: Callable[[str, str], bool]
) -> None:
    steps = list(document.steps())
    if not steps:
        return
    wrong = [said for ran in begin(document.start).run(steps) if (said := _wrong(ran, agrees))]
    assert not wrong, "\n\n".join(wrong)


def _wrong(ran: Ran, agrees: Callable[[str, str], bool]) -> str | None:
    if ran.code and not ran.step.code_follows:
        return (
            f"$ {ran.step.script}\nexited with {ran.code}, and no `echo $?` says so:\n{ran.printed}"
        )
    if agrees(ran.step.told, ran.printed):
        return None
    lines = difflib.unified_diff(
        ran.step.told.splitlines(), ran.printed.splitlines(), "told", "printed", lineterm=""
    )
    return f"$ {ran.step.script}\n" + "\n".join(lines)


def test_links_lead_to_files(document: Document) -> None:
    for found in _LINK.finditer(document.text):
        assert (document.path.parent / found[1]).exists(), found[0]


def test_every_guide_is_found_from_the_readme(root: Path) -> None:
    readme = (root / "README.md").read_text(encoding="utf-8")
    for guide in (root / "docs").glob("*.md"):
        assert f"](docs/{guide.name})" in readme, guide.name


def test_every_exit_code_is_documented(root: Path) -> None:
    text = (root / "docs" / "exit-codes.md").read_text(encoding="utf-8")
    listed = {(int(code), name) for code, name in re.findall(r"(?m)^\| (\d+) \| (\w+) \|", text)}
    assert listed == {(code.value, code.name) for code in ExitCode}


def test_every_key_of_the_configuration_is_documented(root: Path) -> None:
    text = (root / "docs" / "configuration.md").read_text(encoding="utf-8")
    schema = json_schema()["$defs"]
    assert isinstance(schema, dict)
    keys = {key for shape in schema.values() for key in shape.get("properties", ())}
    assert not {key for key in keys if not re.search(rf"\b{key}\b", text)}


def test_every_command_is_documented(root: Path) -> None:
    guides = [root / "README.md", root / "CHANGELOG.md", *(root / "docs").glob("*.md")]
    text = " ".join(" ".join(g.read_text(encoding="utf-8") for g in guides).split())
    missing = [path for path in _commands(get_command(app)) if f"tenantctl {path}" not in text]
    assert missing == ["demo"]  # the README starts it by `make demo`


def _commands(command: object, path: str = "") -> Iterator[str]:
    for name, below in getattr(command, "commands", {}).items():
        yield from (
            _commands(below, f"{path}{name} ") if hasattr(below, "commands") else (path + name,)
        )


def test_every_package_has_its_place_in_the_architecture(root: Path) -> None:
    text = (root / "ARCHITECTURE.md").read_text(encoding="utf-8")
    packages = [p.parent.name for p in (root / "src" / "tenantctl").glob("*/__init__.py")]
    assert not [name for name in packages if f"`{name}`" not in text]


def test_every_module_that_the_architecture_names_is_there(root: Path) -> None:
    text = (root / "ARCHITECTURE.md").read_text(encoding="utf-8")
    named = re.findall(r"`(\w[\w/]*/(?:\w+\.py)?)`", text)
    assert len(named) > len({"cli", "probes", "local"})
    assert not [
        n for n in named if not any((root / at / n).exists() for at in ("src/tenantctl", ""))
    ]


@pytest.mark.slow
def test_the_workflow_passes_on_a_new_pool(
    root: Path, begin: Callable[[str], Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_BASE_REF", "main")
    workflow = yaml.safe_load((root / "examples" / "ci-workflow.yml").read_text(encoding="utf-8"))
    (job,) = workflow["jobs"].values()
    commands = [step["run"] for step in job["steps"] if "tenantctl " in step.get("run", "")]
    (vendored,) = [step["run"] for step in job["steps"] if "pip install" in step.get("run", "")]
    place = begin("empty")

    commit = "git add -A && git -c user.name=a -c user.email=a@b.example commit -qm first"
    repository = f'git init -qb main && {commit} && git remote add origin "$PWD"'

    done = place.execute(["tenantctl init", repository, *commands])

    assert "[local]" in vendored
    assert [ran.code for ran in done] == [0] * len(done), done
    assert {p.suffix for p in place.directory.glob("isolation.*")} == {".json", ".xml", ".md"}
    assert 'failures="0"' in (place.directory / "policies.xml").read_text()


@pytest.mark.parametrize(
    ("told", "printed", "agree"),
    [
        ("a", "a\n", True),
        ("a", "b\n", False),
        ("a", "a\nb\n", False),
        ("a\n...", "a\nb\nc\n", True),
        ("...\nc", "a\nb\nc\n", True),
        ("a\n...\nc", "a\nc\n", True),
        ("a\n...\nc", "a\nb\n", False),
        ("a ... c", "a b c\n", True),
        ("a ... c", "a\nc\n", False),
        ("a   b", "a b   \n", True),
        ("", "", True),
        ("", "a\n", False),
        ("✔ 12", "✔ 30\n", True),
        ("✔ 12", "✘ 4/30\n", False),
    ],
)
def test_told_and_printed_are_compared(
    told: str, printed: str, agree: bool, agrees: Callable[[str, str], bool]
) -> None:
    assert agrees(told, printed) is agree
