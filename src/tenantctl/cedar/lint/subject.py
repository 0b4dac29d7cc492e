"""What is linted: texts of policies, read once, and the pool that they are about."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from tenantctl.cedar.decide import IAM
from tenantctl.cedar.findings import findings
from tenantctl.cedar.positions import Outline, outline
from tenantctl.cedar.regions.mentions import Asks, Mention
from tenantctl.cedar.regions.operand import Attribute, Kind
from tenantctl.cedar.regions.space import asks
from tenantctl.cedar.schema import problems
from tenantctl.cedar.statement import Statement, literal, parse
from tenantctl.domain.names import Names
from tenantctl.domain.policies import PolicyKey
from tenantctl.domain.tools import TOOLS, Tool


@dataclass(frozen=True, slots=True)
class Source:
    """The text of a file. `key` says which tier's it is, None for a file outside any folder."""

    file: str
    text: str
    key: PolicyKey | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """What policies are held against.

    `gateways` are ARNs by tier; `tier_claim` and `tenant_claim` are names in the token.
    """

    gateways: Mapping[str, str]
    tier_claim: str
    tenant_claim: str
    tools: Mapping[str, Tool] = field(default_factory=lambda: TOOLS)

    @property
    def actions(self) -> dict[str, Tool]:
        """The tools by their action's id."""
        return {tool.action: tool for tool in self.tools.values()}

    @property
    def groups(self) -> frozenset[str]:
        """The ids of actions that aren't a tool's but stand for several."""
        return frozenset({"CallTool", "Mcp", *(tool.target for tool in self.tools.values())})


@dataclass(frozen=True, slots=True)
class Policy:
    """A file with one statement.

    `mentions` is what its conditions ask of a call; `problems` are what Cedar's validator says, and
    `certain` is what AgentCore finds wrong with its reach whatever the conditions' parts mean.
    """

    source: Source
    statement: Statement
    outline: Outline
    mentions: tuple[Mention, ...]
    problems: tuple[str, ...]
    certain: tuple[str, ...]

    @property
    def takes_iam(self) -> bool:
        """Whether IAM callers may be meant, of whom no calls are made up."""
        told = json.dumps([condition.body for condition in self.statement.conditions])
        scope = self.statement.principal
        types = {scope.entity_type, *(entity.type for entity in scope.entities)}
        return IAM in types or (scope.bare and IAM in told)

    @property
    def label(self) -> str:
        """What the policy is called in messages about another."""
        return self.statement.id or self.source.file

    def line(self, *names: str) -> int:
        """The first line of the conditions with one of the names or strings, else their first."""
        spelled = [text for name in names for text in (name, literal(name))]
        return self.outline.word(*spelled) or self.outline.conditions

    def mentioned(self, kind: Kind, name: str | None = None) -> tuple[Mention, ...]:
        """The mentions of a kind of attribute, or of the one called `name`."""
        return tuple(
            one
            for one in self.mentions
            if one.attribute.kind is kind and (name is None or one.attribute == _called(kind, name))
        )

    def tiers(self, frame: Frame) -> tuple[Mention, ...]:
        """What tells its tier from others that a pattern on the tier's claim matches, too."""
        asked = self.mentioned(Kind.CLAIM, frame.tier_claim)
        if self.source.key is None or not any(one.asks is Asks.LIKE for one in asked):
            return ()
        return (Mention(asked[0].attribute, Asks.TEXT, self.source.key.tier),)

    def tools(self, frame: Frame) -> tuple[Tool, ...]:
        """The declared tools that the statement's head is about."""
        scope = self.statement.action
        named = {entity.id for entity in scope.entities}
        grouped = scope.op == "in"
        return tuple(
            tool
            for tool in frame.tools.values()
            if scope.bare
            or tool.action in named
            or (grouped and named & {"CallTool", "Mcp", tool.target})
        )


def frame(names: Names) -> Frame:
    """The frame of a pool."""
    identity = names.pool.identity
    return Frame(
        {tier: names.gateway_arn(tier) for tier in names.pool.tiers},
        identity.tier.claim,
        identity.tenant.claim,
    )


def read(source: Source, frame: Frame) -> Policy:
    """The file's statement; raises `UnreadableError`."""
    statement = parse(source.text, source.file)
    found = tuple(one for one in asks(statement) if isinstance(one, Mention))
    wrong = problems(statement, None if frame.tools is TOOLS else frame.tools.values())
    return Policy(source, statement, outline(source.text), found, wrong, findings(statement))


def _called(kind: Kind, name: str) -> Attribute:
    return Attribute(kind, (name,))
