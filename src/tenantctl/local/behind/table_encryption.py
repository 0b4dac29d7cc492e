"""UpdateTable changes how a table is encrypted, as on AWS; moto takes it and does nothing.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html
"""

from __future__ import annotations

from typing import Any


def update_encryption() -> None:
    """Mend moto; may be called again."""
    from moto.dynamodb.responses import DynamoHandler

    handler: Any = DynamoHandler
    plain = handler.update_table
    if getattr(plain, "updates_encryption", False):
        return

    def update_table(self: Any) -> Any:  # noqa: ANN401 - moto's own
        answer = plain(self)
        wanted = self.body.get("SSESpecification")
        if wanted is not None:
            table = self.dynamodb_backend.get_table(self.body["TableName"])
            key = table._get_default_encryption_key(table.account_id, table.region_name)  # noqa: SLF001 - as moto's own CreateTable
            table.sse_specification = {"KMSMasterKeyId": key, **wanted}
        return answer

    update_table.updates_encryption = True  # type: ignore[attr-defined]
    handler.update_table = update_table
