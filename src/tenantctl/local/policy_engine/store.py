"""Where the embedded policy engines are kept, and the rules that engines and policies share."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from tenantctl.local.call import ServiceError
from tenantctl.local.policy_engine.records import Engine, Policy, Resource, now

_PAGE = 10
"""Results on a page where the request doesn't say: the model of ListPolicies."""

Params = Mapping[str, Any]
R = TypeVar("R", Engine, Policy)


@dataclass(slots=True)
class Store:
    """The engines of one account in one region, by id; `prefix` starts their ARNs.

    `tokens` are the client tokens of creations: what they made, and of what.
    """

    prefix: str
    engines: dict[str, Engine] = field(default_factory=dict)
    tokens: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    serial: int = 0

    def engine(self, engine_id: str) -> Engine:
        """The engine; raises `ServiceError`."""
        found = self.engines.get(engine_id)
        if found is None:
            raise missing("policy engine", engine_id)
        return found

    def earlier(self, operation: str, params: Params) -> str | None:
        """What this client token made before; its parameters must be the same."""
        known = self.tokens.get((operation, params.get("clientToken", "")))
        if known is None:
            return None
        made, fingerprint = known
        if fingerprint != _fingerprint(params):
            raise ServiceError(
                "ValidationException", "The client token was used with other parameters"
            )
        return made

    def remember(self, operation: str, params: Params, made: str) -> None:
        """Keep what a client token made."""
        if params.get("clientToken"):
            self.tokens[operation, params["clientToken"]] = (made, _fingerprint(params))

    def next(self) -> int:
        """A serial number that is above all before it."""
        self.serial += 1
        return self.serial


Operation = Callable[[Store, Params], dict[str, Any]]


def settle(home: dict[str, R], resource: R) -> None:
    """Let the change on its way, if there is one, come to its end."""
    ending = resource.ending
    if ending is None:
        return
    if ending.status is None:
        del home[resource.id]
        return
    resource.status, resource.reasons, resource.ending = ending.status, ending.reasons, None
    resource.updated = now()
    if ending.definition is not None and isinstance(resource, Policy):
        resource.definition = ending.definition


def still(resource: R) -> R:
    """Only what isn't changing can be changed."""
    if resource.ending is not None:
        raise conflict(f"{resource.id} is in status {resource.status}: try again later")
    return resource


def describe(resource: Resource, params: Params) -> None:
    """PATCH: absent leaves the description, an empty wrapper clears it."""
    if "description" in params:
        resource.description = params["description"].get("optionalValue")


def page(params: Params, found: Sequence[R]) -> tuple[list[R], dict[str, str]]:
    """The page that was asked for, and the token of the next; a token names what was last shown."""
    after = _last_shown(params["nextToken"]) if params.get("nextToken") else 0
    rest = [one for one in found if one.serial > after]
    shown = rest[: params.get("maxResults", _PAGE)]
    if len(shown) == len(rest):
        return shown, {}
    token = base64.urlsafe_b64encode(str(shown[-1].serial).encode()).decode()
    return shown, {"nextToken": token}


def _last_shown(token: str) -> int:
    try:
        return int(base64.b64decode(token, altchars=b"-_", validate=True))
    except ValueError as error:
        raise ServiceError("ValidationException", "The nextToken is invalid") from error


def _fingerprint(params: Params) -> str:
    return json.dumps(params, sort_keys=True, default=str)


def missing(what: str, which: str) -> ServiceError:
    """The error for what isn't there."""
    return ServiceError("ResourceNotFoundException", f"The {what} {which} doesn't exist", 404)


def over_quota(what: str, limit: int, of: str) -> ServiceError:
    """The error for one more than there may be."""
    return ServiceError(
        "ServiceQuotaExceededException", f"The {what} has {limit} {of}, and can't have more", 402
    )


def conflict(message: str) -> ServiceError:
    """The error for what can't be done as things are."""
    return ServiceError("ConflictException", message, 409)
