"""What of the pool makes calls readable: whose tier's, at whose gateway."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tenantctl.cedar.regions.mentions import Asks, Mention
from tenantctl.cedar.regions.operand import Attribute, Kind


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the pool: its tiers, the claim that says one's tier, each tier's gateway.

    `gateways` are the tiers by their gateway's ARN; of several of a tier, the last one exists.
    """

    tiers: tuple[str, ...] = ()
    claim: str = "custom:tier"
    gateways: Mapping[str, str] = field(default_factory=dict)

    @property
    def attribute(self) -> Attribute:
        """The tier's claim."""
        return Attribute(Kind.CLAIM, (self.claim,))

    @property
    def tier_cuts(self) -> tuple[Mention, ...]:
        """What tells the tiers apart where anything about the claim is asked."""
        return tuple(Mention(self.attribute, Asks.TEXT, tier) for tier in self.tiers)

    @property
    def places(self) -> tuple[str, ...]:
        """Each tier's gateway, by its ARN."""
        return tuple({tier: arn for arn, tier in self.gateways.items()}.values())
