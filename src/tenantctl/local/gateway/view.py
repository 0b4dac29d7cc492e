"""The gateways that the control plane keeps, read again only after it was written to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from tenantctl.local.gateway.settings import Gateway, gateway_of

if TYPE_CHECKING:
    from tenantctl.local.cloud import Cloud

CONTROL = "bedrock-agentcore-control"


class Gateways:
    """Gateways by id; may be used from many threads."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._seen = -1
        self._kept: dict[str, Gateway] = {}

    def find(self, gateway_id: str) -> Gateway:
        """The gateway; raises `ServiceError` where there is none, or a part of it isn't served."""
        cloud = self._cloud
        with cloud.lock:
            if self._seen != cloud.writes[CONTROL]:
                self._kept.clear()
                self._seen = cloud.writes[CONTROL]
            found = self._kept.get(gateway_id)
            if found is None:
                found = self._kept[gateway_id] = self._read(gateway_id)
            return found

    def _read(self, gateway_id: str) -> Gateway:
        cloud, named = self._cloud, {"gatewayIdentifier": gateway_id}
        described = cloud.ask(CONTROL, "GetGateway", named)
        targets = [
            cloud.ask(CONTROL, "GetGatewayTarget", {**named, "targetId": target["targetId"]})
            for target in pages(cloud, "ListGatewayTargets", named)
        ]
        return gateway_of(described, targets)


def pages(cloud: Cloud, operation: str, params: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """All items of a listing of gateways or targets."""
    more: dict[str, Any] = {}
    while True:
        page = cloud.ask(CONTROL, operation, {**params, **more})
        yield from page["items"]
        if not page.get("nextToken"):
            return
        more = {"nextToken": page["nextToken"]}
