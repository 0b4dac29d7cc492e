"""Ways around the signature: none at all, or one that was made for another request.

On AWS this is AWS's own matter, except for buckets: a bucket policy can open them to everybody.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tenantctl.aws.session import Aws
from tenantctl.domain.finding import Party
from tenantctl.probes import dynamodb_calls, s3_calls
from tenantctl.probes.bind import Duel
from tenantctl.probes.probe import Attack, Control, Got, ItemSpot, ObjectSpot, Plane, Trial

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

ANYBODY = Party(None, None, "anybody, without a signature")

_NO_SIGNATURE = frozenset({"MissingAuthenticationToken", "MissingAuthenticationTokenException"})
_BAD_SIGNATURE = frozenset(
    {"InvalidSignatureException", "SignatureDoesNotMatch", "XAmzContentSHA256Mismatch"}
)
"""https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/CommonErrors.html"""

_PUBLIC = "block public access to the bucket, and name principals in its policy"
_SIGNATURES = "the service must check the signature over the whole request, its body included"


def anonymous_s3(aws: Aws) -> S3Client:
    """A client that signs nothing."""
    from botocore import UNSIGNED
    from botocore.config import Config

    config = Config(signature_version=UNSIGNED, s3={"addressing_style": "path"})
    return aws.session.client(
        "s3", region_name=aws.region, endpoint_url=aws.endpoint, config=config
    )


def anonymous_dynamodb(aws: Aws) -> DynamoDBClient:
    """A client that signs nothing."""
    from botocore import UNSIGNED
    from botocore.config import Config

    return aws.session.client(
        "dynamodb",
        region_name=aws.region,
        endpoint_url=aws.endpoint,
        config=Config(signature_version=UNSIGNED),
    )


def object_trials(client: S3Client, duel: Duel, spot: ObjectSpot) -> tuple[Trial, ...]:
    """What everybody could have of an owner's objects."""
    bucket = spot.bucket.name

    def get() -> Got:
        answer = client.get_object(Bucket=bucket, Key=spot.key(s3_calls.READ))
        return Got(answer["Body"].read() == s3_calls.BODY)

    def listed() -> Got:
        answer = client.list_objects_v2(Bucket=bucket, Prefix=spot.prefixes.own, MaxKeys=1)
        return Got(answer["KeyCount"] > 0)

    same = Attack(caller=duel.owner.aws, own=spot, other=spot)
    base = Trial(
        rule="S3-ANONYMOUS-GET",
        plane=Plane.S3,
        action="s3:GetObject",
        tries="read an object of {owner}",
        fix=_PUBLIC,
        actor=ANYBODY,
        owner=duel.owner.party,
        resource=spot.object_arn(spot.key(s3_calls.READ)),
        context={},
        attack=get,
        controls=(_owner("S3-GET", bucket, duel, lambda: s3_calls.get(same)),),
    )
    owner_lists = _owner(
        "S3-LIST-PREFIX", bucket, duel, lambda: s3_calls.lists(s3_calls.own_prefix)(same)
    )
    listing = replace(
        base,
        rule="S3-ANONYMOUS-LIST",
        action="s3:ListBucket",
        tries="list the prefix of {owner}",
        resource=spot.bucket_arn,
        context={"s3:prefix": spot.prefixes.own},
        attack=listed,
        controls=(owner_lists,),
    )
    return (base, listing)


def item_trials(client: DynamoDBClient, duel: Duel, spot: ItemSpot) -> tuple[Trial, ...]:
    """A read without a signature, and an owner's read whose key is changed on its way."""
    same = Attack(caller=duel.owner.aws, own=spot, other=spot)
    wanted = dynamodb_calls.key(spot, dynamodb_calls.READ)
    tampering = duel.owner.aws.acting_as(duel.owner.keys).client("dynamodb")
    tampering.meta.events.register_first("before-send.dynamodb.GetItem", _swap(wanted))

    def unsigned() -> Got:
        return Got("Item" in client.get_item(TableName=spot.name, Key=wanted))

    def tampered() -> Got:
        key = dynamodb_calls.key(spot, dynamodb_calls.OWN_READ)
        return Got("Item" in tampering.get_item(TableName=spot.name, Key=key))

    base = Trial(
        rule="DDB-UNSIGNED",
        plane=Plane.DYNAMODB,
        action="dynamodb:GetItem",
        tries="read an item of {owner}",
        fix=_SIGNATURES,
        actor=ANYBODY,
        owner=duel.owner.party,
        resource=spot.arn,
        context={"dynamodb:LeadingKeys": [spot.partition]},
        attack=unsigned,
        controls=(_owner("DDB-GET", spot.table.name, duel, lambda: dynamodb_calls.get(same)),),
        refusals=_NO_SIGNATURE,
    )
    changed = replace(
        base,
        rule="DDB-TAMPERED",
        tries="change what a request signed by {owner} reads",
        attack=tampered,
        refusals=_BAD_SIGNATURE,
    )
    return (base, changed)


def _owner(rule: str, place: str, duel: Duel, run: Callable[[], Got]) -> Control:
    return Control((rule, place, "signed", duel.owner.tenant.id), "the owner", run)


def _swap(key: dict[str, Any]) -> Callable[..., None]:
    """Put another key into a request that is signed already."""

    def handler(request: AWSPreparedRequest, **_: object) -> None:
        body: Any = request.body
        request.body = json.dumps(json.loads(body) | {"Key": key}).encode()
        request.headers["Content-Length"] = str(len(request.body))

    return handler
