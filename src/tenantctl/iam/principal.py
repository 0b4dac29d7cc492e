"""The `Principal` element: whom a resource policy or a trust policy speaks of.

How a policy names its principal decides what else can still limit it.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from tenantctl.iam.malformed import MalformedError, shown
from tenantctl.iam.request import Principal, PrincipalKind

_ACCOUNT = re.compile(r"\d{12}")
_ARN = re.compile(
    r"arn:aws[a-z-]*:(?:iam::(?P<root>\d{12}):root"
    r"|iam::\d{12}:(?:user|role)/[!-)+->@-~]+"
    r"|sts::\d{12}:(?:assumed-role/[^/*?\s]+|federated-user)/[^/*?\s]+)"
)
# What AWS shows in place of a principal that was deleted; it matches nobody any more.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
_DELETED = re.compile(r"A(?:IDA|ROA)[A-Z0-9]{12,}")
_SERVICE = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+")
_FEDERATED = re.compile(r"[!-)+->@-~]+")


class Reach(IntEnum):
    """How a policy named the caller, from the weakest to the strongest.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
    """

    ACCOUNT = 1  # delegates to the account's identity policies
    ROLE = 2  # limited by the permissions boundary and the session policy
    DIRECT = 3  # the user, the session, the service or everybody: nothing implicit limits it


@dataclass(frozen=True, slots=True)
class Principals:
    """A parsed `Principal` or (`negated`) `NotPrincipal`."""

    everyone: bool
    accounts: frozenset[str]
    arns: frozenset[str]
    services: frozenset[str]
    negated: bool = False
    federated: frozenset[str] = frozenset()

    def reach(self, caller: Principal) -> Reach | None:
        """How an Allow reaches the caller; `None` if it doesn't.

        With `NotPrincipal` everybody is reached of whom nothing is listed.
        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
        """
        named = self._named(caller)
        if self.negated:
            return Reach.DIRECT if named is None else None
        return named

    def denies(self, caller: Principal) -> bool:
        """Whether a Deny reaches the caller.

        `NotPrincipal` spares only those listed at every level (account, role, session), as AWS
        may check the account first.
        """
        return not self._spared(caller) if self.negated else self._named(caller) is not None

    def _named(self, caller: Principal) -> Reach | None:
        if self.everyone:
            return Reach.DIRECT
        if caller.kind is PrincipalKind.USER or caller.kind is PrincipalKind.SESSION:
            if caller.arn in self.arns:
                return Reach.DIRECT
            if caller.role_arn in self.arns:
                return Reach.ROLE
            return Reach.ACCOUNT if caller.account in self.accounts else None
        there = {
            PrincipalKind.SERVICE: caller.arn in self.services,
            PrincipalKind.FEDERATED: caller.arn in self.federated,
            PrincipalKind.ROOT: caller.account in self.accounts,
        }
        return Reach.DIRECT if there.get(caller.kind) else None

    def _spared(self, caller: Principal) -> bool:
        if self.everyone:
            return True
        match caller.kind:
            case (
                PrincipalKind.SERVICE
                | PrincipalKind.FEDERATED
                | PrincipalKind.ANONYMOUS
                | PrincipalKind.ROOT
            ):
                return self._named(caller) is not None
        listed = caller.arn in self.arns and caller.account in self.accounts
        return listed and (caller.kind is not PrincipalKind.SESSION or caller.role_arn in self.arns)


def read(element: object, *, negated: bool) -> Principals:
    """Read a `Principal` element: `"*"`, or an object of `AWS`, `Service` and `Federated`.

    Raises `MalformedError` for every other form; wildcards inside an ARN are one.
    """
    if element == "*":
        return Principals(
            everyone=True, accounts=_NONE, arns=_NONE, services=_NONE, negated=negated
        )
    if not isinstance(element, Mapping) or not element:
        raise MalformedError("a principal is `*` or an object", 'write {"AWS": "arn:…"}')
    names: dict[str, list[str]] = {"AWS": [], "Service": [], "Federated": []}
    for kind, value in element.items():
        if kind not in names:
            raise MalformedError(
                f"unknown kind of principal {shown(kind)}", "use AWS, Service or Federated"
            )
        values = value if isinstance(value, list | tuple) else [value]
        if not values or not all(type(v) is str for v in values):
            raise MalformedError(f"`{kind}` is a text or a list of texts, and not empty")
        names[kind] = list(values)
    for kind, form in (("Service", _SERVICE), ("Federated", _FEDERATED)):
        for name in names[kind]:
            if form.fullmatch(name) is None:
                raise MalformedError(f"{shown(name)} is no principal of kind {kind}")
    everyone, accounts, arns = _aws(names["AWS"])
    services, federated = frozenset(names["Service"]), frozenset(names["Federated"])
    return Principals(everyone, accounts, arns, services, negated, federated)


_NONE: frozenset[str] = frozenset()


def _aws(names: list[str]) -> tuple[bool, frozenset[str], frozenset[str]]:
    accounts: set[str] = set()
    arns: set[str] = set()
    for name in names:
        if name == "*" or _DELETED.fullmatch(name):
            continue
        if _ACCOUNT.fullmatch(name):
            accounts.add(name)
            continue
        match = _ARN.fullmatch(name)
        if match is None:
            raise MalformedError(
                f"{shown(name)} is no principal",
                "name an account, a user, a role or a session, without wildcards, or `*`",
            )
        if match["root"]:
            accounts.add(match["root"])
        else:
            arns.add(name)
    return "*" in names, frozenset(accounts), frozenset(arns)
