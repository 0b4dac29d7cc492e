"""Plant this run's canaries in the owners' partitions and prefixes, and sweep all there are.

The operator does both. A sweep goes by name, not by memory: it also finds what a killed run left.
Two verifications of the same tenants at once may therefore make each other inconclusive, but
never wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from tenantctl.aws.failures import translated
from tenantctl.aws.session import Aws
from tenantctl.domain.canary import PREFIX
from tenantctl.errors import AwsError
from tenantctl.probes import dynamodb_calls, s3_calls
from tenantctl.probes.probe import ItemSpot, ObjectSpot

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

BATCH = 25  # BatchWriteItem's limit
_TRIES = 8
_DELETE_LIMIT = 1000  # DeleteObjects's limit

_T = TypeVar("_T")


def plant_items(aws: Aws, spots: Iterable[ItemSpot]) -> None:
    """Write the canaries that reads look for, two for each partition."""
    db = aws.client("dynamodb")
    for name, of_table in _by_table(spots).items():
        puts = [
            {"PutRequest": {"Item": dynamodb_calls.item(spot, what)}}
            for spot in of_table
            for what in (dynamodb_calls.READ, dynamodb_calls.OWN_READ)
        ]
        with translated(f"writing canary items to `{name}`"):
            _write(db, name, puts)


def plant_object(aws: Aws, spot: ObjectSpot) -> str | None:
    """Write the canary object; its version id, `None` in a bucket without versions."""
    with translated(f"writing a canary object to `{spot.bucket.name}`"):
        answer = aws.client("s3").put_object(
            Bucket=spot.bucket.name, Key=spot.key(s3_calls.READ), Body=s3_calls.BODY
        )
    version = answer.get("VersionId")
    return None if version == "null" else version


def sweep_items(aws: Aws, spots: Iterable[ItemSpot]) -> int:
    """Delete every canary of these partitions, whichever run wrote it; how many there were."""
    db, count = aws.client("dynamodb"), 0
    for name, of_table in _by_table(spots).items():
        with translated(f"sweeping canary items from `{name}`"):
            found = [key for spot in of_table for key in _canary_keys(db, spot)]
            _write(db, name, [{"DeleteRequest": {"Key": key}} for key in found])
            count += len(found)
    return count


def sweep_objects(aws: Aws, spots: Iterable[ObjectSpot]) -> int:
    """Delete every version and unfinished upload of canary objects; how many there were."""
    client, count = aws.client("s3"), 0
    for spot in spots:
        bucket, prefix = spot.bucket.name, f"{spot.prefixes.own}{PREFIX}"
        with translated(f"sweeping canary objects from `{bucket}`"):
            versions = list(_versions(client, bucket, prefix))
            for some in _chunks(versions, _DELETE_LIMIT):
                _delete(client, bucket, some)
            uploads = list(_uploads(client, bucket, prefix))
            for key, upload in uploads:
                client.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload)
        count += len(versions) + len(uploads)
    return count


def _delete(client: S3Client, bucket: str, versions: list[dict[str, str]]) -> None:
    """Delete versions; what can't be deleted is told in an answer that is otherwise a success."""
    answer = client.delete_objects(Bucket=bucket, Delete={"Objects": versions, "Quiet": True})  # type: ignore[typeddict-item]  # plain dicts
    failed = answer.get("Errors", ())
    if failed:
        raise AwsError(
            f"bucket `{bucket}` kept {len(failed)} canary versions: {failed[0].get('Message')}",
            code=failed[0].get("Code", "Unknown"),
            operation="DeleteObjects",
            hint=f"delete what lies below `{failed[0].get('Key')}`",
        )


def _by_table(spots: Iterable[ItemSpot]) -> dict[str, list[ItemSpot]]:
    """Spots by table, one for each partition: an index's spot is its table's."""
    found: dict[str, dict[str, ItemSpot]] = {}
    for spot in spots:
        found.setdefault(spot.name, {}).setdefault(spot.partition, spot)
    return {name: list(of_table.values()) for name, of_table in found.items()}


def _canary_keys(db: DynamoDBClient, spot: ItemSpot) -> Iterator[dict[str, Any]]:
    table = spot.table
    pages = db.get_paginator("query").paginate(
        TableName=spot.name,
        KeyConditionExpression="#pk = :pk AND begins_with(#sk, :sk)",
        ProjectionExpression="#pk, #sk",
        ExpressionAttributeNames={"#pk": table.partition_key, "#sk": table.sort_key},
        ExpressionAttributeValues={":pk": {"S": spot.partition}, ":sk": {"S": PREFIX}},
        ConsistentRead=True,
    )
    for page in pages:
        yield from page["Items"]


def _write(db: DynamoDBClient, table: str, requests: list[dict[str, Any]]) -> None:
    for some in _chunks(requests, BATCH):
        left: Any = {table: some}
        for _ in range(_TRIES):
            left = db.batch_write_item(RequestItems=left)["UnprocessedItems"]
            if not left:
                break
        else:
            raise AwsError(
                f"table `{table}` left canary items unprocessed {_TRIES} times",
                code="Unprocessed",
                operation="BatchWriteItem",
                hint="try again when the table is less busy",
            )


def _versions(client: S3Client, bucket: str, prefix: str) -> Iterator[dict[str, str]]:
    pages = client.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix)
    for page in pages:
        for entry in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
            yield {"Key": entry["Key"], "VersionId": entry["VersionId"]}


def _uploads(client: S3Client, bucket: str, prefix: str) -> Iterator[tuple[str, str]]:
    pages = client.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, Prefix=prefix)
    for page in pages:
        for entry in page.get("Uploads", ()):
            # The embedded cloud's listing ignores the prefix; ours alone are to be aborted.
            if entry["Key"].startswith(prefix):
                yield entry["Key"], entry["UploadId"]


def _chunks(items: list[_T], size: int) -> Iterator[list[_T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
