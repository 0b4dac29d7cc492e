"""What a tier's gateway must be: who is let in, what is asked before a tool is called, and how."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tenantctl.aws import lookup
from tenantctl.aws.session import Aws
from tenantctl.domain.headers import PROPAGATED_HEADERS
from tenantctl.domain.names import Names
from tenantctl.domain.pool import RateLimit, Tier
from tenantctl.domain.tools import TOOLS, Tool
from tenantctl.pool.ownership import Tags
from tenantctl.pool.step import Part

KIND = "gateway"


@dataclass(frozen=True, slots=True)
class Known:
    """What only the services know, by the pool's parts: ids that they assigned.

    Before the parts are made, in a plan, they stand for themselves in words.
    """

    discovery_url: str
    audience: str
    engine: str
    gateways: Mapping[str, str] = field(default_factory=dict)
    """The gateways' ids by name, as far as they are known."""

    @classmethod
    def planned(
        cls, names: Names, *, user_pool: str | None, client: str | None, engine: str | None
    ) -> Known:
        """As far as it is known: ids of user pool and app client, ARN of the engine."""
        return cls(
            "(the user pool's)" if user_pool is None else _discovery(names.issuer(user_pool)),
            client or "(the app client's id)",
            engine or "(the policy engine's ARN)",
        )

    @classmethod
    def now(cls, aws: Aws, names: Names) -> Known:
        """As it is; raises `NotFoundError` for what hasn't been made."""
        people = lookup.user_pool(aws, names)
        engine = lookup.policy_engine(aws, names)
        gateways = {g.name: g.id for g in lookup.find_gateways(aws, names).values()}
        return cls(_discovery(people.issuer), people.client_id, engine.arn, gateways)

    def behind(self, gateways: Iterable[Part]) -> Known:
        """With the ids of gateways as they were found."""
        ids = {part.name: part.id.rpartition("/")[2] for part in gateways if part.id}
        return replace(self, gateways=ids)

    def gateway_url(self, names: Names, tier: str) -> str:
        """The MCP endpoint of a tier's gateway."""
        gateway_id = self.gateways.get(names.gateway(tier))
        return "(the gateway's URL)" if gateway_id is None else names.gateway_url(gateway_id)


@dataclass(frozen=True, slots=True)
class TargetSpec:
    """A tool behind the gateway: the function that it is, and what it is told."""

    tool: Tool
    function_arn: str

    @property
    def name(self) -> str:
        """The target's name."""
        return self.tool.target

    @property
    def settings(self) -> dict[str, Any]:
        """CreateGatewayTarget's, without the gateway.

        https://docs.aws.amazon.com/bedrock-agentcore-control/latest/APIReference/API_CreateGatewayTarget.html
        """
        schema = {key: value for key, value in self.tool.input_schema.items() if value}
        described = {
            "name": self.tool.name,
            "description": self.tool.description,
            "inputSchema": schema,
        }
        return {
            "name": self.name,
            "description": self.tool.description,
            "targetConfiguration": {
                "mcp": {
                    "lambda": {
                        "lambdaArn": self.function_arn,
                        "toolSchema": {"inlinePayload": [described]},
                    }
                }
            },
            "credentialProviderConfigurations": [{"credentialProviderType": "GATEWAY_IAM_ROLE"}],
            "metadataConfiguration": {"allowedRequestHeaders": list(PROPAGATED_HEADERS)},
        }


@dataclass(frozen=True, slots=True)
class GatewaySpec:
    """A tier's gateway with its targets and its rate limit."""

    names: Names
    tier: str
    targets: tuple[TargetSpec, ...]
    limit: RateLimit | None

    @property
    def name(self) -> str:
        """The gateway's name."""
        return self.names.gateway(self.tier)

    @property
    def tags(self) -> Tags:
        """The tags that make it the pool's."""
        return self.names.tags

    @property
    def resource(self) -> str:
        """How messages name it."""
        return f"{KIND} `{self.name}`"

    def settings(self, known: Known) -> dict[str, Any]:
        """CreateGateway's, without tags.

        Only the tier's own people are let in, by a claim of the token that they can't write; the
        engine enforces from the start, and without policies it refuses every call.
        https://docs.aws.amazon.com/bedrock-agentcore-control/latest/APIReference/API_CreateGateway.html
        """
        names = self.names
        return {
            "name": self.name,
            "description": f"Tools for tier {self.tier}",
            "roleArn": names.role_arn(names.gateway_role),
            "protocolType": "MCP",
            "authorizerType": "CUSTOM_JWT",
            "authorizerConfiguration": authorizer(names, self.tier, known),
            "interceptorConfigurations": [
                {
                    "interceptor": {"lambda": {"arn": names.function_arn(names.interceptor)}},
                    "interceptionPoints": ["REQUEST"],
                    "inputConfiguration": {"passRequestHeaders": True},
                }
            ],
            "policyEngineConfiguration": {"arn": known.engine, "mode": "ENFORCE"},
        }


def specs(names: Names) -> tuple[GatewaySpec, ...]:
    """A gateway for each tier; only tools that the tier is given are behind it."""
    return tuple(_spec(names, tier) for tier in names.pool.tiers.values())


def authorizer(names: Names, tier: str, known: Known) -> dict[str, Any]:
    """Who may call a tier's gateway or runtime: the pool's signed-in users of that tier.

    ID tokens carry the app client in `aud`, and the tier as a custom claim.
    https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/inbound-jwt-authorizer.html
    """
    own_tier = {
        "inboundTokenClaimName": names.pool.identity.tier.claim,
        "inboundTokenClaimValueType": "STRING",
        "authorizingClaimMatchValue": {
            "claimMatchValue": {"matchValueString": tier},
            "claimMatchOperator": "EQUALS",
        },
    }
    return {
        "customJWTAuthorizer": {
            "discoveryUrl": known.discovery_url,
            "allowedAudience": [known.audience],
            "customClaims": [own_tier],
        }
    }


def _spec(names: Names, tier: Tier) -> GatewaySpec:
    given: Mapping[str, object] = tier.tools
    targets = tuple(
        TargetSpec(tool, names.function_arn(names.function(tool)))
        for tool in TOOLS.values()
        if tool.name in given
    )
    return GatewaySpec(names, tier.name, targets, tier.rate_limit)


def _discovery(issuer: str) -> str:
    return f"{issuer}/.well-known/openid-configuration"
