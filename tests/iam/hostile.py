"""Lines that no well-meaning caller writes, at random: valid cases in odd clothes, and worse."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

Case = dict[str, Any]

ACCOUNTS = ("123456789012", "999999999999", "000000000000", "12345678901", "aws", "")
PRINCIPALS = (
    "arn:aws:sts::{a}:assumed-role/tvm/clinic-1",
    "arn:aws:sts::{a}:assumed-role/service/tvm/clinic-1",
    "arn:aws:iam::{a}:role/tvm",
    "arn:aws:iam::{a}:role/service/eu/tvm",
    "arn:aws:iam::{a}:user/path/carlos",
    "arn:aws:iam::{a}:root",
    "arn:aws:sts::{a}:federated-user/bob",
    "arn:aws:iam::{a}:saml-provider/idp",
    "arn:aws-cn:sts::{a}:assumed-role/tvm/s",
    "arn:aws:iam::{a}:group/g",
    "arn:aws:sts::{a}:assumed-role/tvm/*",
    "{a}",
    "*",
    "",
    "AROAABCDEFGHIJKLMNOP",
    "lambda.amazonaws.com",
    "cognito-identity.amazonaws.com",
)
TAME = (PRINCIPALS[0], PRINCIPALS[2], PRINCIPALS[4], PRINCIPALS[3], PRINCIPALS[5])
OPERATORS = (
    *("StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringLike", "StringNotLike"),
    *("NumericEquals", "NumericLessThan", "DateGreaterThan", "DateEquals", "Bool", "BinaryEquals"),
    *("IpAddress", "NotIpAddress", "ArnLike", "ArnNotEquals", "Null", "StringMatches", "null"),
)
FITTING = {"Nu": "7", "Da": "2020-01-01T00:00:00Z", "Bo": "true", "Bi": "YWI=", "Ip": "::1/64"}
"""What an operator compares with, by the beginning of its name."""

ACTIONS = ("s3:GetObject", "sts:AssumeRole", "dynamodb:GetItem", "s3:*", "", "a:\u212a")
RESOURCES = ("*", "arn:aws:s3:::docs/k", "arn:aws:iam::123456789012:role/tvm", "docs", "arn:aws")
KEYS = ("aws:PrincipalTag/ClinicId", "s3:prefix", "dynamodb:LeadingKeys", "aws:PrincipalArn", "T:X")
NUMBERS = (
    *("1e400", "-1e400", "1E+5", "-0", "-0.0", "0.1e-999", "9" * 400, "1" + "0" * 30 + ".5"),
    *("01", "+1", ".5", "1.", "0x10", "1_000", "NaN", "Infinity", "-Infinity", "1e", "--1"),
)
STRINGS = (
    *('"a"', '""', '"\\u0000"', '"\\ud800"', '"\\udc00\\ud800"', '"\\ud83d\\ude00"', '"\\u212a"'),
    *('"${aws:PrincipalTag/ClinicId}"', '"${*}"', '"${"', "\"${a:b, 'c'}\"", '"*"', '"?*"'),
    *(
        '"\\n"',
        '"\\/"',
        '"\\x"',
        '"\t"',
        '"é"',
        '"\u2028"',
        '"\U0001f600"',
        '"2020-01-01"',
        '"::1"',
    ),
)


class Writer:
    """Writes JSON as it pleases: spaces, escapes, numbers, keys twice."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.wild = random.random() < 0.5  # whether anything but valid cases may come

    def one_of(self, *ways: Callable[[], str]) -> str:
        return self.random.choice(ways)()

    def space(self) -> str:
        return self.random.choice(("", "", "", " ", "\t ", "\r"))

    def text(self, value: str) -> str:
        written = json.dumps(value, ensure_ascii=self.random.random() < 0.5)
        if value and self.random.random() < 0.05:
            at = self.random.randrange(len(value))
            escaped = f"\\u{ord(value[at]) & 0xFFFF:04x}"
            written = json.dumps(value[:at])[:-1] + escaped + json.dumps(value[at + 1 :])[1:]
        return written

    def members(self, members: list[tuple[str, str]]) -> str:
        if self.random.random() < 0.3:
            self.random.shuffle(members)
        if members and self.wild and self.random.random() < 0.06:
            members.insert(self.random.randrange(len(members) + 1), self.random.choice(members))
        inside = f"{self.space()},{self.space()}".join(
            f"{self.text(name)}{self.space()}:{self.space()}{value}" for name, value in members
        )
        return "{" + self.space() + inside + self.space() + "}"

    def items(self, items: list[str]) -> str:
        return "[" + f"{self.space()},".join(items) + self.space() + "]"

    def scalar(self) -> str:
        if self.wild and self.random.random() < 0.1:
            return self.odd()
        return self.text(
            self.random.choice(
                ("clinic-1", "clinic-1/", "*", "?*", "${aws:PrincipalTag/ClinicId}/*", "true", "7")
            )
            if self.random.random() < 0.9
            else "*a" * 40 + "*"
        )

    def odd(self) -> str:
        match self.random.randrange(8):
            case 0:
                return self.random.choice(NUMBERS)
            case 1:
                return self.random.choice(("null", "true", "[]", "{}", "[[]]", '{"a":1}', ""))
            case 2:
                depth = self.random.choice((3, 60, 1_200, 20_000))
                return "[" * depth + "]" * self.random.choice((depth, depth, depth - 1))
            case 3:
                return '{"a":' * (depth := self.random.choice((3, 60, 1_200))) + "1" + "}" * depth
            case 4:
                return '"' + self.random.choice("a*?{\\") * self.random.choice((9, 5_000)) + '"'
            case _:
                return self.random.choice(STRINGS)

    def several(self) -> str:
        if self.random.random() < 0.5:
            return self.scalar()
        return self.items([self.scalar() for _ in range(self.random.choice((0, 1, 1, 2, 5, 30)))])

    def principal_arn(self) -> str:
        account = self.random.choice(ACCOUNTS if self.wild else ACCOUNTS[:1])
        return self.random.choice(PRINCIPALS if self.wild else TAME).format(a=account)

    def principal(self) -> str:
        if self.random.random() < 0.2:
            return self.text("*")
        kinds = ("AWS", "AWS", "AWS", "Service", "Federated", "CanonicalUser")
        kind = self.random.choice(kinds if self.wild else kinds[:1])
        names = [self.text(self.principal_arn()) for _ in range(self.random.choice((1, 1, 2, 4)))]
        return self.members([(kind, self.random.choice((names[0], self.items(names))))])

    def condition(self) -> str:
        blocks: list[tuple[str, str]] = []
        for _ in range(self.random.randint(0, 3)):
            prefix = self.random.choice(("", "", "", "ForAllValues:", "ForAnyValue:", "ForNone:"))
            name = self.random.choice(OPERATORS) + self.random.choice(("", "", "IfExists"))
            if self.wild:
                blocks.append((prefix + name, self.condition_of(self.several())))
            elif name.removesuffix("IfExists") in OPERATORS[:-3]:
                fitting = FITTING.get(name[:2], "arn:aws:s3:::*" if "Arn" in name else "clinic-1")
                blocks.append((name, self.condition_of(self.text(fitting))))
        return self.members(blocks)

    def condition_of(self, values: str) -> str:
        return self.members([(self.random.choice(KEYS), values)])

    def document(self, *, resource: bool = False) -> str:
        effect = self.random.choice(("Allow", "Allow", "Deny", "deny" if self.wild else "Deny"))
        action = self.random.choice(("Action", "Action", "NotAction"))
        actions = self.items([self.text(a) for a in ("s3:*", "sts:AssumeRole", "dynamodb:?et*")])
        members = [("Effect", self.text(effect)), (action, actions)]
        trust = resource and self.random.random() < 0.4
        if not trust:
            where = self.random.choice(("Resource", "Resource", "NotResource"))
            patterns = ("*", "arn:aws:s3:::docs/*", "arn:*:s3:::" + "*a" * 40)
            members.append((where, self.text(self.random.choice(patterns))))
        if resource or (self.wild and self.random.random() < 0.05):
            name = self.random.choice(("Principal", "Principal", "NotPrincipal"))
            if trust:
                members[1] = ("Action", self.text("sts:AssumeRole"))
            members.append((name, self.principal()))
        if self.random.random() < 0.5:
            members.append(("Condition", self.condition()))
        if self.wild and self.random.random() < 0.05:
            members.append((self.random.choice(("Sid", "Id", "Resources")), self.odd()))
        statement = self.members(members)
        version = self.text(self.random.choice(("2012-10-17", "2012-10-17", "2008-10-17")))
        many = self.items([statement] * self.random.choice((1, 1, 2, 20)))
        body = [("Version", version), ("Statement", self.random.choice((statement, many)))]
        return self.members(body)

    def context(self) -> str:
        names = self.random.sample(KEYS, self.random.randint(0, len(KEYS)))
        if self.wild and self.random.random() < 0.1:
            names += [name.swapcase() for name in names[:1]]
        return self.members([(name, self.several()) for name in names])

    def caller(self) -> str:
        return (
            self.principal_arn()
            if self.wild
            else TAME[self.random.choice((0, 2))].format(a=ACCOUNTS[0])
        )

    def case(self) -> str:
        name = self.random.choice(("c", "a \U0001f600", "", "\0", '"\\'))
        number = self.random.randrange(-9, 1 << (66 if self.wild else 64))
        written = self.text(name) if self.random.random() < 0.7 else str(number)
        members = [
            ("id", self.odd() if self.wild and self.random.random() < 0.05 else written),
            ("principal", self.text(self.caller())),
            ("action", self.text(self.random.choice(ACTIONS if self.wild else ACTIONS[:3]))),
            ("resource", self.text(self.random.choice(RESOURCES if self.wild else RESOURCES[:3]))),
            ("context", self.context()),
            ("identity", self.items([self.document() for _ in range(self.random.randint(0, 2))])),
        ]
        members += [
            (optional, self.document())
            for optional in ("boundary", "session")
            if self.random.random() < 0.3
        ]
        if self.random.random() < 0.6:
            members.append(("resource_policy", self.document(resource=True)))
        if self.wild and self.random.random() < 0.05:
            members.append((self.random.choice(("Identity", "x", "id")), self.odd()))
        return self.members(members)


def hostile_line(random: Random) -> bytes:
    """A line: a case, or what was one before something befell it."""
    writer = Writer(random)
    line = writer.case().encode("utf-8", "surrogatepass")
    if not writer.wild:
        return line
    at = random.randrange(len(line) + 1)
    spoilt = random.choice((b"\xff", b"\xed\xa0\x80", b"\xc0\x80", b"\0", b"\xf4\x90\x80\x80"))
    after = random.choice((b"\r", b" \t", b"{}", b",", b"\0", b"\x1a"))
    instead = random.choice((b"", b" ", b"\r", b"null", b"[]", b"1", b'"id"', b"\xef\xbb\xbf"))
    accidents = (b"\xef\xbb\xbf" + line, line[:at], line[:at] + spoilt + line[at:], line + after)
    return random.choice((*accidents, instead, *(line for _ in range(7))))
