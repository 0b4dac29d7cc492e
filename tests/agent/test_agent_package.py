"""The agent's zip and variables, as a runtime takes them."""

from __future__ import annotations

import ast
import json
import sys
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from tenantctl.domain.config import load
from tenantctl.domain.files import copy_starter, root
from tenantctl.domain.names import Names
from tenantctl.domain.tools import TOOLS
from tenantctl.pool.agent_package import (
    AGENT_ENTRY_POINT,
    AGENT_HEADERS,
    AGENT_RUNTIME,
    agent_environment,
    agent_package,
)

CODE = root() / "templates" / "agent"


@pytest.fixture
def names() -> Names:
    return Names(load(root() / "templates" / "config" / "tenantctl.yaml"), "123456789012")


def inside(content: bytes) -> set[str]:
    with zipfile.ZipFile(BytesIO(content)) as archive:
        assert archive.testzip() is None
        return set(archive.namelist())


def test_the_package_holds_the_code_and_where_it_starts() -> None:
    held = inside(agent_package().content)
    assert held == {path.relative_to(CODE).as_posix() for path in CODE.rglob("*.py")}
    assert set(AGENT_ENTRY_POINT) <= held
    assert agent_package() == agent_package()


def test_a_file_beside_the_configuration_wins(tmp_path: Path) -> None:
    copy_starter(tmp_path)
    assert agent_package(beside=tmp_path) == agent_package()
    own = tmp_path / "templates" / "agent" / "agent" / "extra.py"
    own.write_text("x = 1\n", encoding="utf-8")
    assert inside(agent_package(beside=tmp_path).content) - inside(agent_package().content) == {
        "agent/extra.py"
    }


def test_the_code_is_the_standard_library_alone() -> None:
    for path in CODE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            found = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            for name in found:
                assert name.partition(".")[0] in sys.stdlib_module_names | {"agent"}, path


def test_what_a_runtime_is_given_fits_the_services_model(names: Names) -> None:
    from tenantctl.local.wire import shapes

    environment = agent_environment(names, "https://gw-1.gateway.example/mcp")
    shapes.check(
        "bedrock-agentcore-control",
        "CreateAgentRuntime",
        {
            "agentRuntimeName": "pool_basic",
            "agentRuntimeArtifact": {
                "codeConfiguration": {
                    "code": {"s3": {"bucket": "a-bucket", "prefix": "agent.zip"}},
                    "runtime": AGENT_RUNTIME,
                    "entryPoint": list(AGENT_ENTRY_POINT),
                }
            },
            "roleArn": names.agent_role_arn,
            "networkConfiguration": {"networkMode": "PUBLIC"},
            "environmentVariables": environment,
            "requestHeaderConfiguration": {"requestHeaderAllowlist": list(AGENT_HEADERS)},
        },
    )
    assert environment["TENANTCTL_GATEWAY_URL"] == "https://gw-1.gateway.example/mcp"
    assert environment["TENANTCTL_USER_CLAIM"] == names.pool.identity.user.claim
    assert json.loads(environment["TENANTCTL_TOOLS"]) == {t.name: t.action for t in TOOLS.values()}
