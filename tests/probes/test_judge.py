"""How an attempt's end is read. Codes are those of the services' own documentation.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from tenantctl.errors import AwsError, TokenError
from tenantctl.probes.judge import Answer, judge
from tenantctl.probes.probe import Got, RefusedError, UnclearError


def fails(error: Exception) -> Callable[[], Got]:
    def attempt() -> Got:
        raise error

    return attempt


def answered(code: str, operation: str, **more: Any) -> ClientError:  # noqa: ANN401 - JSON
    response: Any = {"Error": {"Code": code}, **more}
    return ClientError(response, operation)


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (answered("AccessDeniedException", "GetItem"), Answer.REFUSED),
        (answered("AccessDenied", "GetObject"), Answer.REFUSED),
        (answered("403", "HeadObject"), Answer.REFUSED),
        (RefusedError("AccessDenied"), Answer.REFUSED),
        (TokenError("the token has expired"), Answer.REFUSED),
        (answered("ConditionalCheckFailedException", "PutItem"), Answer.LET_THROUGH),
        (answered("PreconditionFailed", "PutObject"), Answer.LET_THROUGH),
        (answered("404", "HeadObject"), Answer.UNCLEAR),
        (answered("403", "GetObject"), Answer.UNCLEAR),
        (answered("NoSuchKey", "GetObject"), Answer.UNCLEAR),
        (answered("NoSuchBucket", "GetObject"), Answer.UNCLEAR),
        (answered("ResourceNotFoundException", "GetItem"), Answer.UNCLEAR),
        (answered("ThrottlingException", "Query"), Answer.UNCLEAR),
        (answered("SlowDown", "GetObject"), Answer.UNCLEAR),
        (answered("ProvisionedThroughputExceededException", "Query"), Answer.UNCLEAR),
        (answered("ValidationException", "Query"), Answer.UNCLEAR),
        (answered("InternalServerError", "Query"), Answer.UNCLEAR),
        (answered("ExpiredTokenException", "Query"), Answer.UNCLEAR),
        (answered("UnrecognizedClientException", "Query"), Answer.UNCLEAR),
        (answered("InvalidClientTokenId", "AssumeRole"), Answer.UNCLEAR),
        (answered("SignatureDoesNotMatch", "GetObject"), Answer.UNCLEAR),
        (answered("NotImplemented", "GetObject"), Answer.UNCLEAR),
        (answered("", "GetObject"), Answer.UNCLEAR),
        (UnclearError("keys were left unprocessed"), Answer.UNCLEAR),
        (AwsError("no", code="x", operation="y"), Answer.UNCLEAR),
        (ConnectTimeoutError(endpoint_url="http://x"), Answer.UNCLEAR),
    ],
    ids=str,
)
def test_only_an_authorization_decision_is_a_refusal(error: Exception, answer: Answer) -> None:
    assert judge(fails(error)).answer is answer


@pytest.mark.parametrize(
    ("reasons", "answer"),
    [
        (["None", "ConditionalCheckFailed"], Answer.LET_THROUGH),
        (["None", "TransactionConflict"], Answer.UNCLEAR),
        (["ThrottlingError", "None"], Answer.UNCLEAR),
        ([], Answer.UNCLEAR),
    ],
)
def test_a_cancelled_transaction_is_never_a_refusal(reasons: list[str], answer: Answer) -> None:
    error = answered(
        "TransactionCanceledException",
        "TransactWriteItems",
        CancellationReasons=[{"Code": code} for code in reasons],
    )

    assert judge(fails(error)).answer is answer


def test_a_call_that_succeeds_is_let_through_with_or_without_data() -> None:
    assert judge(lambda: Got(data=True)).data
    empty = judge(lambda: Got(data=False))
    assert empty.answer is Answer.LET_THROUGH
    assert not empty.data


def test_a_further_refusal_counts_where_a_probe_names_it() -> None:
    error = answered("InvalidParameterException", "UpdateUserAttributes")

    assert judge(fails(error)).answer is Answer.UNCLEAR
    assert judge(fails(error), frozenset({"InvalidParameterException"})).answer is Answer.REFUSED


def test_a_defect_passes_through() -> None:
    with pytest.raises(ZeroDivisionError):
        judge(fails(ZeroDivisionError()))
