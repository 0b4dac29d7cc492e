"""Hostile values, wherever a value can come from: refused or escaped, never executed.

What each of them does at each place is looked at where it is read; what reaches a terminal and the
disk, with one value that holds all that a terminal obeys, by running the program.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import product
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from tests.e2e.many import Asked, Done, run_all
from tests.program import Program

from tenantctl.cedar.decide import Decider, ToolCall
from tenantctl.cedar.rendering import folder
from tenantctl.cedar.rendering.render import render
from tenantctl.cedar.statement import Statement, parse
from tenantctl.cedar.testing import cases, suite
from tenantctl.domain import config
from tenantctl.domain.clock import WEEKDAYS, ClinicTime
from tenantctl.domain.files import starter
from tenantctl.domain.names import Names
from tenantctl.domain.tools import TOOLS
from tenantctl.errors import TenantctlError

HOSTILE: Mapping[str, str] = {
    "injection": '";permit(principal,action,resource);//',
    "newline": '\n@id("x")\npermit(principal, action, resource);\n//',
    "condition": '"] .contains("") || true || ["',
    "backslash": '\\"; permit(principal,action,resource); //',
    "comment": "*/ permit(principal,action,resource); /*",
    "template": "{{ 7 * 7 }}{% include '/etc/hostname' %}",
    "shell": "$(touch escaped) `touch escaped` ; touch escaped",
    "title": "\x1b]0;owned\x07\x1b[2J\x1b[31mred",
    "csi": "\x9b31m\x9d0;owned\x9c",
    "nul": "basic\x00",
    "direction": "\u202eyldneirf\u2066",
    "lookalike": "b\u0430sic",
    "surrogate": "\ud800",
    "markup": "[red]x[/red][link=http://example.com]y[/link] :boom:",
    "traversal": "../../../escaped",
    "absolute": "/tmp/escaped-by-tenantctl",  # noqa: S108 - the value of an attacker
    "option": "--output=escaped",
    "star": "*",
    "long": "a" * 5_000,
}
TERMINAL = (
    "\x1b]0;owned\x07\x1b[2J\x9b31m\u202eyl\u2066[red]\r\n\x7f"
    '";permit(principal,action,resource);//'
)
"""All at once that a terminal, a table or a policy would obey."""


CODES = frozenset({0, 1, 2, 12, 13, 14})
"""Every exit code but those that mean a verdict on isolation; a crash has a text besides."""

CONFIG = starter()["tenantctl.yaml"]
ACCOUNT = "123456789012"
GATEWAY = f"arn:aws:bedrock-agentcore:us-east-1:{ACCOUNT}:gateway/clinic-agent-"


def quoted(value: str) -> str:
    """As YAML, which reads JSON's strings."""
    return json.dumps(value)


def shown(runs: Iterable[Done]) -> Iterator[tuple[Done, str]]:
    """The output of each, after a look at how it ended and at every character of it."""
    for done in runs:
        text = (done.out + b"\n" + done.err).decode()  # UTF-8 throughout
        what = (done.asked.args, done.code, text[:2_000])
        assert done.code in CODES, what
        assert "Traceback" not in text, what
        assert "defect" not in text, what
        assert {c for c in text if not c.isprintable()} <= {"\n"}, what
        yield done, text


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Path]]:
    """Makes directories to spoil, as `init` leaves them; in the end nothing is beside them."""
    base = tmp_path_factory.mktemp("homes")
    (base / "first").mkdir()
    Program(base / "first").ok("init")
    made = ["first"]

    def home(name: str) -> Path:
        made.append(name)
        shutil.copytree(base / "first", base / name)
        return base / name

    yield home
    assert sorted(path.name for path in base.iterdir()) == sorted(made)
    assert not Path("/tmp/escaped-by-tenantctl").exists()  # noqa: S108 - shall not be there
    assert not list(base.rglob("escaped*"))


CALLERS: Mapping[str, Mapping[str, str]] = {
    "nobody": {},
    "stranger": {"custom:tier": "gold"},
    "basic": {"custom:tier": "basic"},
    "premium": {"custom:tier": "premium"},
}


def allowed(policies: Mapping[str, Statement]) -> set[str]:
    """Which calls of honest and dishonest callers the policies let through, at noon."""
    noon = ClinicTime(12, WEEKDAYS[0]).inputs
    asked = {
        f"{who}: {tool.name} at {tier}": ToolCall(claims, tool.action, GATEWAY + tier, noon)
        for (who, claims), tool, tier in product(
            CALLERS.items(), TOOLS.values(), ("basic", "premium", "other")
        )
    }
    decider = Decider({name: policy.text for name, policy in policies.items()})
    verdicts = decider.decide_all(tuple(asked.values()))
    return {name for name, said in zip(asked, verdicts, strict=True) if said.allowed}


def rendered(text: str) -> dict[str, Statement]:
    """The policies of a configuration, read back from what would be written."""
    made: dict[str, Statement] = {}
    for policy in render(Names(config.parse(text, "tenantctl.yaml"), ACCOUNT)):
        assert {c for c in policy.text if not c.isprintable()} <= {"\n"}
        assert policy.key.path.count("/") == 1
        made[policy.key.annotation] = parse(policy.text, policy.key.path)
    return made


# Where a value stands in the configuration: what to replace, and by what.
RULE = "patient_context: {hours: {from: 8, until: 18}}"
PLACES: Mapping[str, tuple[str, Callable[[str], str]]] = {
    "tier": ("\n  basic:", lambda v: f"\n  {quoted(v)}:"),
    "tool": ("patient_context: {hours", lambda v: f"{quoted(v)}: {{hours"),
    "role": (RULE, lambda v: f"patient_context: {{roles: [{quoted(v)}]}}"),
    "input": (RULE, lambda v: f"patient_context: {{inputs: {{{quoted(v)}: {{required: true}}}}}}"),
    "one_of": (
        RULE,
        lambda v: (
            "patient_context: {inputs: {patient_id: {required: true, one_of: ["
            f"{quoted(v)}]}}}}}}"
        ),
    ),
    "weekday": (
        RULE,
        lambda v: f"patient_context: {{hours: {{from: 8, until: 9, days: [{quoted(v)}]}}}}",
    ),
    "claim": ('claim: "custom:tier"', lambda v: f"claim: {quoted(v)}"),
    "pool": ("pool: clinic-agent", lambda v: f"pool: {quoted(v)}"),
}
MAY_STAND = frozenset({"role", "one_of", "claim"})
"""Values that name nothing of ours: text may stand there, written as a string."""


def configured(place: str, value: str) -> str:
    old, new = PLACES[place]
    assert CONFIG.count(old) == 1, place
    return CONFIG.replace(old, new(value))


@pytest.mark.parametrize("place", PLACES)
def test_a_value_of_the_configuration(place: str) -> None:
    honest = allowed(rendered(CONFIG))
    stood = set()
    for name, value in HOSTILE.items():
        try:
            policies = rendered(configured(place, value))
        except TenantctlError:
            continue
        stood.add(name)
        assert allowed(policies) <= honest, name
    if place in MAY_STAND:
        assert not stood & {"surrogate", "nul", "title", "csi", "newline"}
    else:
        assert not stood
    if place in {"role", "one_of"}:
        assert {"injection", "condition", "backslash", "template", "shell", "lookalike"} <= stood


def test_a_hostile_role_is_a_role_like_any_other() -> None:
    """Its bearers may call the tool; nobody else may."""
    action = TOOLS["patient_context"].action
    for name in ("injection", "condition", "backslash", "comment", "template", "markup", "star"):
        policies = rendered(configured("role", HOSTILE[name]))
        decider = Decider({label: policy.text for label, policy in policies.items()})
        bearers = {
            role
            for role in ("nurse", "", *HOSTILE.values())
            if role.isprintable()
            and decider.decide(
                ToolCall({"custom:tier": "basic", "custom:role": role}, action, GATEWAY + "basic")
            ).allowed
        }
        assert bearers == {HOSTILE[name]}


def case(**parts: object) -> str:
    usual = {"name": "x", "tier": "basic", "tool": "patient_context", "expect": "deny"}
    return json.dumps({"version": 1, "cases": [usual | parts]})


# What a value of a test case may stand for; each case must fail, or be no case.
CASES: Mapping[str, Callable[[str], str]] = {
    "name": lambda v: case(name=v, expect="allow"),
    "tier": lambda v: case(tier=v, gateway="basic", expect="allow"),
    "tool": lambda v: case(tool=v),
    "claim": lambda v: case(claims={v: v, "custom:role": v}, expect="allow"),
    "input": lambda v: case(input={"patient_id": v, v: [v], "request_hour": 3}, expect="allow"),
    "gateway": lambda v: case(gateway=v, expect="allow"),
    "arn": lambda v: case(gateway=f"arn:{v}", clock="09:00", expect="allow"),
    "clock": lambda v: case(clock=v, expect="allow"),
    "by": lambda v: case(by=[v]),
    "expect": lambda v: case(expect=v),
    "key": lambda v: case(**{v: v}),
}


@pytest.mark.parametrize("place", CASES)
def test_a_value_of_a_test_case(place: str, tmp_path: Path) -> None:
    names = Names(config.parse(CONFIG, "tenantctl.yaml"), ACCOUNT)
    policies, file = rendered(CONFIG), tmp_path / "cases.yaml"
    for name, value in HOSTILE.items():
        file.write_text(CASES[place](value))
        try:
            results = suite.run(cases.load(file, names), policies)
        except TenantctlError:
            continue
        assert [result.passed for result in results] == [False], name
        assert not results[0].verdict.allowed


BODY = f"""(
  principal is AgentCore::OAuthUser,
  action == AgentCore::Action::"clinic-config___clinic_config",
  resource == AgentCore::Gateway::"{GATEWAY}basic"
) when {{ principal.hasTag("custom:tier") && principal.getTag("custom:tier") == "VALUE" }};"""


def free_hand(home: Path, value: bytes) -> dict[str, tuple[Path, bytes]]:
    """A policy file with the value in its text, in its id, and in its name."""
    body, plain = BODY.encode(), b'@id("basic.more") permit'
    usual = home / "policies/basic/more.cedar"
    return {
        "text": (usual, plain + body.replace(b"VALUE", value)),
        "comment": (usual, b"// " + value + b"\n" + plain + body),
        "id": (usual, b'@id("' + value + b'") permit' + body),
        "name": (home / "policies/basic" / f"{os.fsdecode(value)}.cedar", plain + body),
    }


@pytest.mark.parametrize("where", ["text", "comment", "id", "name"])
def test_a_file_of_policies(where: str, homes: Callable[[str], Path]) -> None:
    home = homes(f"files-{where}")
    names = Names(config.parse(CONFIG, "tenantctl.yaml"), ACCOUNT)
    honest = allowed({p.key.annotation: p.statement for p in render(names)})
    for name, value in HOSTILE.items():
        raw = value.encode("utf-8", "surrogatepass")
        file, content = free_hand(home, raw)[where]
        if where == "name" and (len(raw) > 200 or {"/", "\0"} & set(value)):
            continue  # no file can be called that
        file.write_bytes(content)
        try:
            read = folder.read(home / "policies", names)
        except TenantctlError:
            pass
        else:
            assert where in {"text", "comment"}, name
            assert allowed({p.key.annotation: p.statement for p in read}) <= honest, name
        file.unlink()


MANIFEST = {"id": "clinic-x", "tier": "basic", "timezone": "UTC", "name": "X"}
USER = {"email": "x@x.example", "name": "X", "role": "nurse"}
COMMANDS = (
    ("policy", "lint"),
    ("policy", "test"),
    ("policy", "diff", "--against", "rendered", "-o", "json"),
)


def hostile_runs(homes: Callable[[str], Path], prepared: Path) -> Iterator[Asked]:
    """The program on one value that holds everything, at each place where one can come from."""
    for place in PLACES:
        home = homes(f"shown-{place}")
        (home / "tenantctl.yaml").write_text(configured(place, TERMINAL))
        yield Asked(home, ("policy", "render"))
    home = homes("shown-cases")
    for place, made in CASES.items():
        (home / f"{place}.yaml").write_text(made(TERMINAL))
        yield Asked(home, ("policy", "test", f"{place}.yaml", "--report", f"junit={place}.xml"))
    raw = TERMINAL.replace("/", "").encode()
    for where in ("text", "comment", "id", "name"):
        home = homes(f"shown-file-{where}")
        file, content = free_hand(home, raw)[where]
        file.write_bytes(content)
        yield from (Asked(home, args) for args in COMMANDS)
    for key in (*MANIFEST, *USER, "attributes"):
        value = {key: TERMINAL} if key != "attributes" else {key: {TERMINAL: TERMINAL}}
        user = USER | (value if key in {"email", "role"} else {})
        entry = MANIFEST | (value if key not in {"email", "role"} else {}) | {"users": [user]}
        (prepared / f"{key}.yaml").write_text(json.dumps({"version": 1, "tenants": [entry]}))
        yield Asked(prepared, ("onboard", "batch", f"{key}.yaml", "--password-file", "p.tsv"))
    yield Asked(prepared, ("tenant", "list"))
    for args in (
        ("tenant", "show", TERMINAL),
        ("tenant", "show", "clinic-x", "-o", "json"),
        ("creds", "vend", TERMINAL, "--user", TERMINAL, "--as-operator"),
        ("policy", "history", TERMINAL),
        ("policy", "rollback", TERMINAL),
        ("policy", "diff", "--against", TERMINAL),
        ("policy", "diff", "--against", "--output=escaped"),
        ("policy", "render", "--dir", TERMINAL),
        (TERMINAL, "--" + TERMINAL),
    ):
        yield Asked(prepared, args)


def test_nothing_reaches_the_terminal_or_other_files(
    homes: Callable[[str], Path], tmp_path: Path
) -> None:
    cloud, said = homes("cloud"), tmp_path / "said"
    said.mkdir()
    runs = [Asked(cloud, ("pool", "apply", "--yes")), *hostile_runs(homes, cloud)]
    for done, text in shown(run_all(runs, said)):
        assert done.code in {0, 14} or "error" in text, done.asked.args
    for report in homes("last").parent.glob("shown-cases/*.xml"):
        assert ET.fromstring(report.read_text()).get("failures") == "1"  # noqa: S314 - our own text


def foreign_policies(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What somebody else may have put into the engine, all of it taken by the service."""
    from tenantctl.aws.lookup import policy_engine
    from tenantctl.local.connect import embedded

    monkeypatch.setenv("XDG_STATE_HOME", str(home / "state"))
    names = Names(config.parse(CONFIG, "tenantctl.yaml"), ACCOUNT)
    with embedded(region="us-east-1", account=ACCOUNT) as aws:
        client = aws.client("bedrock-agentcore-control")
        engine = policy_engine(aws, names).id
        raw = TERMINAL.replace('"', "'").replace("\r", "")  # which Cedar's strings don't take
        for number, (description, statement) in enumerate(
            (
                (TERMINAL, "permit" + BODY.replace("VALUE", raw)),
                (f"tenantctl basic/{raw}", "forbid" + BODY.replace("VALUE", raw)),
                ("tenantctl ../../escaped", f"// {raw.splitlines()[0]}\npermit{BODY}"),
                # These fail, with the value in the reasons.
                ("tenantctl basic/clinic_config", "permit" + BODY.replace("clinic_config", raw)),
                ("x", "permit" + BODY.replace('hasTag("custom:tier")', f'hasTag("{raw}").x')),
            )
        ):
            made = client.create_policy(
                policyEngineId=engine,
                name=f"theirs{number}",
                description=description,
                definition={"cedar": {"statement": statement}},
            )
            client.get_policy(policyEngineId=engine, policyId=made["policyId"])


def test_what_somebody_put_into_the_engine_is_shown_and_not_obeyed(
    homes: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, said = homes("engine"), tmp_path / "said"
    said.mkdir()
    (said / "before").mkdir()
    make = (("pool", "apply", "--yes"), ("policy", "push", "--yes"))
    assert [one.code for one in run_all([Asked(home, a) for a in make], said / "before")] == [0, 0]
    foreign_policies(home, monkeypatch)
    runs = [
        Asked(home, args)
        for args in (
            ("policy", "status"),
            ("policy", "status", "-o", "json"),
            ("policy", "diff"),
            ("policy", "push", "--dry-run"),
            ("policy", "push", "--yes"),
            ("policy", "test", "--deployed"),
            ("policy", "test", "--deployed", "-o", "json"),
        )
    ]
    texts = {done.asked.args[1:]: text for done, text in shown(run_all(runs, said))}
    failed = [line for line in texts["status",].splitlines() if " failed " in line]
    assert [line for line in failed if "1b" in line and "owned" in line]  # the engine's reasons
    assert "26 cases, all as expected" in texts["test", "--deployed"]
    assert len([line for line in texts["status",].splitlines() if "theirs" in line]) >= 4
