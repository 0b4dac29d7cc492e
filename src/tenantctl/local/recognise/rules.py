"""Operations that are just an action on one ARN: rules as data, and how they turn into checks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from tenantctl.domain.arn import Arn
from tenantctl.domain.names import partition
from tenantctl.iam.request import PrincipalKind
from tenantctl.local.call import Call, Check, UnrecognisedError
from tenantctl.local.recognise.tags import tag_context

_SLOT = re.compile(r"\{(\w+)\}")

# A value that stands in an ARN mustn't be able to end its segment or to start another.
_SEGMENT = re.compile(r"[A-Za-z0-9_+=,.@-]{1,256}")
_RESOURCE = re.compile(r"[A-Za-z0-9_+=,.@$:/ -]{1,512}")

# IAM's resources have no region.
_GLOBAL = frozenset({"iam"})


def unrecognised(call: Call, why: str) -> UnrecognisedError:
    """The refusal of a call whose reach can't be told, by name and with its reason."""
    return UnrecognisedError(f"{call.service}:{call.operation}: {why}")


def arn(call: Call, service: str, resource: str) -> str:
    """The ARN of a resource in the call's own account and region."""
    region = "" if service in _GLOBAL else call.region
    return str(Arn(partition(call.region), service, region, call.account, resource))


@dataclass(frozen=True, slots=True)
class Rule:
    """One operation's check.

    `resource` is the ARN's last part with parameters in braces (`role/{RoleName}`), a parameter
    that is an ARN itself (`{ResourceArn}`), `*`, or `None` where no permission is asked. Several,
    with spaces between, must all be allowed.
    `passes` names parameters with the ARN of a role that the service `to` will act as: that takes
    `iam:PassRole` too. `keys` are condition keys and where in the parameters their values are, with
    dots between the members.
    """

    service: str
    action: str
    resource: str | None
    passes: tuple[str, ...] = ()
    to: str = ""
    keys: tuple[tuple[str, str], ...] = ()

    def checks(self, call: Call) -> tuple[Check, ...]:
        """The checks of a call by this rule."""
        if self.resource is None:
            return ()
        context = {**tag_context(call.params), **dict(self._context(call))}
        found = [
            Check(self.action, self._target(call, template), context)
            for template in self.resource.split()
        ]
        found += (
            Check(
                "iam:PassRole",
                _own_arn(call, "iam", str(call.params[name]), "role/{RoleName}"),
                {"iam:passedtoservice": (self.to,)},
            )
            for name in self.passes
            if call.params.get(name)
        )
        return tuple(found)

    def _context(self, call: Call) -> Iterator[tuple[str, tuple[str, ...]]]:
        for key, path in self.keys:
            value: Any = call.params
            for name in path.split("."):
                value = value.get(name) if isinstance(value, Mapping) else None
            if value:
                yield key, (value,) if isinstance(value, str) else tuple(map(str, value))

    def _target(self, call: Call, template: str) -> str:
        slots = _SLOT.findall(template)
        if not slots:
            return "*" if template == "*" else arn(call, self.service, template)
        first = _text(call, slots[0])
        if template == f"{{{slots[0]}}}":
            return _own_arn(call, self.service, first, None)
        if first.startswith("arn:") and len(slots) == 1:
            return _own_arn(call, self.service, first, template)
        return arn(call, self.service, _SLOT.sub(lambda m: _segment(call, m[1]), template))


Table = Mapping[str, Rule]


def table(service: str, resources: Mapping[str | None, str]) -> dict[str, Rule]:
    """Rules from `{resource: "Operation Operation:Action …"}`.

    The action is named as the operation, unless another is given.
    """
    rules: dict[str, Rule] = {}
    for resource, operations in resources.items():
        for entry in operations.split():
            operation, _, action = entry.partition(":")
            rules[operation] = Rule(service, f"{service}:{action or operation}", resource)
    return rules


def _text(call: Call, name: str) -> str:
    value = call.params.get(name)
    if value is None and name == "UserName" and call.principal.kind is PrincipalKind.USER:
        # IAM takes the caller itself where no user is named.
        return call.principal.arn.rpartition("/")[2]
    if not isinstance(value, str) or not value:
        raise unrecognised(call, f"`{name}` names no resource")
    return value


def _segment(call: Call, name: str) -> str:
    value = _text(call, name)
    if not _SEGMENT.fullmatch(value):
        raise unrecognised(call, f"`{value}` can't stand in an ARN")
    return value


def _own_arn(call: Call, service: str, text: str, template: str | None) -> str:
    """An ARN from the request, if it names something of this account and region.

    Other accounts, regions and partitions aren't modelled, so nothing is known of them.
    """
    own = arn(call, service, "")
    managed = "arn:aws:iam::aws:policy/"  # AWS's own policies, which every account may read
    if service == "iam" and template is None and text.startswith(managed):
        own = managed
    resource = text.removeprefix(own)
    pattern = _RESOURCE if template is None else _shape(template)
    if resource == text or not pattern.fullmatch(resource):
        raise unrecognised(call, f"`{text}` is no {service} resource of this account and region")
    return text


@cache
def _shape(template: str) -> re.Pattern[str]:
    """What the resource part of an ARN looks like that fits a template."""
    parts = _SLOT.split(template)
    return re.compile(
        "".join(_SEGMENT.pattern if i % 2 else re.escape(part) for i, part in enumerate(parts))
    )
