"""A sweep that leaves something behind says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tenantctl.domain.canary import Run
from tenantctl.domain.names import Names
from tenantctl.domain.tenant import Tenant
from tenantctl.errors import AwsError
from tenantctl.local.connect import in_memory
from tenantctl.probes.bind import object_spot
from tenantctl.probes.canaries import sweep_objects

from .conftest import ACCOUNT, POOL


def test_a_version_that_is_locked_is_told_and_not_counted_as_swept() -> None:
    """DeleteObjects answers 200 and names in its body what it couldn't delete.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
    """
    (bucket,) = POOL.data.buckets
    spot = object_spot(Names(POOL, ACCOUNT), bucket, Tenant("clinic-1", "basic"), Run("0000"))
    with in_memory(region="us-east-1", account=ACCOUNT) as aws:
        s3 = aws.client("s3")
        s3.create_bucket(Bucket=bucket.name, ObjectLockEnabledForBucket=True)
        s3.put_object(Bucket=bucket.name, Key=spot.key("free"), Body=b"x")
        s3.put_object(
            Bucket=bucket.name,
            Key=spot.key("kept"),
            Body=b"x",
            ObjectLockMode="GOVERNANCE",
            ObjectLockRetainUntilDate=datetime.now(UTC) + timedelta(days=1),
        )
        with pytest.raises(AwsError, match="kept 1 canary version"):
            sweep_objects(aws, [spot])
