"""The zips: the same bytes from the same files, complete, and run by themselves."""

from __future__ import annotations

import ast
import base64
import hashlib
import json
import os
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from tests.lambdas.conftest import event, forwarded, identity_headers, refused, token, tool_call

from tenantctl.domain.config import load
from tenantctl.domain.files import copy_starter, root, templates
from tenantctl.domain.names import Names
from tenantctl.domain.pool import Claim, Data, KnowledgeBase
from tenantctl.domain.tools import TOOLS
from tenantctl.errors import NotFoundError, UsageError
from tenantctl.pool.function_environment import (
    MAX_BYTES,
    interceptor_environment,
    tool_environment,
)
from tenantctl.pool.function_package import (
    INTERCEPTOR_HANDLER,
    Package,
    interceptor_package,
    packaged,
    tool_handler,
    tools_package,
)

CODE = root() / "templates" / "lambda"
BESIDES_THE_LIBRARY = {"boto3", "botocore", "dateutil", "interceptor", "shared", "tools"}
"""What Lambda's Python brings along, and the code's own packages."""


@pytest.fixture
def names() -> Names:
    return Names(load(root() / "templates" / "config" / "tenantctl.yaml"), "123456789012")


def listed(package: Package) -> list[zipfile.ZipInfo]:
    with zipfile.ZipFile(BytesIO(package.content)) as archive:
        assert archive.testzip() is None
        return archive.infolist()


def test_the_same_files_make_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"b.py": "x = 1\n", "a/c.py": "", "a/b.py": "é\n"}
    made = packaged(files)
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    time.tzset()
    again = packaged(dict(reversed(files.items())))
    monkeypatch.delenv("TZ")
    time.tzset()
    assert made == again
    assert made.sha256 == base64.b64encode(hashlib.sha256(made.content).digest()).decode()
    assert [(i.filename, i.date_time, i.external_attr >> 16) for i in listed(made)] == [
        (name, (1980, 1, 1, 0, 0, 0), 0o100644) for name in ("a/b.py", "a/c.py", "b.py")
    ]
    assert packaged({**files, "b.py": "x = 2\n"}).sha256 != made.sha256


def test_the_bytes_are_the_same_everywhere() -> None:
    # Another Python or machine that made other bytes would have every pool deployed anew.
    assert packaged({"a.py": "x = 1\n"}).sha256 == "YfH6mjM7aoXyyoFBXuhxLe9rI7aVtrp7Iel9oX9/YHk="


def test_each_package_holds_its_own_code_and_the_shared() -> None:
    for part, package in (("interceptor", interceptor_package()), ("tools", tools_package())):
        wanted = [
            path.relative_to(CODE).as_posix()
            for folder in (part, "shared")
            for path in (CODE / folder).glob("*.py")
        ]
        assert [i.filename for i in listed(package)] == sorted(wanted)
        assert len(package.content) < 50_000


def test_a_file_beside_the_configuration_wins(tmp_path: Path) -> None:
    copy_starter(tmp_path)
    assert tools_package(beside=tmp_path) == tools_package()
    own = tmp_path / "templates" / "lambda" / "tools" / "clinic_config.py"
    own.write_text(own.read_text(encoding="utf-8") + "\n# ours\n", encoding="utf-8")
    (own.parent / "notes.txt").write_text("no code", encoding="utf-8")
    (own.parent / "extra.py").write_text("x = 1\n", encoding="utf-8")
    changed = tools_package(beside=tmp_path)
    assert changed != tools_package()
    assert {i.filename for i in listed(changed)} - {
        i.filename for i in listed(tools_package())
    } == {"tools/extra.py"}
    assert interceptor_package(beside=tmp_path) == interceptor_package()


def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no templates in `lambda/nothing`"):
        templates("lambda/nothing", beside=tmp_path)


def test_the_code_needs_no_more_than_lambda_has() -> None:
    for path in CODE.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
                node.body = []  # stubs, which only the type checker imports
        imported = {
            name.partition(".")[0]
            for node in ast.walk(tree)
            for name in (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
        }
        assert imported <= BESIDES_THE_LIBRARY | sys.stdlib_module_names, path


# A process with nothing of ours: Python's own flags, the zip, and Lambda's variables.
BOOT = """
import importlib, json, sys, types
archive, handler = sys.argv[1:]
sys.path.insert(0, archive)
module, _, name = handler.rpartition(".")
run = getattr(importlib.import_module(module), name)
event, custom = json.load(sys.stdin)
context = types.SimpleNamespace(client_context=types.SimpleNamespace(custom=custom))
answer = run(event, context)
assert not [m for m in sys.modules if m.partition(".")[0] == "tenantctl"]
json.dump(answer, sys.stdout)
"""


def invoke(
    archive: Path, handler: str, given: object, environment: dict[str, str]
) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-I", "-W", "ignore", "-c", BOOT, str(archive), handler],
        input=json.dumps(given),
        env={"PATH": os.environ["PATH"], "AWS_DEFAULT_REGION": "us-east-1", **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


def test_the_interceptor_runs_from_its_zip(tmp_path: Path, names: Names) -> None:
    archive = tmp_path / "interceptor.zip"
    archive.write_bytes(interceptor_package().content)
    environment = interceptor_environment(names)
    odd = event(tool_call(patient_id="P1"), {"authorization": "Bearer " + token(sub=None)})
    assert refused(invoke(archive, INTERCEPTOR_HANDLER, (odd, {}), environment))[0] == 403
    unreachable = {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "made-up",
    }
    good = event(tool_call(patient_id="P1"))
    answer = invoke(archive, INTERCEPTOR_HANDLER, (good, {}), environment | unreachable)
    assert refused(answer)[0] == 503
    with pytest.raises(AssertionError):
        forwarded(answer)


def test_a_tool_runs_from_its_zip(tmp_path: Path, names: Names) -> None:
    archive = tmp_path / "tools.zip"
    archive.write_bytes(tools_package().content)
    tool = TOOLS["clinic_config"]
    custom = {
        "bedrockAgentCoreToolName": tool.action,
        "bedrockAgentCorePropagatedHeaders": identity_headers(),
    }
    answer = invoke(archive, tool_handler(tool), ({}, custom), tool_environment(names))
    assert answer["clinic_id"] == "clinic-1"


def test_every_tools_handler_is_there() -> None:
    inside = {i.filename for i in listed(tools_package())}
    for tool in TOOLS.values():
        module, _, function = tool_handler(tool).rpartition(".")
        path = module.replace(".", "/") + ".py"
        assert path in inside
        assert f"def {function}(" in (CODE / path).read_text(encoding="utf-8")


def test_the_environment_holds_the_pool_and_no_clock(names: Names) -> None:
    assert interceptor_environment(names) == {
        "TENANTCTL_IDENTITY": (
            '{"tier":{"tag":"Tier","claim":"custom:tier","pattern":null},'
            '"tenant":{"tag":"ClinicId","claim":"custom:tenant_id",'
            '"pattern":"[a-z0-9][a-z0-9-]{0,61}[a-z0-9]"},'
            '"user":{"tag":"UserId","claim":"sub","pattern":"[0-9a-f-]{36}"}}'
        ),
        "TENANTCTL_PREFIX": "{tier}-tier/{tenant}/",
        "TENANTCTL_REGISTRY": "clinic-agent-registry",
        "TENANTCTL_CLOCKED_TOOLS": json.dumps(
            [tool.action for tool in TOOLS.values()], separators=(",", ":")
        ),
    }
    tools = tool_environment(names)
    assert set(tools) == {
        "TENANTCTL_IDENTITY",
        "TENANTCTL_PREFIX",
        "TENANTCTL_VENDING_ROLE_ARN",
        "TENANTCTL_TABLE",
        "TENANTCTL_BUCKET",
    }
    assert json.loads(tools["TENANTCTL_TABLE"]) == {
        "name": "patient-records",
        "partition_key": "tenant_id",
        "sort_key": "patient_id",
        "value": "{tenant}",
    }


@pytest.mark.parametrize(
    ("bucket", "arn", "more"),
    [
        ("clinic-documents", None, {"TENANTCTL_KNOWLEDGE_BASE": "handbooks"}),
        (
            "clinic-documents",
            "arn:aws:bedrock:us-east-1:123456789012:knowledge-base/KB12345678",
            {"TENANTCTL_KNOWLEDGE_BASE_ID": "KB12345678"},
        ),
        ("another", None, {}),
    ],
)
def test_tools_know_the_knowledge_base_over_their_documents(
    names: Names, bucket: str, arn: str | None, more: dict[str, str]
) -> None:
    bases = (KnowledgeBase("handbooks", bucket, arn),)
    pool = replace(names.pool, data=replace(names.pool.data, knowledge_bases=bases))
    with_base = tool_environment(Names(pool, names.account))
    assert with_base == tool_environment(names) | more


def test_a_pool_without_data_has_no_table_and_no_prefix(names: Names) -> None:
    bare = Names(replace(names.pool, data=Data()), names.account)
    made = tool_environment(bare)
    assert set(made) == {"TENANTCTL_IDENTITY", "TENANTCTL_PREFIX", "TENANTCTL_VENDING_ROLE_ARN"}
    assert made["TENANTCTL_PREFIX"] == "-"


def test_an_environment_that_lambda_doesnt_take_is_refused(names: Names) -> None:
    claim = Claim("ClinicId", "custom:tenant_id", "(" + "a|" * MAX_BYTES + "b)")
    identity = replace(names.pool.identity, tenant=claim)
    wide = Names(replace(names.pool, identity=identity), names.account)
    for made in (interceptor_environment, tool_environment):
        with pytest.raises(UsageError, match="Lambda takes 4,096"):
            made(wide)
