"""The agent's code in the pool's bucket, from where the runtimes take it.

Its key holds its digest: other code is another object, and a runtime names exactly one.
"""

from __future__ import annotations

import base64
from pathlib import Path

from tenantctl.aws.failures import code_of
from tenantctl.aws.session import Aws
from tenantctl.domain.names import Names
from tenantctl.pool.agent_package import agent_package
from tenantctl.pool.function_package import Package
from tenantctl.pool.step import Change, Field, Part, Step, missing

KIND = "agent code"

_DIGITS = 16
"""Of the digest, in the key; the whole of it is S3's checksum of the object."""


def key(package: Package) -> str:
    """The object's key."""
    return f"agent/{base64.b64decode(package.sha256).hex()[:_DIGITS]}.zip"


def observe(aws: Aws, names: Names, *, beside: Path | None = None) -> tuple[Part, ...]:
    """The code as it lies there; none in a pool whose runtimes run a container."""
    if names.pool.container is not None:
        return ()
    package = agent_package(beside=beside)
    if not _there(aws, names, package):
        return (missing(KIND, key(package), _put(names, package)),)
    return (Part(KIND, key(package), names.object_arn(names.code_bucket, key(package))),)


def _there(aws: Aws, names: Names, package: Package) -> bool:
    from botocore.exceptions import ClientError

    try:
        head = aws.client("s3").head_object(
            Bucket=names.code_bucket,
            Key=key(package),
            ChecksumMode="ENABLED",
            ExpectedBucketOwner=aws.account,
        )
    except ClientError as error:
        # 403 is the bucket's own part to tell.
        if code_of(error) in {"404", "403"}:
            return False
        raise
    return head.get("ChecksumSHA256") == package.sha256


def _put(names: Names, package: Package) -> Step:
    def run(aws: Aws) -> None:
        aws.client("s3").put_object(
            Bucket=names.code_bucket,
            Key=key(package),
            Body=package.content,
            ChecksumAlgorithm="SHA256",
            ExpectedBucketOwner=aws.account,
        )

    shown = (Field("sha256", None, package.sha256),)
    why = "the runtimes run it"
    return Step(Change.CREATE, f"{KIND} `{key(package)}`", why, shown, run)
