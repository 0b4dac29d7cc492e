"""Random trust policies, decided by the proof and by brute force; hostile ones, in bounded time.

`python tests/proof/test_trust.py 10000` compares that many and prints what came of them.
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from itertools import combinations, product
from typing import Any

import pytest

from tenantctl.domain.config import parse
from tenantctl.domain.finding import Outcome, Report
from tenantctl.domain.names import Names
from tenantctl.iam.document import read
from tenantctl.iam.evaluate import Policies, evaluate
from tenantctl.iam.policy import Kind, Policy
from tenantctl.iam.request import Context, Principal, PrincipalKind, Request
from tenantctl.proof.documents import Documents, session_of
from tenantctl.proof.prove import prove

CONFIG = """
version: 1
pool: p
region: us-east-1
account: "123456789012"
identity:
  tenant: {tag: C, pattern: "a|b"}
  user: {tag: U, pattern: "u"}
data:
  tables: [{name: records, partition_key: k, value: "{tenant}"}]
tiers: {x: {}}
"""
NAMES = Names(parse(CONFIG, "tenantctl.yaml"), "123456789012")
BOTH = ["sts:AssumeRole", "sts:TagSession"]
TENANTS = ("a", "b")
SPELLINGS = {"C": ("C", "c"), "T": ("Tier", "tier"), "U": ("U", "u")}
VALUES = {"C": TENANTS, "T": ("x",), "U": ("u",)}
COUNT = 100

ROLE = "arn:aws:iam::123456789012:role/"
MINTERS = tuple(
    Principal(
        PrincipalKind.SESSION,
        f"arn:aws:sts::123456789012:assumed-role/{name}/s",
        "123456789012",
        ROLE + name,
    )
    for name in ("p-agent", "other", "third", "p-tvm")
)
ANYTHING = read(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
    },
    name="own",
    kind=Kind.IDENTITY,
)
IDENTITIES: tuple[list[dict[str, Any]], ...] = (
    [{"Effect": "Allow", "Action": "sts:*", "Resource": ROLE + "p-tvm"}],
    [{"Effect": "Allow", "Action": "dynamodb:Scan", "Resource": "*"}],
    [
        {
            "Effect": "Allow",
            "Action": "dynamodb:Scan",
            "Resource": "*",
            "Condition": {"Null": {"aws:PrincipalTag/Tier": "true"}},
        }
    ],
)

Passed = tuple[tuple[str, str, str], ...]
"""Tags as (tag, key as spelt, value)."""


def test_no_trust_policy_is_proved_that_brute_force_breaks() -> None:
    seen = Counter(_compared(seed) for seed in range(COUNT))
    assert not any("refuted" in what or "false" in what for what in seen), seen
    assert seen["inconclusive"] <= COUNT * 0.1
    assert min(seen["isolated"], seen["breach"]) > COUNT * 0.15, seen


def _compared(seed: int) -> str:
    trust, identity = case(seed)
    said = prove(NAMES, documents(trust, identity)).verdict
    found = brute(trust, identity)
    if said is Outcome.ISOLATED and found is True:
        return f"refuted: {seed}"
    if said is Outcome.BREACH and found is False:
        return f"false witness: {seed}"
    return said.value


def case(seed: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The statements of the trust policy and of the identity policy of a seed."""
    rng = random.Random(seed)  # noqa: S311 - reproducible, not secret
    made = [_statement(rng, allow=True) for _ in range(rng.choice((1, 1, 2)))]
    made += [_statement(rng, allow=False) for _ in range(rng.choice((0, 1, 1, 2)))]
    return made, rng.choice(IDENTITIES)


def _statement(rng: random.Random, *, allow: bool) -> dict[str, Any]:
    root = {"AWS": "arn:aws:iam::123456789012:root"}
    wide: list[Any] = [root, root, {"AWS": ROLE + "p-agent"}]
    wide.append({"AWS": [ROLE + "p-agent", ROLE + "p-tvm"]})
    asked: dict[str, dict[str, Any]] = {}
    for operator, key, value in (_asked(rng) for _ in range(rng.choice((0, 1, 1, 2)))):
        asked.setdefault(operator, {})[key] = value
    made: dict[str, Any] = {
        "Effect": "Allow" if allow else "Deny",
        "Principal": rng.choice(wide) if allow else "*",
        "Action": rng.choice((BOTH, BOTH, "sts:TagSession")) if not allow else BOTH,
    }
    return made | ({"Condition": asked} if asked else {})


def _asked(rng: random.Random) -> tuple[str, str, Any]:
    some = rng.sample(("C", "c", "Tier", "U"), rng.choice((1, 2, 3)))
    keys = rng.choice(("sts:TransitiveTagKeys", "sts:TransitiveTagKeys", "aws:TagKeys"))
    tag = rng.choice(("C", "Tier", "U"))
    return rng.choice(
        (
            ("ForAllValues:StringEquals", keys, some),
            ("ForAnyValue:StringEquals", keys, some),
            ("ForAllValues:StringNotEquals", keys, some),
            ("Null", keys, rng.choice(("true", "false"))),
            ("StringLike", f"aws:RequestTag/{tag}", "?*"),
            ("Null", f"aws:RequestTag/{tag}", "true"),
            ("StringEquals", "aws:RequestTag/C", "${aws:PrincipalTag/C}"),
            ("StringNotEquals", "aws:RequestTag/C", "a"),
            ("ArnLike", "aws:PrincipalArn", ROLE + rng.choice(("p-*", "other", "p-tvm"))),
        )
    )


def documents(trust: list[dict[str, Any]], identity: list[dict[str, Any]]) -> Documents:
    """Both policies, read."""
    return Documents(_policy(trust, Kind.TRUST), (_policy(identity, Kind.IDENTITY),))


def _policy(statements: list[dict[str, Any]], kind: Kind) -> Policy:
    document = {"Version": "2012-10-17", "Statement": statements}
    return read(document, name=kind, kind=kind)


def brute(trust: list[dict[str, Any]], identity: list[dict[str, Any]]) -> bool | None:
    """Whether some session that can be made scans the table, or takes another tenant's tag.

    `None` where that hangs on whether inherited tags count as passed. STS itself refuses a
    request that passes an inherited tag again.
    """
    made = documents(trust, identity)
    policies = Policies((ANYTHING,), resource=made.trust)
    sessions = {
        (
            tuple(sorted((f"aws:principaltag/{_tag(t)}", value) for t, _, value in passed)),
            frozenset(tag for tag, _, _ in transitive),
        )
        for minter, passed in product(MINTERS, _taggings())
        for transitive in _subsets(passed)
        if _assumes(minter, _context(passed, transitive), policies)
    }
    doubt = False
    for carried, inherited in sessions:
        tags = {key: (value,) for key, value in carried}
        request = Request(session_of(NAMES), "dynamodb:Scan", NAMES.table_arn(TABLE), tags)
        if evaluate(request, Policies(made.identity)).allowed:
            return True
        answer = _retags(inherited, tags, made)
        if answer:
            return True
        doubt = doubt or answer is None
    return None if doubt else False


TABLE = NAMES.pool.data.tables[0]


def _retags(inherited: frozenset[str], tags: Context, made: Documents) -> bool | None:
    if "C" in inherited or not any(p.speaking_of(BOTH[0])[0] for p in made.for_role().every):
        return False
    doubt = False
    for again in _taggings():
        if any(tag == "C" and (value,) == tags["aws:principaltag/c"] for tag, _, value in again):
            continue
        for lasting in _subsets(again):
            context = {**tags, **_context(again, lasting)}
            if _assumes(session_of(NAMES), context, made.for_role()):
                if not inherited & {tag for tag, _, _ in again}:
                    return True
                doubt = True
    return None if doubt else False


def _assumes(minter: Principal, context: Context, policies: Policies) -> bool:
    known = {
        "aws:principalarn": (str(minter.role_arn),),
        "aws:principalaccount": (minter.account,),
        **context,
    }
    return all(
        evaluate(Request(minter, action, NAMES.vending_role_arn, known), policies).allowed
        for action in BOTH
    )


def _context(passed: Passed, transitive: Passed) -> Context:
    found: dict[str, tuple[str, ...]] = {
        f"aws:requesttag/{_tag(tag)}": (value,) for tag, _, value in passed
    }
    found["aws:tagkeys"] = tuple(key for _, key, _ in passed)
    if transitive:
        found["sts:transitivetagkeys"] = tuple(key for _, key, _ in transitive)
    return found


def _tag(tag: str) -> str:
    return "tier" if tag == "T" else tag.lower()


def _taggings() -> Iterator[Passed]:
    """Every choice of tags that makes a tenant's session."""
    for others in ((), ("T",), ("U",), ("T", "U")):
        spelt = product(*(product(SPELLINGS[tag], VALUES[tag]) for tag in ("C", *others)))
        for chosen in spelt:
            yield tuple(
                (tag, key, value) for tag, (key, value) in zip(("C", *others), chosen, strict=True)
            )


def _subsets(passed: Passed) -> Iterator[Passed]:
    """Every choice of transitive tags, in both spellings."""
    for size in range(len(passed) + 1):
        for some in combinations(passed, size):
            for keys in product(*(SPELLINGS[tag] for tag, _, _ in some)):
                yield tuple(
                    (tag, key, value) for (tag, _, value), key in zip(some, keys, strict=True)
                )


AGENT = {"AWS": ROLE + "p-agent"}
LET_IN: dict[str, Any] = {"Effect": "Allow", "Principal": AGENT, "Action": BOTH}
SPELT_OUT = Names(
    parse(
        CONFIG.replace("tag: C,", "tag: ClinicId,").replace("a|b", "[a-z0-9-]{1,9}"),
        "tenantctl.yaml",
    ),
    NAMES.account,
)
SECONDS = 2.5
"""Of the processor's time, for the longest of the hostile policies."""


def _denied(asked: dict[str, Any]) -> dict[str, Any]:
    return {"Effect": "Deny", "Principal": "*", "Action": BOTH, "Condition": asked}


def _spelt(number: int) -> str:
    return "".join(c.upper() if number >> at & 1 else c for at, c in enumerate("clinicid"))


HOSTILE: dict[str, tuple[list[dict[str, Any]], Outcome]] = {
    "spellings of one tag": (
        [LET_IN]
        + [_denied({"ForAnyValue:StringEquals": {"aws:TagKeys": _spelt(n)}}) for n in range(256)],
        Outcome.INCONCLUSIVE,
    ),
    "tags that nobody passes": (
        [LET_IN]
        + [_denied({"ForAnyValue:StringEquals": {"aws:TagKeys": f"k{n}"}}) for n in range(300)],
        Outcome.BREACH,
    ),
    "tags that are demanded": (
        [LET_IN | {"Condition": {"Null": {f"aws:RequestTag/t{n}": "false" for n in range(300)}}}],
        Outcome.INCONCLUSIVE,
    ),
    "spellings of what is transitive": (
        [LET_IN]
        + [
            _denied({"ForAllValues:StringNotEquals": {"sts:TransitiveTagKeys": _spelt(n)}})
            for n in range(256)
        ],
        Outcome.INCONCLUSIVE,
    ),
    "ways in by value": (
        [
            LET_IN | {"Condition": {"StringLike": {"aws:RequestTag/ClinicId": f"*{n}*"}}}
            for n in range(300)
        ],
        Outcome.INCONCLUSIVE,
    ),
    "values kept out": (
        [LET_IN]
        + [
            _denied({"StringEquals": {"aws:RequestTag/ClinicId": f"clinic-{n}"}})
            for n in range(300)
        ],
        Outcome.BREACH,
    ),
    "principals": (
        [LET_IN | {"Principal": {"AWS": f"{ROLE}r{n}"}} for n in range(400)],
        Outcome.BREACH,
    ),
    "principals by conditions": (
        [
            LET_IN
            | {"Principal": "*", "Condition": {"ArnEquals": {"aws:PrincipalArn": f"{ROLE}r{n}"}}}
            for n in range(400)
        ],
        Outcome.INCONCLUSIVE,
    ),
    "keys that the minter chooses": (
        [
            LET_IN
            | {"Condition": {"StringEquals": {"sts:ExternalId": f"e{n}", "aws:Referer": f"r{n}"}}}
            for n in range(60)
        ],
        Outcome.BREACH,
    ),
    "keys of one statement": (
        [LET_IN | {"Condition": {"StringLike": {f"sts:x{n}": "?*" for n in range(60)}}}],
        Outcome.BREACH,
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_trust_policy_is_answered_in_time(name: str) -> None:
    trust, expected = HOSTILE[name]
    scan = IDENTITIES[1]
    started = time.process_time()
    report = prove(SPELT_OUT, documents(trust, scan))
    assert time.process_time() - started < SECONDS
    assert report.verdict is expected
    if expected is Outcome.INCONCLUSIVE:
        assert any("trust policy" in said or "tags" in said for said in _messages(report))


def _messages(report: Report) -> list[str]:
    return [f.message for f in report.findings if f.outcome is Outcome.INCONCLUSIVE]


def main(count: int, start: int = 0) -> int:
    """Compare; returns 1 if the proof is wrong."""
    seen = Counter(_compared(seed) for seed in range(start, start + count))
    print(dict(seen))  # noqa: T201 - a script
    return int(any("refuted" in what or "false" in what for what in seen))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0))
