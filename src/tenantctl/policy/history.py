"""Every push that was made, with its texts, as the registry keeps them.

    POLICIES   VERSION#<number>   see `Version`; `holds` and `changes` are JSON
    POLICIES   TEXT#<digest>      a statement; versions share it
    POLICIES   LOCK               see `lock`

A version is entered before its push begins and says `done` once all of it is. Where a push was
killed, a version that only started stays; the next push of the same policies goes on with it.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from tenantctl.aws.failures import translated
from tenantctl.aws.session import Aws
from tenantctl.domain import versions as keys
from tenantctl.domain.names import Names
from tenantctl.domain.policies import PolicyKey
from tenantctl.errors import NotFoundError, StateError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

_BATCH = 100
"""Keys in a BatchGetItem.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
"""


class Kind(StrEnum):
    """What made a version."""

    PUSH = "push"
    ROLLBACK = "rollback"
    ONBOARDING = "onboarding"


class Progress(StrEnum):
    """How far a version's push got."""

    STARTED = "started"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Held:
    """A policy of a version: its name in the engine, and the digest of its statement."""

    key: PolicyKey
    name: str
    digest: str
    enforced: bool = True

    @property
    def label(self) -> str:
        """What people call it."""
        return self.key.annotation


@dataclass(frozen=True, slots=True)
class Version:
    """One push.

    Times are UTC, ISO 8601; `who` is the ARN that STS says; `of` the version that a rollback went
    back to; `changes` are `created …` and `deleted …` of policies and gateways. A `trial` version
    puts nothing in force: what was, it repeats.
    """

    number: int
    progress: Progress
    kind: Kind
    started: str
    ended: str
    who: str
    tool: str
    holds: tuple[Held, ...]
    changes: tuple[str, ...] = ()
    trial: bool = False
    of: int | None = None

    def document(self) -> dict[str, Any]:
        """The version as one JSON value."""
        return {
            "version": self.number,
            "state": self.progress.value,
            "kind": self.kind.value,
            "of": self.of,
            "log_only": self.trial,
            "started": self.started,
            "ended": self.ended or None,
            "who": self.who,
            "tool": self.tool,
            "policies": len(self.holds),
            "changes": list(self.changes),
        }


@dataclass(frozen=True, slots=True)
class Record:
    """Where the engine should stand: the last push that ended, and those that began since."""

    done: Version | None = None
    open: tuple[Version, ...] = ()

    @property
    def latest(self) -> Version | None:
        """The newest version; `None` before the first push."""
        return self.open[-1] if self.open else self.done

    @property
    def names(self) -> Mapping[str, Held]:
        """Every policy that may be in the engine, by its name there."""
        return {held.name: held for version in self._chain for held in version.holds}

    @property
    def possible(self) -> frozenset[Held]:
        """Every policy that may be in the engine."""
        return frozenset(held for version in self._chain for held in version.holds)

    @property
    def certain(self) -> frozenset[Held]:
        """Every policy that must be in the engine: no push since has taken it away."""
        if self.done is None:
            return frozenset()
        return frozenset.intersection(*(frozenset(version.holds) for version in self._chain))

    @property
    def _chain(self) -> tuple[Version, ...]:
        return self.open if self.done is None else (self.done, *self.open)


def record(aws: Aws, names: Names) -> Record:
    """The newest versions, as far back as matters."""
    begun: list[Version] = []
    for version in _newest_first(aws, names):
        if version.progress is Progress.DONE:
            return Record(version, tuple(reversed(begun)))
        begun.append(version)
    return Record(None, tuple(reversed(begun)))


def versions(aws: Aws, names: Names) -> tuple[Version, ...]:
    """All versions, the oldest first."""
    return tuple(reversed(tuple(_newest_first(aws, names))))


def version(aws: Aws, names: Names, number: int) -> Version:
    """One version; raises `NotFoundError` that names near ones."""
    with translated(f"reading version {number} of the policies"):
        item = (
            aws.client("dynamodb")
            .get_item(
                TableName=names.registry_table,
                Key=_key(keys.version_key(number)),
                ConsistentRead=True,
            )
            .get("Item")
        )
    if item is not None:
        return _version(item)
    known = [str(v.number) for v in _newest_first(aws, names)]
    near = difflib.get_close_matches(str(number), known, n=3, cutoff=0.4) or known[:3]
    there = f"there are, for example, {', '.join(near)}" if near else "nothing was pushed yet"
    raise NotFoundError(
        f"there is no version {number} of the policies",
        hint=f"{there}: see `tenantctl policy history`",
    )


def texts(aws: Aws, names: Names, number: int) -> dict[str, str]:
    """The statements of a version by label, those on trial marked; raises `NotFoundError`."""
    found = version(aws, names, number)
    by_digest = statements(aws, names, found)
    return {
        held.label if held.enforced else f"{held.label} (log-only)": by_digest[held.digest]
        for held in found.holds
    }


def statements(aws: Aws, names: Names, of: Version) -> dict[str, str]:
    """The statements of a version by digest; raises `StateError` for one that isn't as kept."""
    wanted = sorted({held.digest for held in of.holds})
    table, found = names.registry_table, {}
    with translated(f"reading the statements of version {of.number}"):
        for start in range(0, len(wanted), _BATCH):
            ask: Any = {
                table: {
                    "Keys": [_key(keys.text_key(d)) for d in wanted[start : start + _BATCH]],
                    "ConsistentRead": True,
                }
            }
            while ask:
                answer = aws.client("dynamodb").batch_get_item(RequestItems=ask)
                for item in answer["Responses"].get(table, []):
                    found[_text(item, "sk").removeprefix(keys.TEXT)] = _text(item, "text")
                ask = answer.get("UnprocessedKeys")
    wrong = [d for d in wanted if d not in found or keys.digest(found[d]) != d]
    if wrong:
        raise StateError(
            f"the registry has lost {len(wrong)} statements of version {of.number}",
            hint="restore the registry table from its point-in-time recovery",
        )
    return found


def _newest_first(aws: Aws, names: Names) -> Iterator[Version]:
    with translated("reading the history of the policies"):
        pages = (
            aws.client("dynamodb")
            .get_paginator("query")
            .paginate(
                TableName=names.registry_table,
                KeyConditionExpression="pk = :pk AND begins_with(sk, :version)",
                ExpressionAttributeValues={
                    ":pk": {"S": keys.POLICIES},
                    ":version": {"S": keys.VERSION},
                },
                ScanIndexForward=False,
                ConsistentRead=True,
            )
        )
        for page in pages:
            yield from map(_version, page["Items"])


def _version(item: Mapping[str, AttributeValueTypeDef]) -> Version:
    return Version(
        number=int(item["number"]["N"]),
        progress=Progress(_text(item, "state")),
        kind=Kind(_text(item, "kind")),
        started=_text(item, "started"),
        ended=_text(item, "ended"),
        who=_text(item, "who"),
        tool=_text(item, "tool"),
        holds=tuple(
            Held(PolicyKey(tier, tool), name, digest, enforced)
            for tier, tool, name, digest, enforced in json.loads(_text(item, "holds"))
        ),
        changes=tuple(json.loads(_text(item, "changes"))),
        trial=item["trial"]["BOOL"],
        of=int(item["of"]["N"]) if "of" in item else None,
    )


def _text(item: Mapping[str, AttributeValueTypeDef], name: str) -> str:
    return item.get(name, {}).get("S", "")


def _key(sort_key: str) -> dict[str, AttributeValueTypeDef]:
    return {"pk": {"S": keys.POLICIES}, "sk": {"S": sort_key}}
