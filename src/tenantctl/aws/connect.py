"""Reach AWS by the standard credential chain."""

from __future__ import annotations

from tenantctl.aws.failures import translated
from tenantctl.aws.session import Aws
from tenantctl.domain.pool import Target
from tenantctl.errors import CredentialsError, UsageError


def connect(*, region: str, profile: str | None = None, account: str | None = None) -> Aws:
    """An `Aws` on the real cloud; asks STS which account it is.

    Raises `CredentialsError` without credentials or for a region that botocore doesn't know,
    `UsageError` when the configuration names another account than the credentials'.
    """
    with translated("connecting to AWS"):
        import boto3

        session = boto3.Session(profile_name=profile, region_name=region)
        known = {
            r
            for p in session.get_available_partitions()
            for r in session.get_available_regions("sts", partition_name=p)
        }
        if region not in known:
            raise CredentialsError(f"`{region}` is no AWS region", hint="check --region")
        aws = Aws(session=session, target=Target.AWS, region=region, account=account or "")
        found = aws.client("sts").get_caller_identity()["Account"]
    if account is not None and account != found:
        raise UsageError(
            f"the credentials are of account {found}, the configuration names {account}",
            hint="check `account` in tenantctl.yaml, or --profile",
        )
    return Aws(session=session, target=Target.AWS, region=region, account=found)
