"""Where a tenant's records and documents lie: the registry's keys, group names, object keys.

`#` joins the registry's keys: tag values can't hold it, so tenant ids can't either
(`tenant.TAG_VALUE`), and no two tenants can meet on one key.
"""

from __future__ import annotations

from tenantctl.domain.pool import Bucket, Memory, Table
from tenantctl.domain.template import Template
from tenantctl.domain.tenant import Tenant

ROLE_CLAIM = "custom:role"
"""The user attribute and token claim that holds a person's role in the clinic."""

TENANT_FIELD = "clinic_id"
"""What names the tenant in a seeded item, and in the knowledge base's metadata."""

SIDECAR = ".metadata.json"
"""What Bedrock appends to a document's key to find its metadata.
https://docs.aws.amazon.com/bedrock/latest/userguide/kb-metadata.html
"""

DOCUMENTS = Template.parse("{tier}-tier/{tenant}/")
"""A tenant's directory below the one that `--documents` names."""

TIER_DIRECTORIES = "*-tier"
"""What the first level of `DOCUMENTS` looks like, whatever the tier."""

META = "META"
USER = "USER#"
JOURNAL = "JOURNAL#"
IDS = "TENANT-IDS"
"""Partition of the case-folded ids: two ids that differ only in case collide on its sort key."""

CANARIES = "CANARIES"
"""Partition that says where canaries of made-up tenants lie, so that the next run finds them."""


def tenant_key(tenant: str) -> str:
    """The registry's partition of a tenant."""
    return f"TENANT#{tenant}"


def user_key(email: str) -> str:
    """The registry's sort key of a user; addresses that differ only in case are one person."""
    return f"{USER}{email.casefold()}"


def journal_key(step: str) -> str:
    """The registry's sort key of a step's journal entry."""
    return f"{JOURNAL}{step}"


def canary_key(kind: str, name: str, place: str) -> str:
    """The registry's sort key for a place with canaries: a partition, or a prefix.

    Neither kinds nor names of tables and buckets hold a `#`.
    """
    return f"{kind}#{name}#{place}"


def group(tenant: str) -> str:
    """The Cognito group of a tenant."""
    return tenant


def partition_value(table: Table, tenant: Tenant) -> str:
    """The partition key value under which a tenant's items lie."""
    return table.value.fill(tier=tenant.tier, tenant=tenant.id)


def object_prefix(bucket: Bucket, tenant: Tenant) -> str:
    """The prefix under which a tenant's objects lie."""
    return bucket.prefix.fill(tier=tenant.tier, tenant=tenant.id)


def actor_id(memory: Memory, tenant: Tenant, user: str) -> str:
    """The actor id under which a user's conversations lie."""
    return memory.actor.fill(tier=tenant.tier, tenant=tenant.id, user=user)


def record_namespace(memory: Memory, tenant: Tenant, user: str) -> str:
    """The namespace in which, and below which, a user's records lie."""
    return memory.namespace.fill(tier=tenant.tier, tenant=tenant.id, user=user)
