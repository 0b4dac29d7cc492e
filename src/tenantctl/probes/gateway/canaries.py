"""What the tools can find of the parties: canary patients and a canary document."""

from __future__ import annotations

from tenantctl.aws.failures import translated
from tenantctl.aws.session import Aws
from tenantctl.domain.canary import MARK, Run
from tenantctl.domain.layout import object_prefix
from tenantctl.domain.names import Names
from tenantctl.probes.bind import item_spot
from tenantctl.probes.gateway.guest import SHARED, WORD, Guest

DOCUMENT = "visit.md"


def plant(aws: Aws, names: Names, run: Run, guest: Guest) -> None:
    """Write a party's canaries where the tools look: the first table, the first bucket.

    Raises `AwsError`.
    """
    for table in names.pool.data.tables[:1]:
        spot = item_spot(names, table, guest.tenant, run)
        for patient in (run.sort_key(SHARED), guest.patient):
            item = {
                table.partition_key: {"S": spot.partition},
                table.sort_key: {"S": patient},
                MARK: {"S": run.id},
                "note": {"S": guest.secret},
            }
            with translated(f"writing a canary patient to `{spot.name}`"):
                aws.client("dynamodb").put_item(TableName=spot.name, Item=item)
    for bucket in names.pool.data.buckets[:1]:
        key = run.object_key(object_prefix(bucket, guest.tenant), DOCUMENT)
        with translated(f"writing a canary document to `{bucket.name}`"):
            aws.client("s3").put_object(
                Bucket=bucket.name, Key=key, Body=f"{WORD} {guest.secret}".encode()
            )
