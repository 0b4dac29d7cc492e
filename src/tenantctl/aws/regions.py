"""Which regions there are, by botocore's own list, read without importing botocore."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

from tenantctl.domain.yaml_shape import near_miss, shown
from tenantctl.errors import CredentialsError


def regions() -> frozenset[str]:
    """The names of all regions of all partitions."""
    spec = find_spec("botocore")
    if spec is None or spec.origin is None:  # pragma: no cover - botocore is a dependency
        raise CredentialsError("botocore isn't installed", hint="reinstall tenantctl")
    text = Path(spec.origin).with_name("data").joinpath("partitions.json").read_text("utf-8")
    # `aws-global` and its like are pseudo-regions that no resource lies in.
    return frozenset(
        region
        for partition in json.loads(text)["partitions"]
        for region in partition["regions"]
        if not region.endswith("-global")
    )


def check_region(region: str) -> str:
    """`region`, if there is such a one. Raises `CredentialsError` with near misses."""
    known = regions()
    if region not in known:
        hint = near_miss(region, known) or "check --region and `region` in the configuration"
        raise CredentialsError(f"{shown(region)} is no AWS region", hint=hint)
    return region
