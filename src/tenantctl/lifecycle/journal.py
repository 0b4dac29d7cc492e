"""Write the registry: tenants, users, and what is being done to them.

Before a step, its journal entry says `started`; after it, `done`. Both say what the step was, so
that it can be seen what an interrupted run has done and left undone. Once a tenant is as it shall
be, its journal is cleared: a run that was resumed ends in the state of an undisturbed one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tenantctl.aws.registry import Status, attributes_json
from tenantctl.aws.session import Aws
from tenantctl.domain import layout
from tenantctl.domain.names import Names
from tenantctl.domain.tenant import Tenant, User
from tenantctl.errors import ConflictError
from tenantctl.lifecycle.steps import Step

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, slots=True)
class Journal:
    """The writing side of one pool's registry."""

    aws: Aws
    names: Names

    @property
    def _client(self) -> DynamoDBClient:
        return self.aws.client("dynamodb")

    def begin(self, step: Step) -> None:
        """Note that a step is about to be done."""
        self._put(
            step.tenant.id,
            layout.journal_key(step.key),
            state="started",
            what=step.what,
            started=_now(),
        )

    def end(self, step: Step) -> None:
        """Note that a step is done."""
        self._set(step.tenant.id, layout.journal_key(step.key), state="done", ended=_now())

    def clear(self, tenant: str, step_keys: Iterable[str]) -> None:
        """Forget the steps of a tenant that is as it shall be."""
        for key in step_keys:
            self._client.delete_item(
                TableName=self.names.registry_table,
                Key={
                    "pk": {"S": layout.tenant_key(tenant)},
                    "sk": {"S": layout.journal_key(key)},
                },
            )

    def register(self, tenant: Tenant) -> None:
        """Enter a tenant, and its case-folded id, at once; raises `ConflictError` when taken."""
        record = {
            "pk": layout.tenant_key(tenant.id),
            "sk": layout.META,
            "id": tenant.id,
            "tier": tenant.tier,
            "name": tenant.name,
            "timezone": tenant.timezone,
            "attributes": attributes_json(tenant),
            "status": Status.ONBOARDING.value,
        }
        claim = {"pk": layout.IDS, "sk": tenant.id.casefold(), "id": tenant.id}
        try:
            self._client.transact_write_items(
                TransactItems=[
                    {
                        "Put": {
                            "TableName": self.names.registry_table,
                            "Item": {name: {"S": value} for name, value in put.items()},
                            "ConditionExpression": "attribute_not_exists(pk)",
                        }
                    }
                    for put in (record, claim)
                ]
            )
        except self._client.exceptions.TransactionCanceledException as error:
            raise ConflictError(
                f"tenant `{tenant.id}` was registered by somebody else meanwhile",
                hint="run the same command again",
            ) from error

    def activate(self, tenant: str) -> None:
        """Say that a tenant's onboarding is complete."""
        self._set(tenant, layout.META, status=Status.ACTIVE.value)

    def enter_user(self, tenant: str, user: User, *, sub: str = "", delivered: bool) -> None:
        """Enter a user; its password counts as delivered once somebody has seen it."""
        self._put(
            tenant,
            layout.user_key(user.email),
            email=user.email,
            name=user.name,
            role=user.role,
            sub=sub,
            password="delivered" if delivered else "pending",
        )

    def password_delivered(self, tenant: str, email: str) -> None:
        """Note that a user's temporary password has been shown."""
        self._set(tenant, layout.user_key(email), password="delivered")  # noqa: S106 - a state

    def _put(self, tenant: str, sort_key: str, **values: str) -> None:
        record = {"pk": layout.tenant_key(tenant), "sk": sort_key, **values}
        self._client.put_item(
            TableName=self.names.registry_table,
            Item={name: {"S": value} for name, value in record.items()},
        )

    def _set(self, tenant: str, sort_key: str, **values: str) -> None:
        self._client.update_item(
            TableName=self.names.registry_table,
            Key={"pk": {"S": layout.tenant_key(tenant)}, "sk": {"S": sort_key}},
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in values),
            ExpressionAttributeNames={f"#{name}": name for name in values},
            ExpressionAttributeValues={f":{name}": {"S": value} for name, value in values.items()},
        )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
