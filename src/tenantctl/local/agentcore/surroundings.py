"""What the control plane sees of the rest of the embedded cloud."""

from __future__ import annotations

from dataclasses import dataclass

from tenantctl.domain.names import partition
from tenantctl.local.gateway.address import url_of
from tenantctl.local.policy_engine.api import PolicyEngines


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`Around` for one account in one region; `served_at` is the address that is listened on."""

    region: str
    account: str
    engines: PolicyEngines
    served_at: str | None

    def gateway_url(self, gateway_id: str) -> str:
        """Where a gateway answers now; while the cloud isn't served, the address it has on AWS."""
        if self.served_at is not None:
            return url_of(self.served_at, gateway_id)
        suffix = "amazonaws.com.cn" if partition(self.region) == "aws-cn" else "amazonaws.com"
        return f"https://{gateway_id}.gateway.bedrock-agentcore.{self.region}.{suffix}/mcp"

    def has_engine(self, arn: str) -> bool:
        """Whether there is such a policy engine."""
        return self.engines.has(arn)

    def has_object(self, bucket: str, key: str) -> bool:
        """Whether there is such an object in S3."""
        from moto.s3.models import s3_backends

        found = s3_backends[self.account][partition(self.region)].buckets.get(bucket)
        return found is not None and found.keys.get(key) is not None
