"""Documents as scripts: what a reader would type, typed; what a reader is told, compared.

In a document, a block marked `console` holds commands after `$ ` (a backslash at the end goes on
in the next line) and what they print. `...` stands for any lines, or for any text in a line.
A block of another language with `file=NAME` is written to that file; one of `python` is run.
`<!-- run: onboarded -->` says where a document begins, see `STARTS`.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock
from tests import forked

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 240
_MARK = "\x1e"
_FENCE = re.compile(r"^```(?P<info>[^\n`]+)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_START = re.compile(r"<!-- run: (\w+) -->")

VARYING = (
    (re.compile(r"\x1b\[[0-9;]*m"), ""),
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "UUID"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[\d.+:Z]*"), "TIME"),
    (re.compile(r"(us-east-1_)[0-9a-zA-Z]{9,}"), r"\1ID"),
    (re.compile(r"(?m)^(app client .* ok +)[0-9a-z]{26}"), r"\1ID"),
    (re.compile(r"((policy-engine|gateway|runtime|memory)/[\w-]+-)[a-zA-Z0-9]{10}\b"), r"\1ID"),
    (re.compile(r"(?m)^(target .* ok +)[0-9a-zA-Z]{10}"), r"\1ID"),
    (re.compile(r"\bagent/[0-9a-f]{16}\.zip"), "agent/DIGEST.zip"),
    (re.compile(r"(?m)^(\S+\s+\S+@\S+\s+)\S{20}\s*$"), r"\1PASSWORD"),
    (re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1:PORT"),
    (re.compile(r"\b\d+\.\d s\b"), "N s"),
    # How many probes there are is no promise of the documents.
    (re.compile(r"([✔✘?]) [\d/]+"), r"\1 N"),
    (re.compile(r"\d+ of \d+ findings\b"), "N of N findings"),
    (re.compile(r"\d+ (isolated|breach|inconclusive|more;|attacks)\b"), r"N \1"),
    (re.compile(r"[ \t]+"), " "),
    (re.compile(r"(?m) +$"), ""),
)
"""What differs from run to run, and what a writer aligns; taken out of both sides."""


def settled(text: str) -> str:
    """`text` without what varies."""
    for pattern, stands in VARYING:
        text = pattern.sub(stands, text)
    return text.strip("\n")


def matches(told: str, printed: str) -> bool:
    """Whether a command printed what the document tells."""
    wanted = ""
    for line in settled(told).split("\n"):
        if line.strip() == "...":
            wanted += r"(?:.*\n)*?"
        else:
            wanted += ".*?".join(re.escape(part) for part in line.split("...")) + r"\n"
    return re.fullmatch(wanted, settled(printed) + "\n") is not None


@dataclass(frozen=True)
class Step:
    """A command, or a file or script of the document; `told` is what it prints."""

    script: str
    told: str = ""
    code_follows: bool = False


@dataclass(frozen=True)
class Ran:
    """What became of a step."""

    step: Step
    printed: str
    code: int


@dataclass(frozen=True)
class Document:
    """A document with its blocks."""

    path: Path
    text: str

    @property
    def start(self) -> str:
        found = _START.search(self.text)
        return found[1] if found else "empty"

    def blocks(self) -> Iterator[tuple[str, str]]:
        for found in _FENCE.finditer(self.text):
            yield found["info"], found["body"]

    def steps(self) -> Iterator[Step]:
        for info, body in self.blocks():
            language, _, rest = info.partition(" ")
            if language == "console":
                yield from _commands(body)
            elif rest.startswith("file="):
                yield _fed(f"cat > {shlex.quote(rest.removeprefix('file='))}", body)
            elif language == "python":
                yield _fed("python -", body)


def _fed(command: str, text: str) -> Step:
    """A step that reads `text`; it prints nothing."""
    return Step(f"{command} <<'END_OF_FILE'\n{text}END_OF_FILE", told="")


def _commands(body: str) -> Iterator[Step]:
    """The commands of a console block with what is told of each."""
    found = re.split(r"(?m)^\$ ", body)
    assert not found[0].strip(), f"a console block begins with `$ `: {found[0]!r}"
    split = [re.match(r"((?:.*\\\n)*.*\n?)([\s\S]*)", part) for part in found[1:]]
    pairs = [(m[1].rstrip("\n"), m[2]) for m in split if m is not None]
    for number, (command, told) in enumerate(pairs):
        after = pairs[number + 1][0] if number + 1 < len(pairs) else ""
        yield Step(command, told, code_follows=after == "echo $?")


@dataclass(frozen=True)
class Place:
    """A directory to run in, with a state of its own."""

    directory: Path
    state: Path

    def environment(self) -> dict[str, str]:
        # Without its byte code on disk the program is compiled again by every command.
        dropped = ("AWS_", "TENANTCTL_", "PYTHONDONTWRITEBYTECODE")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(dropped)}
        return {
            **kept,
            "PATH": os.pathsep.join(
                map(str, (forked.commands(), Path(sys.executable).parent, os.environ["PATH"]))
            ),
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "XDG_STATE_HOME": str(self.state / "state"),
            "XDG_CACHE_HOME": str(self.state / "cache"),
            "PYTHONUTF8": "1",
            "NO_COLOR": "1",
            "COLUMNS": "100",
        }

    def execute(self, commands: Sequence[str]) -> list[Ran]:
        """Commands without a document."""
        return self.run([Step(command) for command in commands])

    def run(self, steps: list[Step]) -> list[Ran]:
        """All steps in one shell, as a reader would."""
        lines = [
            f"printf '{_MARK}'\n(exit $last)\n{step.script}\nlast=$?; printf '{_MARK}%s' $last"
            for step in steps
        ]
        done = subprocess.run(
            ["bash", "-c", "last=0\n" + "\n".join(lines)],
            cwd=self.directory,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=SECONDS,
            check=False,
        )
        pieces = done.stdout.split(_MARK)[1:]
        assert len(pieces) == 2 * len(steps), done.stdout
        printed, codes = pieces[::2], pieces[1::2]
        return [Ran(s, p, int(c)) for s, p, c in zip(steps, printed, codes, strict=True)]


DOCUMENTS = tuple(
    Document(path, path.read_text(encoding="utf-8"))
    for path in (
        ROOT / "README.md",
        ROOT / "ARCHITECTURE.md",
        *sorted((ROOT / "docs").glob("*.md")),
    )
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each document is a test of its own."""
    if "document" in metafunc.fixturenames:
        names = [document.path.relative_to(ROOT).as_posix() for document in DOCUMENTS]
        metafunc.parametrize("document", DOCUMENTS, ids=names)


_ONBOARD = (
    "tenantctl onboard batch examples/clinics.yaml --items examples/items.jsonl "
    "--documents examples/documents --password-file passwords.tsv"
)
STARTS: Mapping[str, tuple[str, ...]] = {
    "empty": (),
    "pool": ("tenantctl init", "tenantctl pool apply"),
    "onboarded": ("tenantctl init", "tenantctl pool apply", _ONBOARD),
}
"""Where a document can begin: what was run before."""


def make(base: Path, start: str) -> Place:
    """A new place in `base`, with what `start` says already done."""
    made = Place(base / "work", base)
    made.directory.mkdir(parents=True)
    (made.directory / "examples").symlink_to(ROOT / "examples")
    for ran in made.execute(STARTS[start]):
        assert ran.code == 0, ran.printed
    return made


@pytest.fixture
def begin(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> Callable[[str], Place]:
    """Makes the place where a document begins; what takes long is made once for all workers."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own

    def at(start: str) -> Place:
        kept = shared / f"docs-{start}"
        with FileLock(f"{kept}.lock"):
            if not (kept / "done").exists():
                shutil.rmtree(kept, ignore_errors=True)
                make(kept, start)
                (kept / "done").touch()
        mine = tmp_path / "reader"
        shutil.copytree(kept, mine, symlinks=True)
        return Place(mine / "work", mine)

    return at


@pytest.fixture
def root() -> Path:
    return ROOT


@pytest.fixture
def agrees() -> Callable[[str, str], bool]:
    """Whether a command printed what a document tells."""
    return matches
