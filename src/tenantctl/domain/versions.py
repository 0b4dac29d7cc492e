"""The registry's keys of the policies' history: versions, their texts, and the lock of a push."""

from __future__ import annotations

import hashlib

POLICIES = "POLICIES"
"""The partition; no tenant's, as those begin with `layout.tenant_key`."""

VERSION = "VERSION#"
TEXT = "TEXT#"
LOCK = "LOCK"


def version_key(number: int) -> str:
    """The sort key of a version; digits are padded, so that a query answers in order."""
    return f"{VERSION}{number:08d}"


def text_key(digest: str) -> str:
    """The sort key of a statement by its digest."""
    return f"{TEXT}{digest}"


def digest(text: str) -> str:
    """What a statement is kept under: the SHA-256 of its text, in hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()
