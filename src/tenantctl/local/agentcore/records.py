"""What the control plane keeps of each resource, and how a change comes to its end.

Changes are asynchronous, as on AWS: an answer shows the transitional status, and the change is
done when the resource is next fetched, or has been listed once in that status.
"""

from __future__ import annotations

import base64
import secrets
import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from tenantctl.local.call import ServiceError
from tenantctl.local.wire import shapes

SERVICE = "bedrock-agentcore-control"

Params = Mapping[str, Any]

_ID = string.ascii_lowercase + string.digits


@dataclass(frozen=True, slots=True)
class Ending:
    """How a change on its way will end.

    A status of None means that the resource is gone; `settings` are what it then has, if others.
    """

    status: str | None
    reasons: tuple[str, ...] = ()
    settings: Params | None = None


@dataclass(slots=True)
class Record:
    """One resource; `settings` has the members of the request that made it, by their own names.

    `serial` counts up, for pages. `ending` is set while the status is transitional.
    """

    serial: int
    id: str
    name: str
    arn: str
    settings: Params
    status: str
    ending: Ending | None
    reasons: tuple[str, ...] = ()
    tags: dict[str, str] = field(default_factory=dict)
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    updated: datetime = field(default_factory=lambda: datetime.now(UTC))

    def begin(self, status: str, ending: Ending) -> None:
        """Start a change; raises `ServiceError` while another is on its way."""
        self.require_settled()
        self.status, self.ending, self.reasons = status, ending, ()
        self.updated = datetime.now(UTC)

    def require_settled(self) -> None:
        """Raise `ServiceError` while a change is on its way."""
        if self.ending is not None:
            raise conflict(f"{self.id} is in status {self.status}: try again later")

    @property
    def shown(self) -> Params:
        """The settings as an answer shows them: those that are on their way, where there are."""
        if self.ending is None or self.ending.settings is None:
            return self.settings
        return self.ending.settings


R = TypeVar("R", bound=Record)


def settle(home: dict[str, R], record: R) -> R | None:
    """Let the change on its way come to its end; `None` when the resource is gone by it."""
    ending = record.ending
    if ending is None:
        return record
    if ending.status is None:
        del home[record.id]
        return None
    record.status, record.reasons, record.ending = ending.status, ending.reasons, None
    if ending.settings is not None:
        record.settings = ending.settings
    return record


def look(home: dict[str, R], what: str, key: str) -> R:
    """A resource as it is when it is fetched: settled; raises `ServiceError`."""
    found = settle(home, known(home, what, key))
    if found is None:
        raise missing(what, key)
    return found


def known(home: Mapping[str, R], what: str, key: str) -> R:
    """A resource in whatever status; raises `ServiceError`."""
    found = home.get(key)
    if found is None:
        raise missing(what, key)
    return found


def answer(operation: str, *facts: Params) -> dict[str, Any]:
    """The members of an operation's output among some facts; later ones win, None isn't one."""
    return members(operation, None, *facts)


def members(operation: str, path: str | None, *facts: Params) -> dict[str, Any]:
    """The same for the structure in the output's member `path`: itself, or a list's elements."""
    shape: Any = shapes.model(SERVICE).operation_model(operation).output_shape
    if path is not None:
        shape = shape.members[path]
        shape = getattr(shape, "member", shape)
    joined = {name: value for one in facts for name, value in one.items() if value is not None}
    return {name: joined[name] for name in shape.members if name in joined}


def settings_of(operation: str, params: Params) -> dict[str, Any]:
    """The parameters that a resource keeps: all that the operation `operation` shows again."""
    return answer(operation, params)


def page(params: Params, found: Iterable[R], size: int) -> tuple[list[R], dict[str, str]]:
    """The page that was asked for, and the token of the next; a token names what was last shown."""
    after = _last_shown(params["nextToken"]) if params.get("nextToken") else 0
    rest = [one for one in found if one.serial > after]
    here = rest[: params.get("maxResults", size)]
    if len(here) == len(rest):
        return here, {}
    token = base64.urlsafe_b64encode(str(here[-1].serial).encode()).decode()
    return here, {"nextToken": token}


def _last_shown(token: str) -> int:
    try:
        return int(base64.b64decode(token, altchars=b"-_", validate=True))
    except ValueError as error:
        raise invalid("The nextToken is invalid") from error


def suffix() -> str:
    """The ten characters that the service puts behind a name to make an id."""
    return "".join(secrets.choice(_ID) for _ in range(10))


def missing(what: str, which: str) -> ServiceError:
    """The error for what isn't there."""
    return ServiceError("ResourceNotFoundException", f"The {what} {which} doesn't exist", 404)


def invalid(message: str) -> ServiceError:
    """The error for a request that is wrong in itself."""
    return ServiceError("ValidationException", message)


def conflict(message: str) -> ServiceError:
    """The error for what can't be done as things are."""
    return ServiceError("ConflictException", message, 409)


def over_quota(what: str, limit: int, of: str) -> ServiceError:
    """The error for one more than there may be."""
    return ServiceError(
        "ServiceQuotaExceededException", f"The {what} has {limit} {of}, and can't have more", 402
    )
