"""`tenantctl policy diff`: what the reviewed folder is compared with. docs/policy-diff.md shows the
command against the engine, with tenants.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from tests.policy.conftest import Bench, make_names
from tests.program import Program

from tenantctl.cedar.diff.compare import Comparison
from tenantctl.cedar.diff.differences import line
from tenantctl.cedar.rendering.folder import write
from tenantctl.cedar.rendering.render import render
from tenantctl.errors import NotFoundError, PolicyInvalidError, UsageError
from tenantctl.policy.against import Against, Side, read
from tenantctl.policy.difference import difference, since, since_version
from tenantctl.policy.push import reviewed
from tenantctl.policy.revision import texts
from tenantctl.policy.wanted import source

EVENING = ["basic · patient_context · hours 18-20 · newly allowed"]


def git(directory: Path, *arguments: str) -> None:
    me = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "core.hooksPath=/dev/null")
    subprocess.run(["git", *me, *arguments], cwd=directory, check=True, capture_output=True)


def until_twenty(folder: Path) -> None:
    file = folder / "basic" / "patient_context.cedar"
    file.write_text(file.read_text().replace("< 18", "< 20"))


def lines(found: Comparison) -> list[str]:
    return [line(one) for one in found.differences]


@pytest.mark.parametrize(
    ("text", "side"),
    [
        ("deployed", Against(Side.DEPLOYED)),
        ("rendered", Against(Side.RENDERED)),
        ("3", Against(Side.VERSION, version=3)),
        ("v12", Against(Side.VERSION, version=12)),
        ("0", Against(Side.VERSION)),
        ("1234567", Against(Side.REVISION, revision="1234567")),
        ("v1.2", Against(Side.REVISION, revision="v1.2")),
        ("٣", Against(Side.REVISION, revision="٣")),
        ("", Against(Side.REVISION)),
    ],
)
def test_what_the_other_side_is(text: str, side: Against) -> None:
    assert read(text) == side


def test_against_the_engine_and_a_pushed_version(bench: Bench) -> None:
    def to_push() -> Comparison:
        policies = source(bench.names, bench.directory)
        return difference(bench.aws, reviewed(bench.aws, bench.names, policies))

    def since_first() -> Comparison:
        policies = source(bench.names, bench.directory)
        return since_version(bench.aws, bench.names, policies, 1)

    assert {one.allowed for one in to_push().differences} == {True}
    with pytest.raises(NotFoundError, match="no version 1"):
        since_first()
    bench.push()
    assert to_push().same
    assert since_first().same
    until_twenty(bench.directory)
    assert lines(to_push()) == lines(since_first()) == EVENING
    bench.push()
    assert to_push().same
    assert lines(since_first()) == EVENING


def test_a_policy_of_somebody_else_counts_and_stays(bench: Bench) -> None:
    bench.push()
    gateway = bench.names.gateway_arn("basic")
    made = bench.client.create_policy(
        policyEngineId=bench.engine,
        name="someone_elses",
        validationMode="IGNORE_ALL_FINDINGS",
        definition={
            "cedar": {
                "statement": "forbid (principal is AgentCore::OAuthUser, "
                'action == AgentCore::Action::"patient-context___patient_context", '
                f'resource == AgentCore::Gateway::"{gateway}");'
            }
        },
    )
    bench.client.get_policy(policyEngineId=bench.engine, policyId=made["policyId"])
    until_twenty(bench.directory)
    policies = source(bench.names, bench.directory)
    assert difference(bench.aws, reviewed(bench.aws, bench.names, policies)).same


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder of policies in a checkout: nothing, the policies (v1), the same until 20:00."""
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "nothing")
    git(tmp_path, "tag", "empty")
    project = tmp_path / "agents" / "clinic agent"
    write(project / "policies", render(make_names()))
    git(project, "add", "policies")
    git(project, "commit", "-q", "-m", "policies")
    git(project, "tag", "v1")
    until_twenty(project / "policies")
    return project / "policies"


def test_against_a_git_revision_of_a_project_inside_a_checkout(project: Path) -> None:
    names = make_names()
    policies = source(names, project)
    for revision in ("main", "HEAD", "refs/tags/v1", "main~0"):
        assert lines(since(names, policies, texts(project, revision))) == EVENING
    assert texts(project, "empty") == {}
    git(project, "commit", "-qam", "until twenty")
    assert since(names, policies, texts(project, "main")).same
    assert lines(since(names, policies, texts(project, "HEAD^"))) == EVENING


@pytest.mark.parametrize(
    ("path", "content", "why"),
    [
        ("basic/odd.cedar", b"permit (principal, action);", "not a Cedar policy"),
        ("odd.cedar", b"", "not at TIER/NAME.cedar"),
        ("basic/9.cedar", b"", "not at TIER/NAME.cedar"),
        ("basic/odd.cedar", b"\xff", "not UTF-8"),
        ("basic/odd.cedar", b"/" * 100_001, "more than 100000 bytes"),
    ],
)
def test_what_git_has_may_be_broken(project: Path, path: str, content: bytes, why: str) -> None:
    (project / path).write_bytes(content)
    git(project, "add", ".")
    git(project, "commit", "-q", "-m", "odd")
    with pytest.raises(PolicyInvalidError, match=why) as raised:
        texts(project, "HEAD")
    assert f"HEAD:policies/{path}" in str(raised.value)


def test_what_is_no_policy_of_a_checkout_is_left_out(project: Path) -> None:
    before = texts(project, "HEAD")
    (project / ".hidden").mkdir()
    (project / ".hidden" / "x.cedar").write_text("nothing")
    (project / "README.md").write_text("nothing")
    (project / "basic" / "link.cedar").symlink_to("patient_context.cedar")
    git(project, "add", ".")
    git(project, "commit", "-q", "-m", "more")
    assert texts(project, "HEAD").keys() == before.keys()


@pytest.mark.parametrize(
    "revision",
    [
        "--output=pwned",
        "-h",
        "no-such-branch",
        "main; touch pwned",
        "$(touch pwned)",
        "HEAD:agents",
        "HEAD --output=pwned",
        "..",
        "",
        "\n",
        "@{upstream}",
        "x\0y",
        "\udcff",
    ],
)
def test_a_revision_is_nothing_but_a_revision(project: Path, revision: str) -> None:
    before = sorted(project.rglob("*"))
    with pytest.raises((NotFoundError, UsageError), match="git"):
        texts(project, revision)
    assert sorted(project.rglob("*")) == before


def test_a_revision_means_nothing_outside_of_a_checkout(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="in no git checkout"):
        texts(tmp_path / "policies", "main")


def test_what_is_not_exact_is_said_and_counts_as_a_difference(tmp_path: Path) -> None:
    tenantctl = Program(tmp_path)
    tenantctl.ok("init")
    rendered = tmp_path / "policies" / "basic" / "get_patient_records.cedar"
    head, when, rest = rendered.read_text().partition("when {")
    same = "context.input has patient_id && context.input.patient_id == principal.id &&"
    own = (head + when + same + rest).replace(
        '@id("basic.get_patient_records")', '@id("basic.own")'
    )
    (rendered.parent / "own.cedar").write_text(own)
    run = tenantctl("policy", "diff", "--against", "rendered", "--exit-code")
    assert run.returncode == 14, run.stderr
    assert run.stdout == ""
    assert "not exact: `patient_id` compared with `sub` in basic.own" in run.stderr
