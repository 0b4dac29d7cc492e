"""Calls on a cloud that answers before it is ready: what is absent, what isn't there yet."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from tenantctl.aws.failures import code_of
from tenantctl.errors import AwsError

_LONGEST = 5.0
"""Seconds between two questions, once it has taken a while."""

_T = TypeVar("_T")


def unless_absent(call: Callable[[], _T], *codes: str) -> _T | None:
    """What `call` answers; `None` when the service says by one of `codes` that it isn't there."""
    from botocore.exceptions import ClientError

    try:
        return call()
    except ClientError as error:
        if code_of(error) not in codes:
            raise
        return None


def until(done: Callable[[], bool], what: str, *, seconds: float = 600) -> None:
    """Ask until `done`; raises `AwsError` when that takes longer than `seconds`."""
    end = time.monotonic() + seconds
    pauses = _pauses()
    while not done():
        if time.monotonic() > end:
            raise AwsError(
                f"{what} isn't ready after {seconds:.0f} s",
                code="Timeout",
                operation=what,
                hint="run the same command again; it goes on where it stopped",
            )
        time.sleep(next(pauses))


def when_consistent(call: Callable[[], _T], *signs: str, seconds: float = 60) -> _T:
    """Repeat `call` while it fails with a message that holds one of `signs`.

    IAM is eventually consistent: a role made a second ago is no valid principal yet.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
    """
    from botocore.exceptions import ClientError

    end = time.monotonic() + seconds
    pauses = _pauses()
    while True:
        try:
            return call()
        except ClientError as error:
            text = f"{code_of(error)}: {error.response.get('Error', {}).get('Message', '')}"
            if not any(sign in text for sign in signs) or time.monotonic() > end:
                raise
        time.sleep(next(pauses))


def _pauses() -> Iterator[float]:
    """Seconds between questions: short at first, for a cloud that answers at once."""
    pause = 0.05
    while True:
        yield pause
        pause = min(2 * pause, _LONGEST)
