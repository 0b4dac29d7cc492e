"""A case as it is written: its parts, typed, and what they say of who asks."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from msgspec import Raw

from tenantctl.domain.arn import Arn
from tenantctl.iam.misread import Name
from tenantctl.iam.request import Context, Principal, PrincipalKind

_ROLE = re.compile(r"arn:(aws[a-z-]*):sts::([0-9]{12}):assumed-role/([A-Za-z0-9_+=,.@-]{1,64})")
_SESSION = re.compile(r"[A-Za-z0-9_+=,.@-]{1,64}")
_USER = re.compile(r"arn:aws[a-z-]*:iam::([0-9]{12}):user/[!-)+->@-~]{1,600}")
# Lower case turns these two into ASCII letters: `aws:TagKeys` could be written with neither.
_CONFUSABLE = re.compile("[\u0130\u212a]")
_ASKED = 8  # strings of a request: five keys, principal, action, resource
_ABSENT = Raw(b"")
_MOST_KEYS = 4_096
_LONGEST_KEY = 256
_MOST_ROLES = 4_096
_OF_ROLE = PrincipalKind.SESSION  # named once: to look one up is slow


class Case(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A case with its policies as they are written; one that isn't there is empty."""

    id: Name
    principal: str
    action: str
    resource: str
    context: dict[str, str | tuple[str, ...]]
    identity: Raw
    boundary: Raw = _ABSENT
    session: Raw = _ABSENT
    resource_policy: Raw = _ABSENT


read_case = msgspec.json.Decoder(Case).decode


def strings_of(case: Case, context: Context) -> int:
    """How many strings the text of a case has beside its policies, if this is its context."""
    return _ASKED + len(context) + sum(map(len, context.values())) + (type(case.id) is str)


def confusable(case: Case) -> bool:
    """Whether lower case turns a letter of a context key into an ASCII letter."""
    keys = "".join(case.context)
    return not keys.isascii() and _CONFUSABLE.search(keys) is not None


def context_of(case: Case) -> Context:
    """The context as the evaluator takes it; shorter, if keys differ only in case."""
    given: dict[str, Any] = case.context  # texts and tuples, told apart by the quickest test
    return {_LOWER[key]: (value,) if type(value) is str else value for key, value in given.items()}


class _Lower(dict[str, str]):
    """Keys in lower case. Few are distinct, and to look one up takes a third of the time."""

    def __missing__(self, key: str) -> str:
        lower = key.lower()
        if len(self) < _MOST_KEYS and len(key) <= _LONGEST_KEY:
            self[key] = lower
        return lower


_LOWER = _Lower()


def principal_of(text: str) -> Principal | None:
    """A role session or a user by its ARN; wildcards are no part of one."""
    role, _, session = text.rpartition("/")
    known = _ROLES[role]
    if known is not None and _SESSION.fullmatch(session):
        return Principal(_OF_ROLE, text, known[0], known[1])
    user = _USER.fullmatch(text)
    return None if user is None else Principal(PrincipalKind.USER, text, user[1])


class _Roles(dict[str, tuple[str, str] | None]):
    """The account and the ARN of the role whose sessions' ARNs begin so.

    A session's ARN names its role without the role's path, and role names are unique.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns
    """

    def __missing__(self, text: str) -> tuple[str, str] | None:
        match = _ROLE.fullmatch(text)
        if match is None:
            return None
        partition, account, name = match.groups()
        found = account, str(Arn(partition, "iam", "", account, f"role/{name}"))
        if len(self) < _MOST_ROLES:
            self[text] = found
        return found


_ROLES = _Roles()
