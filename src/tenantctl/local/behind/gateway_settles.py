"""An updated gateway becomes READY again, as on AWS; moto's stays in UPDATING for ever.

https://docs.aws.amazon.com/bedrock-agentcore-control/latest/APIReference/API_UpdateGateway.html
"""

from __future__ import annotations

from typing import Any

_SETTLING = ("UPDATING", "READY")


def let_gateways_settle() -> None:
    """Mend moto's gateways; may be called again."""
    from moto.bedrockagentcorecontrol.models import Gateway

    plain = Gateway.update
    if getattr(plain, "settles", False):
        return

    def update(gateway: Any, **changes: Any) -> None:  # noqa: ANN401 - moto's own
        plain(gateway, **changes)
        if _SETTLING not in gateway._transitions:  # noqa: SLF001 - the same
            gateway._transitions = [*gateway._transitions, _SETTLING]  # noqa: SLF001 - the same

    update.settles = True  # type: ignore[attr-defined]
    setattr(Gateway, "update", update)  # noqa: B010 - mypy knows it as a method
