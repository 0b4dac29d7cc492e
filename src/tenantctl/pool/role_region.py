"""In which Region a pool's role serves.

Roles belong to the account, tables and memories to a Region. To plan a pool for another Region
would rewrite the ARNs in the policies of its roles, and so cut off the pool that they serve.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from tenantctl.aws.session import Aws
from tenantctl.errors import ConflictError
from tenantctl.pool.step import Change, Field, Part, Step

_REGION = re.compile(r'"arn:[a-z-]+:[a-z0-9-]+:([a-z0-9-]+):')
_FIELD = "region"


def taken_over(
    resource: str, region: str, now: Iterable[object], wanted: Iterable[object]
) -> Step | None:
    """The step that stands for a role's change of Region; `None` where its policies name `region`.

    `now` and `wanted` are its policies, as they are and as they are to be. The step itself does
    nothing: it is what must be asked for before the policies are rewritten.
    """
    there, here = _regions(now), _regions(wanted)
    strange = sorted(there - here)
    if region not in here or region in there or not strange:
        return None

    def run(_aws: Aws) -> None:
        """Whoever adopts the role has its policies put right by the steps that follow."""

    serves = ", ".join(f"`{name}`" for name in strange)
    why = f"it serves a pool of this name in region {serves}, and would no longer"
    return Step(Change.ADOPT, resource, why, (Field(_FIELD, ", ".join(strange), region),), run)


def refuse_elsewhere(parts: Iterable[Part]) -> None:
    """Raise `ConflictError` where the roles serve another Region.

    Buckets have one name in all Regions: to take the pool down from a wrong one would take the
    buckets of the right one.
    """
    claims = [part.claim for part in parts if part.claim is not None]
    elsewhere = [step for step in claims if any(field.name == _FIELD for field in step.fields)]
    if elsewhere:
        regions = sorted({str(step.fields[0].old) for step in elsewhere})
        raise ConflictError(
            "; ".join(f"{step.resource}: {step.why}" for step in elsewhere),
            hint=f"nothing was deleted; name the pool's own region: `--region {regions[0]}`",
        )


def _regions(documents: Iterable[object]) -> set[str]:
    return {name for document in documents for name in _REGION.findall(json.dumps(document))}
