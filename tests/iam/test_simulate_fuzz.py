"""Whatever a line holds, it gets an answer or an error soon, and its id back if it can be read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.iam.hostile import hostile_line

from tenantctl.iam.simulate import Simulation

COUNT = int(os.environ.get("TENANTCTL_FUZZ_CASES", "2500"))
SEED = int(os.environ.get("TENANTCTL_FUZZ_SEED", "7"))
DECISIONS = {"allowed", "implicit_deny", "explicit_deny"}


def readable_id(line: bytes) -> object:
    """The id as Python's decoder reads it; `None` where it is no id, or there twice."""
    ids: list[object] = []

    def last(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        ids[:] = [value for key, value in pairs if key == "id"]
        return dict(pairs)

    try:
        value = json.loads(line.decode("utf-8"), object_pairs_hook=last)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or len(ids) != 1:
        return None
    found = ids[0]
    if isinstance(found, str):
        halves = any(0xD800 <= ord(sign) < 0xE000 for sign in found)  # of pairs; no UTF-8 has them
        return None if halves else found
    fits = type(found) is int and -(1 << 63) <= found < 1 << 64
    return found if fits else None


def test_hostile_lines_are_answered() -> None:
    random = Random(SEED)  # noqa: S311 - the same cases in every run, and no secret
    simulation = Simulation()
    decided: dict[str, int] = dict.fromkeys([*DECISIONS, "error"], 0)
    for _ in range(COUNT):
        line = hostile_line(random)
        start = time.process_time()
        given = simulation.answer(line)
        seconds = time.process_time() - start
        assert seconds < 1, line[:2_000]
        found = json.loads(given)
        decided[found.get("decision", "error")] += 1
        assert set(found) in ({"id", "decision", "decided_by"}, {"id", "error"})
        name = readable_id(line)
        assert name is None or found["id"] == name, line[:2_000]
        if "error" in found:
            assert found["error"].isprintable()
            assert len(found["error"]) < 1_000
    assert min(decided.values()) > COUNT / 200, decided


def test_what_was_read_before_changes_no_answer() -> None:
    random = Random(SEED + 1)  # noqa: S311 - as above
    simulation = Simulation()
    for _ in range(COUNT // 4):
        line = hostile_line(random)
        assert simulation.answer(line) == Simulation().answer(line), line[:2_000]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("piped", [False, True])
def test_every_line_of_a_file_has_its_answer(tmp_path: Path, end: bytes, *, piped: bool) -> None:
    random = Random(SEED + 2)  # noqa: S311 - as above
    lines = [hostile_line(random).replace(b"\n", b" ") for _ in range(300)]
    lines[10] = b""
    lines[20] = b'{"id":"long","x":"' + b"a" * 10_000_000 + b'"}'
    file = tmp_path / "cases.jsonl"
    file.write_bytes(end.join([*lines, b'{"id": "last"}']))  # and no end after it
    with file.open("rb") as source:
        done = subprocess.run(
            [sys.executable, "-m", "tenantctl", "iam", "simulate", "-" if piped else str(file)],
            stdin=source if piped else subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    answers = [json.loads(line) for line in done.stdout.split(b"\n")[:-1]]
    assert (done.returncode, done.stderr) == (1, b"")
    assert answers[20]["id"] == "long"
    assert answers[-1]["id"] == "last"
    # An end of line makes another error of a line that breaks off; of an answer it makes none.
    alone = Simulation()
    expected = [json.loads(alone.answer(line)) for line in [*lines, b'{"id": "last"}']]
    assert [told(a) for a in answers] == [told(e) for e in expected]


def told(answer: dict[str, Any]) -> tuple[object, object, object]:
    return answer["id"], answer.get("decision"), answer.get("decided_by")
