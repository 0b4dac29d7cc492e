"""The configuration: what it means, and that every mistake is named with its place."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tenantctl.domain import config
from tenantctl.domain.files import root
from tenantctl.domain.pool import Claim, Data, Hours, KnowledgeBase, Pool, Target, ToolRule
from tenantctl.errors import ConfigError, ExitCode

STARTER = (root() / "templates/config/tenantctl.yaml").read_text(encoding="utf-8")

MINIMAL = """\
version: 1
pool: clinics
region: eu-central-1
tiers:
  basic:
    tools:
      patient_context: {hours: {from: 8, until: 18}}
      clinic_config:
    models: [amazon.nova-lite-v1:0]
"""

FULL = (
    MINIMAL
    + """\
  premium: {}
target: local
account: "111122223333"
identity:
  tier:   {tag: Plan, claim: "custom:plan"}
  tenant: {tag: Org, claim: org, pattern: "[a-z]+"}
  user:   {claim: username}
roles:
  agent: runs
  vending: vends
  operators: ["arn:aws:iam::111122223333:role/ops"]
data:
  tables:
    - {name: records, partition_key: pk, value: "T#{tenant}", sort_key: sk}
    - name: visits
      partition_key: pk
      value: "{tenant}"
      indexes: [{name: by-day, sort_key: day}]
  buckets:
    - {name: documents, prefix: "{tier}/{tenant}", arn: "arn:aws:s3:::other"}
  memories:
    - {name: talk, actor: "{tenant}/{user}", namespace: "n/{tenant}/"}
  knowledge_bases:
    - {name: handbooks, bucket: documents}
"""
)


def parse(text: str) -> Pool:
    return config.parse(text, "tenantctl.yaml")


def refusal(text: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        parse(text)
    assert caught.value.exit_code is ExitCode.USAGE
    return caught.value


class TestMeaning:
    def test_defaults(self) -> None:
        pool = parse(MINIMAL)
        assert pool.target is Target.LOCAL
        assert pool.account == config.LOCAL_ACCOUNT
        assert (pool.roles.agent, pool.roles.vending) == ("clinics-agent", "clinics-tvm")
        assert pool.roles.operators == ()
        assert pool.identity.tenant.pattern == "[a-z0-9][a-z0-9-]{0,61}[a-z0-9]"
        assert pool.data == Data()
        basic = pool.tiers["basic"]
        assert basic.tools == {
            "patient_context": ToolRule(Hours(8, 18)),
            "clinic_config": ToolRule(),
        }
        assert basic.models == ("amazon.nova-lite-v1:0",)

    def test_everything_given(self) -> None:
        pool = parse(FULL)
        assert pool.account == "111122223333"
        assert pool.identity.tier == Claim("Plan", "custom:plan")
        assert pool.identity.tenant == Claim("Org", "org", "[a-z]+")
        # A claim that is given without a pattern has none; only an absent one has the default.
        assert pool.identity.user == Claim("UserId", "username", None)
        assert (pool.roles.agent, pool.roles.vending) == ("runs", "vends")
        records, visits = pool.data.tables
        assert (str(records.value), records.sort_key) == ("T#{tenant}", "sk")
        assert (visits.sort_key, visits.indexes[0].name) == ("item_id", "by-day")
        assert pool.data.buckets[0].arn == "arn:aws:s3:::other"
        assert str(pool.data.memories[0].namespace) == "n/{tenant}/"
        assert pool.data.knowledge_bases == (KnowledgeBase("handbooks", "documents"),)
        assert pool.data.searched(pool.data.buckets[0])
        assert pool.tiers["premium"].tools == {}

    def test_a_prefix_without_its_slash_is_for_the_proof_to_find(self) -> None:
        assert str(parse(FULL).data.buckets[0].prefix) == "{tier}/{tenant}"

    def test_account_is_assumed_only_where_it_is_made_up(self) -> None:
        assert config.parse(MINIMAL, "f", target=Target.AWS).account is None
        assert config.parse(FULL, "f", target=Target.AWS).account == "111122223333"

    @pytest.mark.parametrize("section", ["data", "roles", "identity"])
    def test_a_section_may_be_empty(self, section: str) -> None:
        assert parse(f"{MINIMAL}{section}:\n") == parse(MINIMAL)

    @pytest.mark.parametrize("key", ["tables", "buckets", "memories", "knowledge_bases"])
    @pytest.mark.parametrize("empty", ["", "[]"])
    def test_a_list_may_be_empty(self, key: str, empty: str) -> None:
        assert parse(f"{MINIMAL}data:\n  {key}: {empty}\n") == parse(MINIMAL)

    def test_an_alias_repeats_what_it_names(self) -> None:
        tiers = parse(MINIMAL.replace("basic:", "basic: &b") + "  premium: *b\n").tiers
        assert tiers["premium"].tools == tiers["basic"].tools

    def test_byte_order_mark_and_crlf(self, tmp_path: Path) -> None:
        path = tmp_path / "tenantctl.yaml"
        path.write_bytes(b"\xef\xbb\xbf" + MINIMAL.replace("\n", "\r\n").encode())
        assert config.load(path) == parse(MINIMAL)

    def test_the_starter(self) -> None:
        pool = parse(STARTER)
        assert set(pool.tiers) == {"basic", "premium"}
        assert pool.tiers["basic"].tools["patient_context"].hours == Hours(8, 18)
        assert all(rule.hours is None for rule in pool.tiers["premium"].tools.values())


class Mistake(NamedTuple):
    """What is replaced in FULL and by what; the place that is named; parts of what is said."""

    old: str
    new: str
    line: int
    key: str | None
    message: str
    hint: str | None


MISTAKES = [
    Mistake(*entry)
    for entry in (
        ("pool: clinics", "pol: clinics", 2, "pol", "unknown key", "`pool`"),
        ("pool: clinics\n", "", 1, None, "`pool` is missing", "letters"),
        ("version: 1\n", "", 1, None, "`version` is missing", "1"),
        ("version: 1", "version: 2", 1, "version", "got `2`", None),
        ("pool: clinics", "pool: Clinics", 2, "pool", "lower-case", None),
        ("pool: clinics", "pool: " + "a" * 32, 2, "pool", "31", None),
        ("pool: clinics", "pool: a--b", 2, "pool", "hyphens", None),
        ("pool: clinics", 'pool: "clinics\\n"', 2, "pool", "control", None),
        ("pool: clinics", "pool: [a]", 2, "pool", "a list", None),
        ("pool: clinics", "pool:", 2, "pool", "nothing", None),
        ("eu-central-1", "europe", 3, "region", "us-east-1", None),
        ("target: local", "target: cloud", 11, "target", "`local` or `aws`", None),
        ('"111122223333"', "111122223333", 12, "account", "12 digits", "quotes"),
        ('"111122223333"', '"1111"', 12, "account", "12 digits", None),
        ("hours: {from", "horus: {from", 7, "tiers.basic.tools.patient_context.horus", "", "hours"),
        ("from: 8", "from: 18", 7, "tiers.basic.tools.patient_context.hours", "before", None),
        ("until: 18", "until: 25", 7, "tiers.basic.tools.patient_context.hours.until", "24", None),
        ("from: 8", "from: 8.5", 7, "tiers.basic.tools.patient_context.hours.from", "hour", None),
        (
            "from: 8",
            'from: "8"',
            7,
            "tiers.basic.tools.patient_context.hours.from",
            "hour",
            "quotes",
        ),
        ("from: 8, ", "", 7, "tiers.basic.tools.patient_context.hours", "`from` is missing", None),
        (
            "clinic_config",
            "clinic_confg",
            8,
            "tiers.basic.tools.clinic_confg",
            "tool",
            "clinic_config",
        ),
        ("nova-lite-v1:0", "nova-*", 9, "tiers.basic.models[0]", "wildcards", None),
        ("[amazon", "[a, a, amazon", 9, "tiers.basic.models[1]", "twice", None),
        ("premium: {}", "Premium: {}", 10, "tiers.Premium", "lower-case", None),
        ("premium: {}", "basic: {}", 10, None, "again, first on line 5", None),
        ("tag: Org", "tag: plan", 15, "identity.tenant.tag", "on line 14", None),
        ("tag: Org", 'tag: "aws:x"', 15, "identity.tenant.tag", "tag key", None),
        ("tag: Org", 'tag: "a}b"', 15, "identity.tenant.tag", "tag key", None),
        ("claim: org", "claim: username", 16, "identity.user.claim", "on line 15", None),
        ('"[a-z]+"', '"[a-z"', 15, "identity.tenant.pattern", "regular expression", None),
        ('"[a-z]+"', '"a{99999999999}"', 15, "identity.tenant.pattern", "regular expression", None),
        ('"[a-z]+"', '"[[a]"', 15, "identity.tenant.pattern", "nested set", None),
        ('"[a-z]+"', "'(a)\\1'", 15, "identity.tenant.pattern", "a back reference", None),
        ('"[a-z]+"', '""', 15, "identity.tenant.pattern", "regular expression", None),
        ("vending: vends", "vending: Runs", 19, "roles.vending", "another", None),
        ("agent: runs", "agent: a/b", 18, "roles.agent", "without a path", None),
        ("role/ops", "role/*", 20, "roles.operators[0]", "without wildcards", None),
        ("name: records", "name: visits", 24, "data.tables[1].name", "on line 23", None),
        ("name: records", "name: r", 23, "data.tables[0].name", "3 to 255", None),
        ("sort_key: sk", "sort_key: pk", 23, "data.tables[0].sort_key", "partition key", None),
        (
            "sort_key: day",
            "sort_key: pk",
            27,
            "data.tables[1].indexes[0].sort_key",
            "partition",
            None,
        ),
        ("T#{tenant}", "T", 23, "data.tables[0].value", "{tenant}", None),
        ("T#{tenant}", "{tenent}", 23, "data.tables[0].value", "`{tenent}`", "{tenant}"),
        ("T#{tenant}", "{tenant", 23, "data.tables[0].value", "brace", None),
        ("{tier}/{tenant}", "{tier}/", 29, "data.buckets[0].prefix", "{tenant}", None),
        ("name: documents", "name: Documents", 29, "data.buckets[0].name", "bucket name", None),
        ("name: documents", "name: 10.0.0.1", 29, "data.buckets[0].name", "bucket name", None),
        (
            "arn:aws:s3:::other",
            "arn:aws:s3:::*",
            29,
            "data.buckets[0].arn",
            "ARN of a bucket",
            None,
        ),
        ("{tenant}/{user}", "{user}", 31, "data.memories[0].actor", "{tenant}", None),
        ("n/{tenant}/", "n/", 31, "data.memories[0].namespace", "{tenant}", None),
        (
            "bucket: documents",
            "bucket: document",
            33,
            "data.knowledge_bases[0].bucket",
            "none of `data.buckets`",
            "`documents`",
        ),
        (
            "name: handbooks",
            "name: Hand_books",
            33,
            "data.knowledge_bases[0].name",
            "lower-case letters",
            None,
        ),
        (
            "{name: handbooks, bucket: documents}",
            "{name: handbooks, bucket: documents}\n    - {name: leaflets, bucket: documents}",
            34,
            "data.knowledge_bases[1].bucket",
            "used already",
            None,
        ),
        ("data:", "data: [", 23, None, "not YAML", None),
        ("data:", "date:", 21, "date", "unknown key", "`data`"),
        ("target: local", "target: !!python/name:os.system x", 11, None, "tag", None),
        ("target: local", "? [a]\n: b", 11, None, "key", None),
        ("target: local", "<<: {target: local}", 11, "<<", "unknown key; expected", None),
        ("target: local", "--- \ntarget: local", 11, None, "second document", None),
        ("premium: {}", "premium: &p [*p]", 10, None, "alias", None),
        ("premium: {}", "premium: *nowhere", 10, None, "nowhere", None),
    )
]


class TestMistakes:
    @pytest.mark.parametrize("mistake", MISTAKES, ids=lambda m: (m.new or m.old).strip())
    def test_each_is_named_with_its_place(self, mistake: Mistake) -> None:
        assert mistake.old in FULL
        error = refusal(FULL.replace(mistake.old, mistake.new, 1))
        assert error.place is not None
        assert (error.place.line, error.place.key) == (mistake.line, mistake.key), str(error)
        assert mistake.message in error.message
        assert mistake.hint is None or mistake.hint in (error.hint or "")
        assert "\n" not in str(error)

    def test_21_indexes_are_too_many(self) -> None:
        indexes = ", ".join(f"{{name: index-{i}, sort_key: k{i}}}" for i in range(21))
        error = refusal(FULL.replace("{name: by-day, sort_key: day}", indexes))
        assert "at most 20" in error.message

    def test_a_tier_that_its_pattern_refuses(self) -> None:
        error = refusal(FULL.replace("tag: Plan,", 'tag: Plan, pattern: "p.*",'))
        assert (error.place and error.place.key) == "tiers.basic"

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("", "empty"),
            ("# nothing but a comment\n", "empty"),
            ("- a\n- b\n", "expected a mapping, got a list"),
            ("just words", "expected a mapping, got `just words`"),
            ("tiers: {}", "missing"),
            ("\x00\x01", "not YAML"),
            ("a: \x1b[31m", "not YAML"),
            ("%YAML 9.9\n---\na", "not YAML"),
            ("{" * 100_000, "deeper|YAML"),
            ("[" * 100_000, "deeper|YAML"),
            ("a: " * 3, "not YAML"),
            ("a: 'b", "not YAML"),
            ('a: "\\ud800"', "not YAML|unknown key"),
        ],
    )
    def test_what_is_no_configuration(self, text: str, message: str) -> None:
        error = refusal(text)
        assert any(part in error.message for part in message.split("|")), error.message

    def test_aliases_do_not_multiply(self) -> None:
        levels = "\n".join(f"l{i}: &l{i} [{', '.join([f'*l{i - 1}'] * 9)}]" for i in range(1, 12))
        assert "counting aliases" in refusal(f"l0: &l0 [a]\n{levels}\n").message

    def test_long_input_is_cut_and_control_characters_are_not_echoed(self) -> None:
        error = refusal(FULL.replace("pool: clinics", f"pool: {'x' * 5000}"))
        assert len(str(error)) < 300
        error = refusal(FULL.replace("pool: clinics", 'pool: clinics\n"\\e[2Jx": 1'))
        assert "\x1b" not in str(error)


class TestFiles:
    def test_missing(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="no such file") as caught:
            config.load(tmp_path / "tenantctl.yaml")
        assert "tenantctl init" in (caught.value.hint or "")

    def test_a_directory(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="is a directory"):
            config.load(tmp_path)

    def test_a_name_that_no_file_can_have(self) -> None:
        with pytest.raises(ConfigError, match="can't be read"):
            config.load(Path("a\0b"))
        with pytest.raises(ConfigError, match="can't be read"):
            config.load(Path("a" * 5000))

    def test_binary(self, tmp_path: Path) -> None:
        path = tmp_path / "tenantctl.yaml"
        path.write_bytes(b"version: 1\npool: \xff\xfe")
        with pytest.raises(ConfigError, match="UTF-8") as caught:
            config.load(path)
        assert caught.value.place is not None
        assert caught.value.place.line == 2

    def test_endless(self) -> None:
        with pytest.raises(ConfigError, match="larger than"):
            config.load(Path("/dev/zero"))


class TestSchema:
    """The JSON Schema and the parser are one definition; here they are asked the same."""

    def validator(self) -> jsonschema.Draft202012Validator:
        schema = json.loads(json.dumps(config.json_schema()))
        jsonschema.Draft202012Validator.check_schema(schema)
        return jsonschema.Draft202012Validator(schema)

    @pytest.mark.parametrize("text", [STARTER, FULL], ids=["starter", "full"])
    def test_accepts_what_the_parser_accepts(self, text: str) -> None:
        assert list(self.validator().iter_errors(yaml.safe_load(text))) == []

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            (m.old, m.new)
            for m in MISTAKES
            if m.message in {"unknown key", "lower-case", "12 digits"}
        ],
    )
    def test_refuses_misspelt_keys_and_bad_names(self, old: str, new: str) -> None:
        assert list(self.validator().iter_errors(yaml.safe_load(FULL.replace(old, new, 1))))


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.dates(),
    st.binary(max_size=8),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def places(value: Any) -> list[tuple[str | int, ...]]:  # noqa: ANN401 - any YAML value
    """Every path in a value, the empty one too."""
    pairs: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        pairs = list(value.items())
    elif isinstance(value, list):
        pairs = list(enumerate(value))
    return [(), *((key, *rest) for key, child in pairs for rest in places(child))]


def replaced(value: Any, path: tuple[str | int, ...], new: object) -> object:  # noqa: ANN401 - as above
    if not path:
        return new
    made = value.copy()
    made[path[0]] = replaced(value[path[0]], path[1:], new)
    return made


TREE = yaml.safe_load(FULL)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bytes") / "tenantctl.yaml"


class TestAnything:
    """Whatever stands in the file, the answer is a pool or a `ConfigError`."""

    def attempt(self, read: Callable[[], Pool]) -> None:
        said = None
        try:
            assert isinstance(read(), Pool)
        except ConfigError as error:
            said = str(error)
        assert said is None or said.isprintable()

    @given(path=st.sampled_from(places(TREE)), value=VALUES)
    @settings(max_examples=300, deadline=None)
    def test_any_value_at_any_key(self, path: tuple[str | int, ...], value: object) -> None:
        self.attempt(lambda: parse(yaml.safe_dump(replaced(TREE, path, value), allow_unicode=True)))

    @given(path=st.sampled_from(places(TREE)), key=st.text(max_size=80), value=VALUES)
    @settings(max_examples=200, deadline=None)
    def test_any_key_anywhere(self, path: tuple[str | int, ...], key: str, value: object) -> None:
        self.attempt(lambda: parse(yaml.safe_dump(replaced(TREE, path, {key: value}))))

    @given(st.text())
    @settings(max_examples=200, deadline=None)
    def test_any_text(self, text: str) -> None:
        self.attempt(lambda: parse(text))

    @given(
        at=st.integers(0, len(FULL)),
        length=st.integers(0, 12),
        text=st.text(alphabet="{}[]:,&*!|>'\"%#-? \n\tab1~", max_size=8),
    )
    @settings(max_examples=300, deadline=None)
    def test_any_slip_of_the_editor(self, at: int, length: int, text: str) -> None:
        self.attempt(lambda: parse(FULL[:at] + text + FULL[at + length :]))

    @given(content=st.binary())
    @settings(max_examples=200, deadline=None)
    def test_any_bytes(self, path: Path, content: bytes) -> None:
        path.write_bytes(content)
        self.attempt(lambda: config.load(path))
