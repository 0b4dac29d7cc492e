"""Read `tenantctl.yaml` into a `Pool`; whatever is unknown, doubled or contradictory is refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from tenantctl.domain import config_shape as shape
from tenantctl.domain.config_rules import TierRules
from tenantctl.domain.pool import (
    Bucket,
    Claim,
    Data,
    Identity,
    Index,
    KnowledgeBase,
    Memory,
    Pool,
    Roles,
    Strategy,
    Table,
    Target,
)
from tenantctl.domain.regular import PatternError, compiled
from tenantctl.domain.template import Template, Variable
from tenantctl.domain.yaml_nodes import compose, read_text
from tenantctl.domain.yaml_shape import Source, Step, near_miss, shown
from tenantctl.errors import ConfigError, Place, UsageError

LOCAL_ACCOUNT = "123456789012"
"""The embedded cloud's account, where the configuration names none."""

MAX_BYTES = 1_000_000
HINT = "`tenantctl init` writes one to start from, `--config` names another"


def load(path: Path, *, target: Target | None = None) -> Pool:
    """The pool that the file describes, with all defaults filled in.

    `target` overrides the file's. Raises `ConfigError` with file, line and key.
    """
    return parse(read_text(path, limit=MAX_BYTES, hint=HINT), str(path), target=target)


def parse(text: str, file: str, *, target: Target | None = None) -> Pool:
    """The pool that `text` describes; `file` is for errors. Raises `ConfigError`."""
    root = compose(text, file)
    if root is None:
        raise ConfigError("the file is empty", place=Place(file), hint=HINT)
    source = Source(file, root)
    return _Check(source).pool(source.read(shape.File), target)


def json_schema() -> dict[str, object]:
    """The JSON Schema (2020-12) of the configuration, for editors."""
    import msgspec

    schema = msgspec.json.schema(shape.File)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


@dataclass(frozen=True, slots=True)
class _Check:
    """What the form alone can't say."""

    source: Source

    def pool(self, file: shape.File, target: Target | None) -> Pool:
        where = target or Target(file.target)
        local = where is Target.LOCAL
        identity = self.identity(file.identity)
        tiers = {name: TierRules(self.source, name).read(tier) for name, tier in file.tiers.items()}
        self.tier_values(identity.tier, tiers)
        return Pool(
            name=file.pool,
            target=where,
            region=file.region,
            account=file.account or (LOCAL_ACCOUNT if local else None),
            identity=identity,
            roles=self.roles(file),
            data=self.data(file.data),
            tiers=MappingProxyType(tiers),
            container=file.runtime.container,
        )

    def identity(self, given: shape.Identity) -> Identity:
        claims: dict[Variable, shape.NamedClaim] = {
            Variable.TIER: given.tier,
            Variable.TENANT: given.tenant,
            Variable.USER: given.user,
        }
        # STS compares tag keys without regard to case.
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_know
        self.distinct((c.tag.casefold() for c in claims.values()), claims, "tag", "identity")
        self.distinct((c.claim for c in claims.values()), claims, "claim", "identity")
        for name, claim in claims.items():
            if claim.pattern is not None:
                self.regex(claim.pattern, "identity", name.value, "pattern")
        tier, tenant, user = (Claim(c.tag, c.claim, c.pattern) for c in claims.values())
        return Identity(tier=tier, tenant=tenant, user=user)

    def regex(self, pattern: str, *path: Step) -> None:
        try:
            compiled(pattern)
        except PatternError as error:
            message = f"expected a regular expression, got {shown(pattern)}: {error}"
            raise self.source.error(message, *path) from error

    def roles(self, file: shape.File) -> Roles:
        agent = file.roles.agent or f"{file.pool}-agent"
        vending = file.roles.vending or f"{file.pool}-tvm"
        # IAM's role names are distinct without regard to case.
        if agent.casefold() == vending.casefold():
            message = f"`{vending}` is the agent role too; the vending role must be another"
            raise self.source.error(message, "roles", "vending")
        self.unique(file.roles.operators, "roles", "operators")
        return Roles(agent, vending, file.roles.operators)

    def data(self, given: shape.Data) -> Data:
        for key, entries in (
            ("tables", given.tables),
            ("buckets", given.buckets),
            ("memories", given.memories),
            ("knowledge_bases", given.knowledge_bases),
        ):
            names = [e.name for e in entries]
            self.distinct(names, range(len(names)), "name", "data", key)
        return Data(
            tables=tuple(self.table(t, i) for i, t in enumerate(given.tables)),
            buckets=tuple(
                Bucket(b.name, self.layout(b.prefix, "data", "buckets", i, "prefix"), b.arn)
                for i, b in enumerate(given.buckets)
            ),
            memories=tuple(self.memory(m, i) for i, m in enumerate(given.memories)),
            knowledge_bases=tuple(self.knowledge_bases(given)),
        )

    def knowledge_bases(self, given: shape.Data) -> Iterator[KnowledgeBase]:
        """Each over a bucket of its own, which the pool has."""
        at, bases = ("data", "knowledge_bases"), given.knowledge_bases
        self.distinct([base.bucket for base in bases], range(len(bases)), "bucket", *at)
        buckets = [bucket.name for bucket in given.buckets]
        for i, base in enumerate(bases):
            if base.bucket not in buckets:
                message = f"{shown(base.bucket)} is none of `data.buckets`"
                hint = near_miss(base.bucket, buckets) or "declare the bucket of its documents"
                raise self.source.error(message, *at, i, "bucket", hint=hint)
            yield KnowledgeBase(base.name, base.bucket, base.arn)

    def table(self, given: shape.Table, number: int) -> Table:
        at = ("data", "tables", number)
        if given.sort_key == given.partition_key:
            message = f"`{given.sort_key}` is the partition key too"
            raise self.source.error(message, *at, "sort_key")
        names = [index.name for index in given.indexes]
        self.distinct(names, range(len(names)), "name", *at, "indexes")
        for i, index in enumerate(given.indexes):
            if index.sort_key == given.partition_key:
                message = f"`{index.sort_key}` is the partition key too"
                raise self.source.error(message, *at, "indexes", i, "sort_key")
        return Table(
            name=given.name,
            partition_key=given.partition_key,
            value=self.layout(given.value, *at, "value"),
            sort_key=given.sort_key,
            indexes=tuple(Index(i.name, i.sort_key) for i in given.indexes),
            arn=given.arn,
        )

    def memory(self, given: shape.Memory, number: int) -> Memory:
        at = ("data", "memories", number)
        actor = self.layout(given.actor, *at, "actor")
        self.unique(given.strategies, *at, "strategies")
        memory = Memory(
            given.name,
            actor,
            self.layout(given.namespace, *at, "namespace"),
            given.arn,
            tuple(Strategy(name) for name in given.strategies),
            given.expiry_days,
        )
        if memory.strategies and memory.extracted_to is None:
            message = "strategies file records by actor, and this doesn't hold the actor whole"
            hint = f"write it like `clinic/{memory.actor}/`, or leave `strategies` out"
            raise self.source.error(message, *at, "namespace", hint=hint)
        return memory

    def layout(self, text: str, *path: Step) -> Template:
        """A template that names the tenant; whether it does so unmistakably is for the proof."""
        try:
            template = Template.parse(text)
        except UsageError as error:
            raise self.source.error(error.message, *path, hint=error.hint) from error
        if Variable.TENANT not in template.variables:
            message = f"{shown(text)} doesn't mention {{tenant}}: it would be every tenant's"
            raise self.source.error(message, *path, hint="write it like `{tier}-tier/{tenant}/`")
        return template

    def tier_values(self, claim: Claim, tiers: Iterable[str]) -> None:
        for name in tiers:
            if not claim.takes(name):
                message = f"{shown(name)} doesn't match `identity.tier.pattern`"
                raise self.source.error(message, "tiers", name)

    def unique(self, values: tuple[str, ...], *path: Step) -> None:
        for i, value in enumerate(values):
            if value in values[:i]:
                raise self.source.error(f"{shown(value)} occurs twice", *path, i)

    def distinct(self, values: Iterable[str], steps: Iterable[Step], key: str, *path: Step) -> None:
        """Refuse two entries of a collection with the same value under `key`."""
        first: dict[str, Step] = {}
        for value, step in zip(values, steps, strict=True):
            at = step.value if isinstance(step, Variable) else step
            if value in first:
                line = self.source.place(*path, first[value], key).line
                message = f"{shown(value)} is used already, on line {line}"
                raise self.source.error(message, *path, at, key)
            first[value] = at
