"""Do the same to many things, several at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_In = TypeVar("_In")
_Out = TypeVar("_Out")


def each(do: Callable[[_In], _Out], items: Iterable[_In], *, jobs: int) -> list[_Out]:
    """The results in order; with one job, on this thread.

    The first exception is raised, and what hasn't started by then never starts.
    """
    if jobs <= 1:
        return [do(item) for item in items]
    with ThreadPoolExecutor(max_workers=jobs, thread_name_prefix="probe") as pool:
        futures = [pool.submit(do, item) for item in items]
        try:
            return [future.result() for future in futures]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
