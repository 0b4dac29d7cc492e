"""Rules of tiers and tools: what they mean, and that one that can't do what it says is refused."""

from __future__ import annotations

import json

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml

from tenantctl.domain import config
from tenantctl.domain.clock import WEEKDAYS
from tenantctl.domain.pool import Hours, InputRule, Tier, ToolRule
from tenantctl.domain.tools import TOOLS, Tool
from tenantctl.errors import ConfigError

AT = "tiers.basic.tools.retrieve_clinic_documents"


def text(rule: str, *, tier: str = "") -> str:
    """A configuration with one rule, on line 7 and after."""
    return (
        "version: 1\npool: clinics\nregion: eu-central-1\ntiers:\n  basic:\n    tools:\n"
        f"      retrieve_clinic_documents: {rule}\n{tier}"
    )


def read(rule: str) -> ToolRule:
    return tier(rule).tools["retrieve_clinic_documents"]


def tier(rule: str, rest: str = "") -> Tier:
    return config.parse(text(rule, tier=rest), "f").tiers["basic"]


def refusal(rule: str, rest: str = "") -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        tier(rule, rest)
    return caught.value


@pytest.mark.parametrize(
    ("rule", "meaning"),
    [
        ("", ToolRule()),
        ("{}", ToolRule()),
        ("{disabled: false}", ToolRule()),
        ("{disabled: true}", ToolRule(disabled=True)),
        ("{hours: {from: 0, until: 24}}", ToolRule(Hours(0, 24))),
        (
            "{hours: {from: 8, until: 18, days: [fri, mon]}}",
            ToolRule(Hours(8, 18, ("mon", "fri"))),
        ),
        ("{roles: [physician, nurse]}", ToolRule(roles=("physician", "nurse"))),
        ('{roles: ["*/ \\" \\u202e"]}', ToolRule(roles=('*/ " \u202e',))),
        (
            "{inputs: {query: {required: true}}}",
            ToolRule(inputs=(InputRule("query", required=True),)),
        ),
        (
            "{inputs: {limit: {forbidden: true}}}",
            ToolRule(inputs=(InputRule("limit", forbidden=True),)),
        ),
        ("{inputs: {limit: {min: -5}}}", ToolRule(inputs=(InputRule("limit", low=-5),))),
        (
            "{inputs: {limit: {min: 0, max: 0, required: true}}}",
            ToolRule(inputs=(InputRule("limit", required=True, low=0, high=0),)),
        ),
        (
            '{inputs: {limit: {one_of: [1, 10]}, query: {one_of: ["1", a]}}}',
            ToolRule(
                inputs=(
                    InputRule("query", one_of=("1", "a")),  # in the order of declaration
                    InputRule("limit", one_of=(1, 10)),
                )
            ),
        ),
    ],
)
def test_what_a_rule_means(rule: str, meaning: ToolRule) -> None:
    assert read(rule) == meaning


def test_the_switch_of_a_tier() -> None:
    assert not tier("{}").disabled
    assert tier("{}", "    disabled: true\n").disabled


MISTAKES = [
    ("{disabled: 1}", "disabled", "expected `true` or `false`, got `1`", None),
    ("{disabled: yes}", "disabled", "expected `true` or `false`, got `yes`", None),
    ('{disabled: "true"}', "disabled", "expected `true` or `false`", "out of the quotes"),
    ("{disabled: }", "disabled", "got nothing", None),
    ("{disable: true}", "disable", "unknown key", "`disabled`"),
    ("{hours: }", "hours", "`from` is missing", "hour"),
    ("{hours: {from: 8, until: 8}}", "hours", "before `until`", None),
    ("{hours: {from: 18, until: 8}}", "hours", "before `until`", None),
    ("{hours: {from: -1, until: 8}}", "hours.from", "0 to 24", None),
    ("{hours: {days: [mon]}}", "hours", "`from` is missing", None),
    ("{hours: {from: 8, until: 9, days: []}}", "hours.days", "at least one day", None),
    ("{hours: {from: 8, until: 9, days: }}", "hours.days", "at least one day", None),
    ("{hours: {from: 8, until: 9, days: [monday]}}", "hours.days[0]", "a day: mon", None),
    ("{hours: {from: 8, until: 9, days: [Mon]}}", "hours.days[0]", "a day: mon", None),
    ("{hours: {from: 8, until: 9, days: [1]}}", "hours.days[0]", "a day: mon", None),
    ("{hours: {from: 8, until: 9, days: [mon, mon]}}", "hours.days[1]", "twice", None),
    ("{roles: }", "roles", "at least one role", None),
    ("{roles: []}", "roles", "at least one role", None),
    ("{roles: nurse}", "roles", "expected a list", None),
    ("{roles: [nurse, nurse]}", "roles[1]", "twice", None),
    ('{roles: [""]}', "roles[0]", "a role's name", None),
    ("{roles: [7]}", "roles[0]", "a role's name", "quotes"),
    ("{roles: [true]}", "roles[0]", "a role's name", None),
    ('{roles: ["a\\nb"]}', "roles[0]", "control character", None),
    ('{roles: ["a\\0b"]}', "roles[0]", "control character", None),
    ("{inputs: }", "inputs", "at least one input", None),
    ("{inputs: {}}", "inputs", "at least one input", None),
    ("{inputs: {query: }}", "inputs.query", "condition is missing", "`one_of`"),
    ("{inputs: {query: {}}}", "inputs.query", "condition is missing", "`one_of`"),
    ("{inputs: {query: {required: false}}}", "inputs.query", "condition is missing", None),
    ("{inputs: {quary: {required: true}}}", "inputs.quary", "expected `query`", "`query`"),
    (
        "{inputs: {request_hour: {min: 8}}}",
        "inputs.request_hour",
        "set by the gateway's interceptor",
        "`hours:",
    ),
    ("{inputs: {request_weekday: {one_of: [mon]}}}", "inputs.request_weekday", "set by", "days"),
    ("{inputs: {limit: {min: 5, max: 4}}}", "inputs.limit", "`min` is above `max`", None),
    ("{inputs: {limit: {min: }}}", "inputs.limit.min", "whole number", None),
    ("{inputs: {limit: {max: }}}", "inputs.limit.max", "whole number", None),
    ("{inputs: {limit: {min: 1.5}}}", "inputs.limit.min", "whole number", None),
    ('{inputs: {limit: {min: "1"}}}', "inputs.limit.min", "whole number", None),
    ("{inputs: {limit: {max: true}}}", "inputs.limit.max", "whole number", None),
    ("{inputs: {limit: {max: 9223372036854775808}}}", "inputs.limit.max", "64 bits", None),
    ("{inputs: {query: {min: 1}}}", "inputs.query.min", "string, not integer", None),
    ("{inputs: {query: {max: 1}}}", "inputs.query.max", "string, not integer", None),
    ("{inputs: {limit: {one_of: }}}", "inputs.limit.one_of", "at least one value", None),
    ("{inputs: {limit: {one_of: []}}}", "inputs.limit.one_of", "at least one value", None),
    ("{inputs: {limit: {one_of: [1, a]}}}", "inputs.limit.one_of[1]", "integer, got `a`", None),
    ("{inputs: {query: {one_of: [1]}}}", "inputs.query.one_of[0]", "string, got `1`", "quotes"),
    ("{inputs: {limit: {one_of: [true]}}}", "inputs.limit.one_of[0]", "whole number", None),
    ("{inputs: {limit: {one_of: [1, 1]}}}", "inputs.limit.one_of[1]", "twice", None),
    ("{inputs: {limit: {one_of: [1], min: 1}}}", "inputs.limit", "all values already", "`min`"),
    ("{inputs: {limit: {forbidden: true, required: true}}}", "inputs.limit", "no other", "drop"),
    ("{inputs: {limit: {forbidden: true, min: 1}}}", "inputs.limit", "no other condition", None),
    ("{inputs: {limit: {forbidden: true, one_of: [1]}}}", "inputs.limit", "no other", None),
    ("{inputs: {query: {forbidden: true}}}", "inputs.query", "refuse every call", "disabled"),
    ("{inputs: {limit: {minimum: 1}}}", "inputs.limit.minimum", "unknown key", "`min`"),
]


@pytest.mark.parametrize(("rule", "key", "message", "hint"), MISTAKES, ids=str)
def test_each_mistake_is_named_with_its_place(
    rule: str, key: str, message: str, hint: str | None
) -> None:
    error = refusal(rule)
    assert error.place is not None
    assert (error.place.line, error.place.key) == (7, f"{AT}.{key}"), str(error)
    assert message in error.message
    assert hint is None or hint in (error.hint or "")


def test_a_tool_without_inputs_says_so() -> None:
    with pytest.raises(ConfigError, match="the tool has none"):
        config.parse(
            text("{}").replace(
                "retrieve_clinic_documents: {}", "clinic_config: {inputs: {a: {required: true}}}"
            ),
            "f",
        )


_FORM_ONLY = [
    row for row in MISTAKES if any(word in row[2] for word in ("at least one", "64 bits", "a day"))
]


@pytest.mark.parametrize("rule", [row[0] for row in _FORM_ONLY])
def test_an_editor_sees_mistakes_of_form(rule: str) -> None:
    schema = json.loads(json.dumps(config.json_schema()))
    validator = jsonschema.Draft202012Validator(schema)
    assert list(validator.iter_errors(yaml.safe_load(text(rule))))
    good = "{hours: {from: 8, until: 18, days: [mon]}, inputs: {limit: {min: 1, one_of: [a, 1]}}}"
    assert list(validator.iter_errors(yaml.safe_load(text(good)))) == []


@pytest.mark.parametrize("tool", TOOLS.values(), ids=lambda tool: tool.name)
def test_every_tool_knows_the_clock_and_asks_nobody_for_it(tool: Tool) -> None:
    assert tool.properties["request_hour"] == {"type": "integer"}
    assert tool.properties["request_weekday"] == {"type": "string"}
    assert tool.server_set == {"request_hour", "request_weekday"}
    assert not tool.server_set & {*tool.required, *tool.caller_inputs}


def test_days_are_the_clocks() -> None:
    every = read(f"{{hours: {{from: 0, until: 1, days: [{', '.join(WEEKDAYS)}]}}}}")
    assert every.hours is not None
    assert every.hours.days == WEEKDAYS


@pytest.mark.parametrize(
    "name",
    [
        '";permit(principal,action,resource);//',
        'basic"',
        "*/",
        "a.b",
        "../x",
        "a b",
        "\u202e",
        "a\nb",
        "a\0",
        "\u2028",
        "",
    ],
)
def test_a_hostile_name_is_no_tier_and_no_tool(name: str) -> None:
    quoted = json.dumps(name)  # JSON's strings are YAML's
    for config_text in (
        text("{}").replace("  basic:", f"  {quoted}:"),
        text("{}").replace("retrieve_clinic_documents", quoted),
        text(f"{{inputs: {{{quoted}: {{required: true}}}}}}"),
    ):
        with pytest.raises(ConfigError) as caught:
            config.parse(config_text, "f")
        assert "\n" not in str(caught.value)
        assert caught.value.place is not None
