"""Where the pool keeps its tenants' data: the environment that the function was deployed with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from shared.identity import Identity
from tools.failure import ToolError


@dataclass(frozen=True, slots=True)
class Table:
    """The table of the tenants' items; `value` is a template of the partition key's value."""

    name: str
    partition_key: str
    sort_key: str
    value: str


@dataclass(frozen=True, slots=True)
class Settings:
    """All that a tool knows besides its caller; `prefix` is a template: `{tier}-tier/{tenant}/`."""

    identity: Identity
    vending_role: str
    prefix: str
    records: Table | None = None
    documents: str | None = None
    knowledge_base: str | None = None
    knowledge_base_id: str | None = None

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Settings:
        """As the environment says; a function that lacks a part of it runs for nobody."""
        table = environment.get("TENANTCTL_TABLE")
        return cls(
            identity=Identity.of(environment),
            vending_role=environment["TENANTCTL_VENDING_ROLE_ARN"],
            prefix=environment["TENANTCTL_PREFIX"],
            records=Table(**json.loads(table)) if table else None,
            documents=environment.get("TENANTCTL_BUCKET"),
            knowledge_base=environment.get("TENANTCTL_KNOWLEDGE_BASE"),
            knowledge_base_id=environment.get("TENANTCTL_KNOWLEDGE_BASE_ID"),
        )

    @property
    def table(self) -> Table:
        """The table; raises `ToolError` in a pool without one."""
        if self.records is None:
            raise ToolError("NotConfigured", "the pool has no table of records")
        return self.records

    @property
    def searched(self) -> bool:
        """Whether a knowledge base lies over the documents."""
        return bool(self.knowledge_base or self.knowledge_base_id)

    @property
    def bucket(self) -> str:
        """The bucket; raises `ToolError` in a pool without one."""
        if self.documents is None:
            raise ToolError("NotConfigured", "the pool has no bucket of documents")
        return self.documents
