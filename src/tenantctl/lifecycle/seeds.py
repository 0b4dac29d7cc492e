"""A tenant's items and objects: compare what is there with what shall be, write the difference."""

from __future__ import annotations

import base64
import mimetypes
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from typing import Any, BinaryIO, Generic, TypeVar

from tenantctl.aws.session import Aws
from tenantctl.domain import layout
from tenantctl.domain.pool import Bucket, Table
from tenantctl.domain.tenant import Tenant
from tenantctl.errors import AwsError, UsageError
from tenantctl.lifecycle.attribute import Value, same
from tenantctl.lifecycle.documents import Document
from tenantctl.lifecycle.items import Item

_GET = 100
_WRITE = 25
_ROUNDS = 12
_UPLOADS = 8
_SHA256 = "sha256"
"""The object's user metadata that holds its content's digest, for buckets whose ETag isn't MD5."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Difference(Generic[T]):
    """What has to be written: new things, and those that lie there with other content."""

    create: tuple[T, ...]
    update: tuple[T, ...]


def batches(values: Iterable[T], size: int) -> Iterator[tuple[T, ...]]:
    """The values in tuples of at most `size`."""
    rest = iter(values)
    while batch := tuple(islice(rest, size)):
        yield batch


# -- items ----------------------------------------------------------------------------------------


def items_to_write(aws: Aws, table: Table, items: Iterable[Item]) -> Difference[Item]:
    """Compare items with the table, by strongly consistent reads of their keys alone."""
    create: list[Item] = []
    update: list[Item] = []
    for batch in batches(items, _GET):
        there = {
            (record[table.partition_key]["S"], record[table.sort_key]["S"]): record
            for record in _read(aws, table, batch)
        }
        for item in batch:
            record = there.get((item.attributes[table.partition_key]["S"], item.key))
            if record is None:
                create.append(item)
            elif not same({"M": record}, {"M": item.attributes}):
                update.append(item)
    return Difference(tuple(create), tuple(update))


def _read(aws: Aws, table: Table, batch: Iterable[Item]) -> list[dict[str, Value]]:
    keys = [
        {name: dict(item.attributes[name]) for name in (table.partition_key, table.sort_key)}
        for item in batch
    ]
    request: Any = {table.name: {"Keys": keys, "ConsistentRead": True}}
    found: list[Any] = []
    for _ in _rounds("BatchGetItem"):
        answer = aws.client("dynamodb").batch_get_item(RequestItems=request)
        found += answer["Responses"].get(table.name, [])
        request = answer.get("UnprocessedKeys")
        if not request:
            break
    return found


def write_items(aws: Aws, table: Table, items: Iterable[Item]) -> None:
    """Put items, 25 at a time; what DynamoDB hands back unprocessed is sent again."""
    for batch in batches(items, _WRITE):
        request: Any = {
            table.name: [{"PutRequest": {"Item": dict(item.attributes)}} for item in batch]
        }
        for _ in _rounds("BatchWriteItem"):
            answer = aws.client("dynamodb").batch_write_item(RequestItems=request)
            request = answer.get("UnprocessedItems")
            if not request:
                break


def _rounds(operation: str) -> Iterator[int]:
    """Tries of a batch, with growing pauses between; raises `AwsError` after the last.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
    """
    for attempt in range(_ROUNDS):
        if attempt:
            time.sleep(min(0.05 * 2**attempt, 5))
        yield attempt
    raise AwsError(
        f"{operation}: the table keeps leaving part of a batch unprocessed",
        code="UnprocessedItems",
        operation=operation,
        hint="the table is throttled; run the same command again later",
    )


# -- documents ------------------------------------------------------------------------------------


def documents_to_write(
    aws: Aws, bucket: Bucket, tenant: Tenant, documents: Iterable[Document]
) -> Difference[Document]:
    """Compare documents with the objects under the tenant's prefix."""
    wanted = tuple(documents)
    there: dict[str, str] = {}
    if wanted:
        pages = aws.client("s3").get_paginator("list_objects_v2")
        prefix = layout.object_prefix(bucket, tenant)
        for page in pages.paginate(Bucket=bucket.name, Prefix=prefix):
            there |= {o["Key"]: o["ETag"].strip('"') for o in page.get("Contents", ())}
    differs = [
        d for d in wanted if d.key in there and not _same_object(aws, bucket, d, there[d.key])
    ]
    return Difference(tuple(d for d in wanted if d.key not in there), tuple(differs))


def _same_object(aws: Aws, bucket: Bucket, document: Document, etag: str) -> bool:
    # The ETag is the content's MD5 unless the object is encrypted with KMS keys or has parts.
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
    if etag == document.md5:
        return True
    head = aws.client("s3").head_object(Bucket=bucket.name, Key=document.key)
    return head.get("Metadata", {}).get(_SHA256) == document.sha256


def put_documents(aws: Aws, bucket: Bucket, documents: Iterable[Document]) -> None:
    """Upload documents, several at a time; S3 checks each against the digest taken before."""
    client = aws.client("s3")

    def put(document: Document) -> None:
        with _opened(document) as body:
            client.put_object(
                Bucket=bucket.name,
                Key=document.key,
                Body=body,
                ContentType=mimetypes.guess_type(document.key)[0] or "application/octet-stream",
                ChecksumSHA256=base64.b64encode(bytes.fromhex(document.sha256)).decode(),
                Metadata={_SHA256: document.sha256},
            )

    with ThreadPoolExecutor(_UPLOADS) as workers:
        # A list, so that the first failure is raised here.
        list(workers.map(put, documents))


def _opened(document: Document) -> BinaryIO:
    if isinstance(document.source, bytes):
        return BytesIO(document.source)
    try:
        return document.source.open("rb")
    except OSError as error:
        raise UsageError(f"`{document.source}` was there a moment ago: {error.strerror}") from error
