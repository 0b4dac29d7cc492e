"""moto's global state: made empty, and prepared for an enforcing layer in front of it.

moto keeps every service's data in module globals, so a process can have one embedded cloud at a
time; `claim` sees to that.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tenantctl.errors import StateError

_claimed = threading.Lock()


@contextmanager
def claim() -> Iterator[None]:
    """Empty backends for the length of a `with` block; raises `StateError` while claimed."""
    if not _claimed.acquire(blocking=False):
        raise StateError(
            "this process has an embedded cloud already",
            hint="close it before another is opened",
        )
    try:
        _prepare()
        reset()
        try:
            yield
        finally:
            reset()
    finally:
        _claimed.release()


def reset() -> None:
    """Forget everything that moto holds."""
    from moto.core.base_backend import BackendDict
    from moto.s3.models import s3_backends

    BackendDict.reset()
    s3_backends.bucket_accounts.clear()


def _prepare() -> None:
    from moto.core.config import default_user_config
    from moto.s3.models import FakeBucket

    from tenantctl.local.behind.table_encryption import update_encryption
    from tenantctl.local.behind.tagging import complete_tagging
    from tenantctl.local.behind.user_pools import keep_what_is_fixed
    from tenantctl.local.cognito.signing_keys import sign_with_own_keys

    # It would overrule the account that every request is forwarded with.
    os.environ.pop("MOTO_ACCOUNT_ID", None)
    # moto opens Sessions of its own, which fail for a profile that isn't there.
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        os.environ.pop(name, None)
    # moto reads bucket policies without their conditions and principals; ours has read them.
    setattr(FakeBucket, "get_permission", _permitted)  # noqa: B010 - mypy knows it as a method
    keep_what_is_fixed()
    sign_with_own_keys()
    complete_tagging()
    update_encryption()
    default_user_config["stepfunctions"] = {"execute_state_machine": True}


def _permitted(_bucket: Any, _action: str, _resource: str) -> Any:  # noqa: ANN401 - moto's own
    from moto.iam.access_control import PermissionResult

    return PermissionResult.PERMITTED
