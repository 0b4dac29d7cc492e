"""Let the knowledge base over the documents' bucket read what a run has put there.

One job for the whole run, however many tenants it has: Bedrock starts one in ten seconds, and runs
one at a time for each data source. Nobody waits for its end, which takes minutes on AWS.
https://docs.aws.amazon.com/general/latest/gr/bedrock.html#limits_bedrock
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from datetime import datetime

from tenantctl.aws.failures import code_of
from tenantctl.aws.knowledge import find_knowledge_base, find_source
from tenantctl.aws.session import Aws
from tenantctl.domain import layout
from tenantctl.domain.names import Names
from tenantctl.domain.pool import Bucket
from tenantctl.domain.tenant import Tenant
from tenantctl.errors import AwsError, NotFoundError

_PAUSE = 10.0
_TRIES = 30


def ingest(aws: Aws, names: Names, bucket: Bucket, tenants: Iterable[Tenant] = ()) -> str | None:
    """Start an ingestion; its id, `None` where no knowledge base lies over the bucket.

    With `tenants`, also `None` where the last one began after the last change to their documents.
    While an earlier one runs, this waits: that one may have passed by what is new.
    Raises `NotFoundError` for a base that isn't there, `AwsError` when its turn doesn't come.
    """
    wanted = next((b for b in names.pool.data.knowledge_bases if b.bucket == bucket.name), None)
    if wanted is None:
        return None
    base = find_knowledge_base(aws, names, wanted)
    source = None if base is None else find_source(aws, base.id, names.bucket_arn(bucket))
    if base is None or source is None:
        raise NotFoundError(
            f"the knowledge base `{wanted.name}` isn't there, or doesn't read `{bucket.name}`",
            hint="run `tenantctl pool apply`, then the same command again",
        )
    begun = _last(aws, base.id, source)
    written = max((t for tenant in tenants for t in _written(aws, bucket, tenant)), default=None)
    if begun is not None and written is not None and written < begun.replace(microsecond=0):
        return None
    return _started(aws, base.id, source)


def _last(aws: Aws, base: str, source: str) -> datetime | None:
    """When the last ingestion began that didn't fail."""
    pages = (
        aws.client("bedrock-agent")
        .get_paginator("list_ingestion_jobs")
        .paginate(
            knowledgeBaseId=base,
            dataSourceId=source,
            sortBy={"attribute": "STARTED_AT", "order": "DESCENDING"},
        )
    )
    for page in pages:
        for job in page["ingestionJobSummaries"]:
            if job["status"] not in {"FAILED", "STOPPING", "STOPPED"}:
                begun: datetime = job["startedAt"]
                return begun
    return None


def _written(aws: Aws, bucket: Bucket, tenant: Tenant) -> Iterator[datetime]:
    """When each of a tenant's objects was written, to the second."""
    pages = aws.client("s3").get_paginator("list_objects_v2")
    prefix = layout.object_prefix(bucket, tenant)
    for page in pages.paginate(Bucket=bucket.name, Prefix=prefix):
        yield from (one["LastModified"] for one in page.get("Contents", ()))


def _started(aws: Aws, base: str, source: str) -> str:
    from botocore.exceptions import ClientError

    for attempt in range(_TRIES):
        if attempt:
            time.sleep(_PAUSE)
        try:
            job = aws.client("bedrock-agent").start_ingestion_job(
                knowledgeBaseId=base, dataSourceId=source
            )
        except ClientError as error:
            if code_of(error) not in {"ConflictException", "ThrottlingException"}:
                raise
        else:
            return str(job["ingestionJob"]["ingestionJobId"])
    raise AwsError(
        f"an earlier ingestion of knowledge base `{base}` doesn't end",
        code="ConflictException",
        operation="StartIngestionJob",
        hint="run the same command again later",
    )
