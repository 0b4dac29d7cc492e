"""What AWS answers becomes an error with what to do about it."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tenantctl.aws.failures import translated
from tenantctl.errors import AwsError


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("ConflictException", "run it again"),
        ("ResourceConflictException", "run it again"),
        ("EntityAlreadyExists", "run it again"),
        ("NoSuchBucket", "pool apply"),
        ("AccessDeniedException", "permission"),
    ],
)
def test_a_failure_says_what_to_do(code: str, hint: str) -> None:
    failed = ClientError({"Error": {"Code": code, "Message": "no"}}, "CreateGateway")
    said = f"create it: CreateGateway: {code}: no"
    with pytest.raises(AwsError, match=said) as raised, translated("create it"):
        raise failed
    assert hint in (raised.value.hint or "")
