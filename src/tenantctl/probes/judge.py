"""What an attempt's end says: let through, refused by authorization, or neither.

Only a service's access-denied codes are a refusal. A condition of ours that failed shows the
opposite: DynamoDB authorizes a write before it looks at the item.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from tenantctl.aws.failures import code_of, is_access_denied
from tenantctl.errors import AwsError, TokenError
from tenantctl.probes.probe import Got, RefusedError, UnclearError

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

PASSED_AUTHORIZATION = frozenset({"ConditionalCheckFailedException", "PreconditionFailed"})
"""Codes of a write that was authorized and then failed on a condition of the request."""

CANCELED = "TransactionCanceledException"
"""Counts as let through only for a failed condition: other reasons may precede authorization."""


class Answer(StrEnum):
    """The three ends of an attempt."""

    LET_THROUGH = "let through"
    REFUSED = "refused"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Judgement:
    """An answer, and the evidence in a few words."""

    answer: Answer
    evidence: str
    data: bool = False


def judge(attempt: Callable[[], Got], refusals: frozenset[str] = frozenset()) -> Judgement:
    """Make the attempt and judge how it ended; `refusals` are further codes that refuse.

    What is neither a service's answer nor a network's failure is a defect and passes through.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        got = attempt()
    except ClientError as error:
        return _judged(error, refusals)
    except (RefusedError, TokenError) as error:
        return Judgement(Answer.REFUSED, str(error))
    except (UnclearError, AwsError, BotoCoreError) as error:
        return Judgement(Answer.UNCLEAR, str(error))
    return Judgement(Answer.LET_THROUGH, got.detail or "the call succeeded", data=got.data)


def _judged(error: ClientError, refusals: frozenset[str]) -> Judgement:
    code = code_of(error)
    said = f"{error.operation_name} answered {code}"
    if is_access_denied(error) or code in refusals:
        return Judgement(Answer.REFUSED, said)
    if code in PASSED_AUTHORIZATION or (code == CANCELED and _condition_failed(error)):
        return Judgement(Answer.LET_THROUGH, f"{said}, which comes after authorization")
    return Judgement(Answer.UNCLEAR, said)


def _condition_failed(error: ClientError) -> bool:
    reasons = error.response.get("CancellationReasons", ())
    return any(r.get("Code") == "ConditionalCheckFailed" for r in reasons)
