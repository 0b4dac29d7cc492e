"""`tenantctl iam`: exit codes, streams, and the two ways in which simulate starts."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tenantctl.cli.lines import LONGEST, split

if TYPE_CHECKING:
    from tests.program import Program

ACCOUNT = "123456789012"
CASE = {
    "id": "a",
    "principal": f"arn:aws:sts::{ACCOUNT}:assumed-role/tvm/s",
    "action": "s3:GetObject",
    "resource": "arn:aws:s3:::docs/k",
    "context": {},
    "identity": [{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}],
}
DENIED = {**CASE, "id": "d", "action": "sqs:SendMessage"}
TRUST = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/clinic-agent-agent"},
        "Action": ["sts:AssumeRole", "sts:TagSession"],
    },
}


def written(path: Path, *cases: object) -> str:
    file = path / "cases.jsonl"
    lines = (case if isinstance(case, str) else json.dumps(case) for case in cases)
    file.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return str(file)


def answers(stdout: str) -> list[Any]:
    return [json.loads(line) for line in stdout.splitlines()]


def test_every_case_is_answered_in_order(tenantctl: Program, tmp_path: Path) -> None:
    run = tenantctl("iam", "simulate", written(tmp_path, CASE, DENIED, {**CASE, "id": 3}))
    assert (run.returncode, run.stderr) == (0, "")
    assert [(a["id"], a["decision"]) for a in answers(run.stdout)] == [
        ("a", "allowed"),
        ("d", "implicit_deny"),
        (3, "allowed"),
    ]


def test_a_malformed_case_costs_no_other_its_answer(tenantctl: Program, tmp_path: Path) -> None:
    cases = written(tmp_path, CASE, "", '{"id": "x"}', DENIED)
    run = tenantctl("iam", "simulate", cases)
    assert (run.returncode, run.stderr) == (1, "")
    assert [a["id"] for a in answers(run.stdout)] == ["a", None, "x", "d"]
    assert ["error" in a for a in answers(run.stdout)] == [False, True, True, False]


def test_no_case_at_all(tenantctl: Program, tmp_path: Path) -> None:
    run = tenantctl("iam", "simulate", written(tmp_path))
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


def test_both_ways_to_start_it_do_the_same(tenantctl: Program, tmp_path: Path) -> None:
    cases = written(tmp_path, CASE, "x", DENIED)
    quick, whole = (
        tenantctl("iam", "simulate", cases),
        tenantctl("--quiet", "iam", "simulate", cases),
    )
    assert (quick.returncode, quick.stdout, quick.stderr) == (
        whole.returncode,
        whole.stdout,
        whole.stderr,
    )
    assert quick.returncode == 1


def test_it_starts_without_what_it_doesnt_need(tenantctl: Program, tmp_path: Path) -> None:
    command = tenantctl.command("iam", "simulate", written(tmp_path, CASE))
    command[1:1] = ["-X", "importtime"]
    run = subprocess.run(
        command, env=tenantctl.environment, capture_output=True, text=True, check=True
    )
    loaded = {line.rpartition("|")[2].strip() for line in run.stderr.splitlines()}
    assert "tenantctl.iam.simulate" in loaded
    assert loaded & {"typer", "rich", "pydantic", "boto3", "botocore", "yaml", "jinja2"} == set()


def test_cases_are_answered_as_they_come(tenantctl: Program) -> None:
    with subprocess.Popen(
        tenantctl.command("iam", "simulate", "-"),
        env=tenantctl.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as run:
        assert run.stdin is not None
        assert run.stdout is not None
        for case in (CASE, DENIED):
            run.stdin.write(json.dumps(case).encode() + b"\n")
            run.stdin.flush()
            assert json.loads(run.stdout.readline())["id"] == case["id"]
        run.stdin.write(json.dumps({**CASE, "id": "last"}).encode())  # without an end of line
        run.stdin.close()
        assert json.loads(run.stdout.read())["id"] == "last"
        assert run.wait() == 0


def test_a_reader_that_goes_away_ends_it(tenantctl: Program, tmp_path: Path) -> None:
    cases = written(tmp_path, *[CASE] * 20_000)
    with subprocess.Popen(
        tenantctl.command("iam", "simulate", cases),
        env=tenantctl.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as run:
        assert run.stdout is not None
        assert run.stderr is not None
        run.stdout.readline()
        run.stdout.close()
        assert run.stderr.read() == b""
        assert run.wait() == 1


@pytest.mark.parametrize("name", ["nowhere.jsonl", "."])
def test_a_file_that_cant_be_read(tenantctl: Program, name: str) -> None:
    run = tenantctl("iam", "simulate", name)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith(f"error: can't read `{name}`")
    assert "hint:" in run.stderr
    assert "Traceback" not in run.stderr


class Chunks:
    """A stream that yields these chunks."""

    def __init__(self, *chunks: bytes) -> None:
        self.left = [*chunks, b""]

    def read1(self, _size: int, /) -> bytes:
        return self.left.pop(0)


def test_lines_are_put_together_from_pieces() -> None:
    stream = Chunks(b"a", b"b\n\nc\nd", b"e", b"\n", b"f")
    assert list(split(stream)) == [[b"ab", b"", b"c"], [b"de"], [b"f"]]
    assert list(split(Chunks(b"a\n"))) == [[b"a"]]


def test_an_endless_line_is_cut() -> None:
    chunk = b"x" * (LONGEST // 2)
    [[line], [rest]] = split(Chunks(*[chunk] * 10, b"\n", b"next"))
    assert len(line) == LONGEST
    assert rest == b"next"


# -- explain ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tenantctl.domain.files import copy_starter

    directory = tmp_path_factory.mktemp("pool")
    copy_starter(directory, force=False)
    return directory


def explained(program: Program, pool: Path, *args: str) -> subprocess.CompletedProcess[str]:
    config = str(pool / "tenantctl.yaml")
    session = ("--tenant", "clinic-1", "--tier", "basic")
    return program("--config", config, "iam", "explain", *session, *args)


GET = ("--action", "s3:GetObject", "--resource")
OWN = "arn:aws:s3:::clinic-documents/basic-tier/clinic-1/a.txt"
OTHERS = "arn:aws:s3:::clinic-documents/basic-tier/clinic-10/a.txt"


def test_what_is_allowed_exits_with_0(tenantctl: Program, pool: Path) -> None:
    run = explained(tenantctl, pool, *GET, OWN)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.startswith(f"allowed: s3:GetObject on {OWN}\n")


def test_what_is_denied_exits_with_12_and_says_what_failed(tenantctl: Program, pool: Path) -> None:
    run = explained(tenantctl, pool, *GET, OTHERS)
    assert (run.returncode, run.stderr) == (12, "")
    own = "arn:aws:s3:::clinic-documents/basic-tier/clinic-1/*"
    assert f"no: the resource isn't `{own}`" in run.stdout
    assert "no identity policy allows it" in run.stdout


def test_as_json(tenantctl: Program, pool: Path) -> None:
    table = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/patient-records"
    run = explained(
        tenantctl,
        pool,
        *("--action", "dynamodb:BatchGetItem", "--resource", table, "-o", "json"),
        *("--context", "dynamodb:LeadingKeys=clinic-1"),
        *("--context", "dynamodb:LeadingKeys=clinic-2"),
    )
    found = json.loads(run.stdout)
    assert run.returncode == 12
    assert found["decision"] == "implicit_deny"
    [keys, null] = found["statements"][0]["conditions"]
    assert (keys["held"], keys["compared"], keys["request"]) == (
        False,
        ["clinic-1"],
        ["clinic-1", "clinic-2"],
    )
    assert null["held"]


def test_documents_of_a_directory(tenantctl: Program, pool: Path, tmp_path: Path) -> None:
    (tmp_path / "identity").mkdir()
    (tmp_path / "trust.json").write_text(json.dumps(TRUST), "utf-8")
    leaky = {
        "Sid": "Leaky",
        "Effect": "Allow",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::clinic-documents/${aws:PrincipalTag/Tier}-tier"
        "/${aws:PrincipalTag/ClinicId}*",
    }
    document = {"Version": "2012-10-17", "Statement": leaky}
    (tmp_path / "identity" / "data.json").write_text(json.dumps(document), "utf-8")
    run = explained(tenantctl, pool, *GET, OTHERS, "--documents", str(tmp_path), "-o", "json")
    assert run.returncode == 0
    assert json.loads(run.stdout)["decided_by"] == [
        {"document": "identity/data.json", "statement": "Leaky"}
    ]


WRONG = {
    "no ARN": ((*GET, "docs/a"), "`docs/a` is no ARN"),
    "no action": (("--action", "GetObject", "--resource", OWN), "`GetObject` is no action"),
    "several actions": (("--action", "s3:Get*", "--resource", OWN), "`s3:Get*` is no action"),
    "no such tier": ((*GET, OWN, "--tier", "gold"), "no tier `gold`"),
    "no such tenant id": ((*GET, OWN, "--tenant", "Clinic/1"), "`Clinic/1`"),
    "no such user id": ((*GET, OWN, "--user", "*"), "`*`"),
    "no pair": ((*GET, OWN, "--context", "s3:prefix"), "`s3:prefix`"),
    "no key": ((*GET, OWN, "--context", "=x"), "`=x`"),
}


@pytest.mark.parametrize(("args", "says"), list(WRONG.values()), ids=list(WRONG))
def test_wrong_usage_is_told(
    tenantctl: Program, pool: Path, args: tuple[str, ...], says: str
) -> None:
    run = explained(tenantctl, pool, *args)
    assert (run.returncode, run.stdout) == (2, "")
    assert says in run.stderr
    assert "hint:" in run.stderr


def test_documents_that_cant_be_read(tenantctl: Program, pool: Path, tmp_path: Path) -> None:
    run = explained(tenantctl, pool, *GET, OWN, "--documents", str(tmp_path))
    assert (run.returncode, run.stdout) == (2, "")
    assert "trust.json" in run.stderr
