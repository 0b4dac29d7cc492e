"""The operations that look: whole answers and summaries, of one resource and of pages of them.

Looking lets what is under way come to its end: before the answer when one is fetched, after it when
many are listed, so that a list shows each change once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from tenantctl.local.policy_engine.records import Engine, Policy
from tenantctl.local.policy_engine.store import Operation, Params, Store, page, settle

R = TypeVar("R", Engine, Policy)


def gets(
    kind: str, find: Callable[[Store, Params], tuple[dict[str, R], str]]
) -> Mapping[str, Operation]:
    """Get a resource, and its summary; `find` says where it is kept, and by which id.

    A resource whose deletion ends now is missing: `find` raises `ServiceError`.
    """

    def get(store: Store, params: Params) -> R:
        home, key = find(store, params)
        settle(home, home[key])
        _, key = find(store, params)
        return home[key]

    return {
        f"Get{kind}": lambda store, params: get(store, params).answer(),
        f"Get{kind}Summary": lambda store, params: get(store, params).summary(),
    }


def lists(
    kind: str,
    member: str,
    find: Callable[[Store, Params], tuple[dict[str, R], Sequence[R]]],
) -> Mapping[str, Operation]:
    """List resources, and their summaries; `find` says where they are kept, and which are meant."""

    def shown(store: Store, params: Params, show: Callable[[R], dict[str, Any]]) -> dict[str, Any]:
        home, found = find(store, params)
        here, rest = page(params, found)
        answer = {member: [show(one) for one in here], **rest}
        for one in here:
            settle(home, one)
        return answer

    return {
        f"List{_plural(kind)}": lambda store, params: shown(store, params, lambda o: o.answer()),
        f"List{kind}Summaries": lambda store, params: shown(store, params, lambda o: o.summary()),
    }


def _plural(kind: str) -> str:
    return f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}s"
