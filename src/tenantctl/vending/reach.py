"""What a session is for: the data layout, filled in with its tags."""

from __future__ import annotations

from tenantctl.aws.chain import TenantSession
from tenantctl.domain.names import Names
from tenantctl.vending.subject import Subject


def reach(names: Names, subject: Subject) -> list[dict[str, str]]:
    """One row for each thing of the tenant's: `plane`, `resource`, and its `part` of that."""
    who = {"tier": subject.tier, "tenant": subject.tenant, "user": subject.user}
    data = names.pool.data
    rows = [
        ("dynamodb", names.table_arn(t), f"{t.partition_key} = {t.value.fill(**who)}")
        for t in data.tables
    ]
    rows += [("s3", names.bucket_arn(b), f"{b.prefix.fill(**who)}*") for b in data.buckets]
    for memory in data.memories:
        arn = names.memory_arn(memory)
        rows.append(("memory", arn, f"actor {memory.actor.fill(**who)}"))
        rows.append(("memory", arn, f"namespace {memory.namespace.fill(**who)}"))
    rows += [("models", model, "invoke") for model in names.pool.tiers[subject.tier].models]
    return [{"plane": plane, "resource": arn, "part": part} for plane, arn, part in rows]


def whoami(names: Names, subject: Subject, session: TenantSession) -> dict[str, object]:
    """The session without its secrets: `arn`, `expires` (ISO 8601, UTC), `tags`, `reaches`."""
    return {
        "arn": session.arn,
        "access_key_id": session.credentials.access_key_id,
        "expires": session.expires.isoformat(),
        "tags": dict(session.tags),
        "reaches": reach(names, subject),
    }
