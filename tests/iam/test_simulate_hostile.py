"""Malformed and hostile cases: each gets an answer or an error, and none takes a second."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from tenantctl.iam.json_text import JsonError, parse
from tenantctl.iam.simulate import Simulation

Case = dict[str, Any]
ACCOUNT = "123456789012"
LONG = "a" * 1_000_000


def policy(**elements: object) -> Case:
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", **elements}
    return {"Version": "2012-10-17", "Statement": [statement]}


def case(**members: object) -> Case:
    return {
        "id": "c",
        "principal": f"arn:aws:sts::{ACCOUNT}:assumed-role/tvm/s",
        "action": "s3:GetObject",
        "resource": "arn:aws:s3:::docs/basic-tier/clinic-1/k",
        "context": {"aws:PrincipalTag/ClinicId": "clinic-1", "t:many": ["a", "b"]},
        "identity": [policy()],
        **members,
    }


def conditional(operator: str, values: object, key: str = "t:x") -> list[Case]:
    return [policy(Condition={operator: {key: values}})]


def like(values: object) -> list[Case]:
    return conditional("StringLike", values)


def numbered(text: str, count: int) -> list[str]:
    return [text.replace("#", format(n, "x")) for n in range(count)]


def text(made: Case) -> str:
    return json.dumps(made)


def many(operator: str, given: str, wanted: str) -> str:
    """Every value of the request with every one of the policy."""
    identity = conditional(f"ForAllValues:{operator}", numbered(wanted, 250))
    return text(case(context={"t:x": [given] * 200}, identity=identity))


HEAVY: dict[str, Callable[[], str]] = {
    "a long id": lambda: text(case(id=LONG)),
    "a long action": lambda: text(case(action="s3:" + LONG)),
    "a long principal": lambda: text(case(principal=case()["principal"] + LONG)),
    "a long resource": lambda: text(case(resource="arn:aws:s3:::" + LONG)),
    "a long key": lambda: text(case(context={LONG: "a"})),
    "40 stars": lambda: text(case(context={"t:x": LONG}, identity=like("*a" * 40 + "*b"))),
    "60 times 40 stars": lambda: text(
        case(context={"t:x": LONG}, identity=like(numbered("*a" * 40 + "*b#", 60)))
    ),
    "a long search": lambda: text(
        case(context={"t:x": LONG}, identity=like(numbered("*" + "a" * 1000 + "b#*", 90)))
    ),
    "question marks": lambda: text(
        case(context={"t:x": LONG}, identity=like("*" + "a?" * 1000 + "b*"))
    ),
    "question marks in three": lambda: text(
        case(context={"t:x": LONG[:400_000]}, identity=like(["*" + "a?" * 1000 + "b*"] * 3))
    ),
    "question marks in many": lambda: text(
        case(context={"t:x": LONG[:8_000]}, identity=like(numbered("*a?a?a?b#*", 180)))
    ),
    "escaped question marks": lambda: text(
        case(context={"t:x": LONG[:8_000]}, identity=like(numbered("*a%a%a%b#*", 1000)))
    ).replace("%", "\\u003f"),
    "segments far apart": lambda: text(
        case(
            context={"t:x": ("c" * 253 + "axb") * 500},
            identity=like(numbered("*a?b" * 500 + "#*z", 10)),
        )
    ),
    "many values": lambda: text(
        case(
            context={"t:x": numbered("a#", 100_000)},
            identity=conditional("ForAllValues:StringLike", ["*b", "*"]),
        )
    ),
    "many addresses": lambda: many("NotIpAddress", "1.1.1.1", "2001::#/112"),
    "many ARNs": lambda: many("ArnNotLike", "arn:aws:s3:::x", "arn:aws:s3:::#*"),
    "many dates": lambda: many("DateNotEquals", "2021-01-01T00:00:00Z", "2020-01-01T00:00:00Z"),
    "many numbers": lambda: many("NumericNotEquals", "9" * 100, "1"),
    "many texts": lambda: many("StringNotEqualsIgnoreCase", "x", "${t:x}#"),
    "variables of long values": lambda: text(
        case(context={"t:x": LONG}, identity=like("*${t:x}" * 100 + "?"))
    ),
    "variables under many values": lambda: text(
        case(
            context={"t:v": "a" * 300, "t:x": ["b"] * 1000},
            identity=conditional("ForAllValues:StringNotLike", "*${t:v}" * 600),
        )
    ),
    "a long Sid": lambda: text(case(identity=[policy(Sid=LONG)])),
    "a long pattern": lambda: text(case(identity=[policy(Resource="arn:aws:s3:::" + LONG)])),
    "many actions": lambda: text(case(identity=[policy(Action=numbered("s3:#*", 19_000))])),
    "too many actions": lambda: text(case(identity=[policy(Action=numbered("s3:#*", 90_000))])),
    "many resources": lambda: text(
        case(identity=[policy(Resource=numbered("arn:aws:s3:::#/*/x", 19_000))])
    ),
    "many statements": lambda: text(case(identity=[{"Statement": policy()["Statement"] * 5_000}])),
    "many documents": lambda: text(case(identity=[policy()] * 4_000)),
    "many conditions": lambda: text(
        case(identity=[policy(Condition={"DateEquals": dict.fromkeys(numbered("t:#", 15_000), 1)})])
    ),
    "many keys": lambda: text(case(context=dict.fromkeys(numbered("t:#", 80_000), "v"))),
    "a deep context": lambda: '{"id":"c","context":' + "[" * 500_000,
    "a deep policy": lambda: text(case()).replace("[{", '[{"a":' * 200_000),
    "a deep policy that ends": lambda: text(case(identity=["#"])).replace(
        '"#"', "[" * 900 + "]" * 900
    ),
    "brackets": lambda: "[" * 1_900_000,
    "a key twice among many": lambda: text(
        case(context=dict.fromkeys(numbered("t:#", 80_000), "v"))
    ).replace('"t:ffff"', '"t:1"'),
    "an element twice in a large policy": lambda: text(
        case(identity=[policy(Action=["s3:Get"] * 15_000)])
    ).replace('"Effect"', '"Effect": "Allow", "Effect"'),
    "many unknown keys": lambda: text({**case(), **dict.fromkeys(numbered("k#", 100_000), 0)}),
    "zeros": lambda: '{"id":"c","a":[' + "0," * 900_000 + "0]}",
    "3 MB": lambda: text(case(context={"t:x": LONG * 3})),
    "a huge number": lambda: '{"id":' + "9" * 1_000_000 + "}",
    "a huge number as text": lambda: text(
        case(context={"t:x": "9" * 1_000_000}, identity=conditional("NumericEquals", "1"))
    ),
    "backslashes": lambda: text(case(context={"t:x": "\\" * 400_000 + '"' * 400_000})),
    "quotation marks": lambda: '"' * 1_900_000,
    "spaces": lambda: " " * 1_900_000,
}


def judged(simulation: Simulation, line: bytes) -> tuple[Case, float]:
    """The answer, and what it took of a processor: the machine may be busy with other things."""
    start = time.process_time()
    given = simulation.answer(line)
    seconds = time.process_time() - start
    found: Case = json.loads(given)
    assert list(found) in (["id", "decision", "decided_by"], ["id", "error"])
    return found, seconds


@pytest.mark.parametrize("make", list(HEAVY.values()), ids=list(HEAVY))
def test_no_case_takes_a_second(make: Callable[[], str]) -> None:
    line = make().encode()
    simulation = Simulation()
    found, first = judged(simulation, line)
    again, second = judged(simulation, line)
    assert again == found
    assert max(first, second) < 1


PIECES = [
    *(sign.encode() for sign in '"\\{}[],: \t*?$0-.'),
    *(
        b"\0",
        b"\xff",
        b"\xed\xa0\x80",
        b"\\ud800",
        b"\\u0000",
        b"\\u0022",
        b"NaN",
        b"null",
        b"1e999",
    ),
    *(
        b'"identity"',
        b'"id":"d",',
        b'"id":1,',
        b'"Effect":"Deny",',
        b'"context":{},',
        b"{}",
        b"[[]]",
    ),
    *(
        b'"a:b":["x"],',
        b'"Condition":{"StringLike":{"t:x":"*?*"}},',
        b"${aws:PrincipalTag/ClinicId}",
    ),
]
SEEDS = [
    case(),
    case(boundary=policy(), session=policy(), resource_policy=policy(Principal="*")),
    case(identity=like("${t:many}*"), context={"t:x": "\u00e9\n"}),
    case(id=7, action="sts:AssumeRole", resource="*", identity=[policy(Effect="Deny"), policy()]),
]


def mangled(random: Random) -> bytes:
    """A valid case with one to four accidents."""
    line = json.dumps(
        random.choice(SEEDS), separators=random.choice([None, (",", ":")]), ensure_ascii=False
    ).encode()
    for _ in range(random.randint(1, 4)):
        start = random.randrange(len(line) + 1)
        end = min(len(line), start + random.choice([0, 0, 1, 2, 10, 100]))
        match random.randrange(5):
            case 0:
                line = line[:start] + line[end:]
            case 1:
                line = line[:start] + random.choice(PIECES) + line[start:]
            case 2:
                line = line[:start] + random.choice(PIECES) + line[end:]
            case 3:
                line = line[:start] + line[start:end] * random.randint(2, 50) + line[end:]
            case _:
                line = line[:start] + random.randbytes(random.randint(1, 3)) + line[end:]
    return line


def strictly(line: bytes) -> bool:
    """Whether Python's decoder takes a line, keys being distinct."""
    try:
        parse(line.decode())
    except (JsonError, UnicodeDecodeError):
        return False
    return True


def test_ten_thousand_mangled_cases() -> None:
    random = Random(20)  # noqa: S311 - the same cases in every run, and no secret
    simulation = Simulation()
    answered = malformed = 0
    slowest = 0.0
    for _ in range(10_000):
        line = mangled(random)
        found, seconds = judged(simulation, line)
        slowest = max(slowest, seconds)
        if "error" in found:
            malformed += 1
            assert len(found["error"]) < 1_000
            continue
        answered += 1
        assert strictly(line)
        assert json.loads(line)["id"] == found["id"]
    assert simulation.malformed == malformed > 5_000
    assert answered > 200
    assert slowest < 1
