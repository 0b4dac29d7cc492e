from __future__ import annotations

from collections.abc import Mapping

import pytest

from tenantctl.domain.names import Names
from tenantctl.domain.pool import Data, Hours, Identity, Pool, Roles, Target, Tier, ToolRule

ACCOUNT = "123456789012"


def make_names(tiers: Mapping[str, Mapping[str, ToolRule]], *, name: str = "clinic-agent") -> Names:
    pool = Pool(
        name=name,
        target=Target.LOCAL,
        region="us-east-1",
        account=ACCOUNT,
        identity=Identity(),
        roles=Roles(f"{name}-agent", f"{name}-tvm"),
        data=Data(),
        tiers={tier: Tier(tier, tools) for tier, tools in tiers.items()},
    )
    return Names(pool, ACCOUNT)


@pytest.fixture
def names() -> Names:
    return make_names(
        {
            "basic": {"patient_context": ToolRule(Hours(8, 18)), "clinic_config": ToolRule()},
            "premium": {"patient_context": ToolRule()},
        }
    )
