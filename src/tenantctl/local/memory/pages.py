"""Pages of answers: a token names what was last shown, and nothing else.

A request that continues with a token is authorized and filtered like the first.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from tenantctl.local.call import ServiceError

_PAGE = 20
"""Results on a page where the request doesn't say: the model of `ListEvents` and its like."""

_T = TypeVar("_T")


def page(
    params: Mapping[str, Any], found: Sequence[tuple[int, _T]]
) -> tuple[list[_T], dict[str, str]]:
    """The page that was asked for, and the token of the next.

    `found` are results by numbers that rise and stay theirs, whatever is deleted meanwhile.
    """
    after = _last_shown(params["nextToken"]) if params.get("nextToken") else 0
    rest = [(number, one) for number, one in found if number > after]
    shown = rest[: params.get("maxResults", _PAGE)]
    if len(shown) == len(rest):
        return [one for _, one in shown], {}
    token = base64.urlsafe_b64encode(str(shown[-1][0]).encode()).decode()
    return [one for _, one in shown], {"nextToken": token}


def _last_shown(token: str) -> int:
    try:
        return int(base64.b64decode(token, altchars=b"-_", validate=True))
    except ValueError as error:
        raise ServiceError("ValidationException", "The nextToken is invalid") from error
