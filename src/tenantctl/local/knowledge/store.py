"""Where the embedded knowledge bases are kept, and what their operations share."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from tenantctl.local.call import ServiceError
from tenantctl.local.knowledge.records import Base, Source

Params = Mapping[str, Any]
T = TypeVar("T")

_PAGE = 10


@dataclass(slots=True)
class Store:
    """The knowledge bases of one account in one region, by id.

    `tokens` are the client tokens of creations: the request, and the id of what it made.
    """

    region: str
    account: str
    prefix: str
    bases: dict[str, Base] = field(default_factory=dict)
    tokens: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)

    def base(self, params: Params) -> Base:
        """The base that a request names, by id or ARN; raises `ServiceError`."""
        given = str(params["knowledgeBaseId"])
        found = self.bases.get(given.removeprefix(f"{self.prefix}:knowledge-base/"))
        if found is None:
            raise missing("knowledge base", given)
        return found

    def source(self, params: Params) -> Source:
        """The data source that a request names; raises `ServiceError`."""
        found = self.base(params).sources.get(str(params["dataSourceId"]))
        if found is None:
            raise missing("data source", str(params["dataSourceId"]))
        return found

    def tagged(self, arn: str) -> Base:
        """The base with an ARN; raises `ServiceError`."""
        return self.base({"knowledgeBaseId": arn})

    def once(self, operation: str, params: Params, make: Callable[[], str]) -> str:
        """The id of what `make` makes; of what was made, where the client token was used before.

        https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent_CreateKnowledgeBase.html
        """
        token = (operation, str(params.get("clientToken", "")))
        text = json.dumps(params, sort_keys=True, default=str)
        if token[1] and token in self.tokens:
            before, made = self.tokens[token]
            if before != text:
                raise ServiceError("ConflictException", "The client token was used before", 409)
            return made
        made = make()
        if token[1]:
            self.tokens[token] = (text, made)
        return made


Operation = Callable[[Store, Params], dict[str, Any]]


def page(
    params: Mapping[str, Any], found: Sequence[T], size: int = _PAGE
) -> tuple[Sequence[T], dict[str, str]]:
    """The page that was asked for, and the token of the next."""
    start = _offset(params.get("nextToken"))
    shown = found[start : start + size]
    end = start + len(shown)
    return shown, {"nextToken": _token(end)} if end < len(found) else {}


def _token(offset: int) -> str:
    return base64.urlsafe_b64encode(str(offset).encode()).decode()


def _offset(token: object) -> int:
    if not token:
        return 0
    try:
        return int(base64.b64decode(str(token), altchars=b"-_", validate=True))
    except ValueError as error:
        raise ServiceError("ValidationException", "The nextToken is invalid") from error


def missing(what: str, which: str) -> ServiceError:
    """The error for what isn't there."""
    return ServiceError(
        "ResourceNotFoundException", f"The {what} with id {which} does not exist.", 404
    )


def taken(what: str, name: str) -> ServiceError:
    """The error for a name that another has."""
    return ServiceError("ConflictException", f"A {what} with name {name} already exists.", 409)
