"""Tags as AWS keeps them: moto drops those of a new bucket, doubles a table's, has no user pool's.

Whether a resource is the pool's is read from its tags, so a tag that is lost or there twice would
be believed.
"""

from __future__ import annotations

from typing import Any


def complete_tagging() -> None:
    """Mend moto; may be called again."""
    _tables()
    _buckets()
    _user_pools()


def _tables() -> None:
    """TagResource gives an existing key its new value, and refuses what isn't there.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TagResource.html
    """
    from moto.dynamodb.exceptions import ResourceNotFoundException
    from moto.dynamodb.models import DynamoDBBackend

    def tag_resource(backend: Any, arn: str, tags: dict[str, str]) -> None:  # noqa: ANN401 - moto's
        found = [table for table in backend.tables.values() if table.table_arn == arn]
        if not found:
            raise ResourceNotFoundException
        kept = {tag["Key"]: tag["Value"] for tag in found[0].tags} | tags
        found[0].tags = [{"Key": key, "Value": value} for key, value in kept.items()]

    setattr(DynamoDBBackend, "tag_resource", tag_resource)  # noqa: B010 - a method to mypy


def _buckets() -> None:
    """CreateBucket tags the bucket that it makes; one that was there already keeps its own.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-create-tag.html
    """
    import xmltodict  # type: ignore[import-untyped] # moto's own reader
    from moto.s3.responses import S3Response

    response: Any = S3Response
    plain = response._bucket_response_put  # noqa: SLF001 - moto has no other place for it
    if getattr(plain, "tags_new_buckets", False):
        return

    def put(self: Any, request: Any, name: str, query: dict[str, Any]) -> Any:  # noqa: ANN401 - moto's
        there = name in self.backend.buckets
        answer = plain(self, request, name, query)
        if not there and name in self.backend.buckets and self.body:
            read = xmltodict.parse(self.body, force_list=("Tag",))
            tags = (read.get("CreateBucketConfiguration") or {}).get("Tags") or {}
            pairs = {tag["Key"]: tag.get("Value") or "" for tag in tags.get("Tag", ())}
            self.backend.put_bucket_tagging(name, pairs)
        return answer

    put.tags_new_buckets = True  # type: ignore[attr-defined]
    response._bucket_response_put = put  # noqa: SLF001 - as above


def _user_pools() -> None:
    """The three operations on a user pool's tags.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_TagResource.html
    """
    from moto.cognitoidp.responses import CognitoIdpResponse
    from moto.core.responses import ActionResult, EmptyResult

    def tags_of(self: Any) -> dict[str, str]:  # noqa: ANN401 - moto's own
        pool_id = self._get_param("ResourceArn").rpartition("/")[2]
        config = self.backend.describe_user_pool(pool_id).extended_config
        config["UserPoolTags"] = tags = dict(config.get("UserPoolTags") or {})
        return tags

    def tag_resource(self: Any) -> ActionResult:  # noqa: ANN401 - moto's own
        tags_of(self).update(self._get_param("Tags"))
        return EmptyResult()

    def untag_resource(self: Any) -> ActionResult:  # noqa: ANN401 - moto's own
        tags = tags_of(self)
        for key in self._get_param("TagKeys"):
            tags.pop(key, None)
        return EmptyResult()

    def list_tags_for_resource(self: Any) -> ActionResult:  # noqa: ANN401 - moto's own
        return ActionResult({"Tags": tags_of(self)})

    for operation in (tag_resource, untag_resource, list_tags_for_resource):
        setattr(CognitoIdpResponse, operation.__name__, operation)
