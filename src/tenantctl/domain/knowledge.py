"""What reports say of a pool's knowledge bases: no policy keeps tenants apart in them."""

from __future__ import annotations

from collections.abc import Iterator

from tenantctl.domain.pool import Pool


def trusted_filters(pool: Pool) -> Iterator[str]:
    """One sentence for each knowledge base, for the assumptions of a report."""
    for base in pool.data.knowledge_bases:
        yield (
            f"knowledge base `{base.name}` holds all tenants' documents: whoever acts as the agent "
            f"role `{pool.roles.agent}` can ask it for any; what keeps tenants apart there is the "
            "filter that the tool sets and its check of each passage, not IAM"
        )
