"""Everything a policy must satisfy before it may be sent to the engine."""

from __future__ import annotations

from tenantctl.cedar.findings import findings
from tenantctl.cedar.rules import refusals
from tenantctl.cedar.schema import problems
from tenantctl.cedar.statement import MAX_LENGTH, MIN_LENGTH, Statement
from tenantctl.domain.policies import PolicyKey
from tenantctl.errors import Place, PolicyInvalidError


def check(key: PolicyKey, statement: Statement, gateway: str) -> None:
    """Refuse a statement that the engine would, or that isn't about `key`'s tier.

    `gateway` is the ARN that the tier's policies name. Raises `PolicyInvalidError`.
    """
    where = Place(key.path)
    if statement.id != key.annotation:
        wrong = f"the statement's `@id` is `{statement.id}`, not `{key.annotation}`"
        raise PolicyInvalidError(
            "the statement has no `@id`" if statement.id is None else wrong,
            place=where,
            hint=f'write @id("{key.annotation}") above it, as the file\'s path says',
        )
    if not MIN_LENGTH <= len(statement.text) <= MAX_LENGTH:
        raise PolicyInvalidError(
            f"the statement has {len(statement.text)} characters",
            place=where,
            hint=f"AgentCore takes {MIN_LENGTH} to {MAX_LENGTH}",
        )
    found = (*refusals(statement), *problems(statement), *findings(statement))
    if found:
        raise PolicyInvalidError("; ".join(found), place=where)
    if statement.gateway != gateway:
        raise PolicyInvalidError(
            f"the policy is about `{statement.gateway}`, not about the tier's gateway `{gateway}`",
            place=where,
            hint="run `tenantctl policy render`",
        )
