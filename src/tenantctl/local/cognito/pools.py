"""moto's user pools, as the rules see them; nothing else knows moto's Cognito from inside."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from tenantctl.local.call import Call, ServiceError


@dataclass(frozen=True, slots=True)
class Pool:
    """A user pool. `attributes` says of each declared attribute whether it is mutable."""

    raw: Any
    attributes: Mapping[str, bool]

    @property
    def id(self) -> str:
        """The user pool's id."""
        return str(self.raw.id)

    @property
    def admin_creates_users(self) -> bool:
        """Whether nobody may sign itself up."""
        config = self.raw.extended_config.get("AdminCreateUserConfig") or {}
        return bool(config.get("AllowAdminCreateUserOnly", False))

    def user(self, name: str | None) -> Any:  # noqa: ANN401 - moto's user
        """Moto's user by username or address; None when there is none."""
        return None if name is None else self.raw._get_user(name)  # noqa: SLF001 - moto's own lookup

    def same_address(self, name: str) -> bool:
        """Whether a user has this address in another case; moto always minds the case.

        Cognito does only where `UsernameConfiguration` asks for it.
        """
        config = self.raw.extended_config.get("UsernameConfiguration") or {}
        if config.get("CaseSensitive", True):
            return False
        kinds = self.raw.extended_config.get("UsernameAttributes") or ()
        return any(
            name.casefold() in {user.username.casefold(), *_values(user, kinds)}
            for user in self.raw.users.values()
        )


@dataclass(frozen=True, slots=True)
class Signed:
    """An app client's pool and settings, and the user who signed in by it, if there is one."""

    pool: Pool
    client_id: str
    client: Mapping[str, Any]
    user: Any = None


def pool(call: Call) -> Pool:
    """The user pool that the call names; raises `ServiceError`."""
    found = _backend(call).user_pools.get(call.params["UserPoolId"])
    if found is None:
        raise ServiceError(
            "ResourceNotFoundException", f"User pool {call.params['UserPoolId']} does not exist."
        )
    return _pool(found)


def pool_of_client(call: Call, client_id: str) -> Signed:
    """The app client of that id with its pool, in the call's region; raises `ServiceError`."""
    for found in _backend(call).user_pools.values():
        if client_id in found.clients:
            return Signed(_pool(found), client_id, found.clients[client_id].extended_config)
    raise ServiceError("ResourceNotFoundException", f"User pool client {client_id} does not exist.")


def signed_in(call: Call) -> Signed:
    """Whose access token the call carries; it must be in force, and the user enabled."""
    token = call.params["AccessToken"]
    for found in _backend(call).user_pools.values():
        if token not in found.access_tokens:
            continue
        client_id, name = found.access_tokens[token]
        here, client = _pool(found), found.clients.get(client_id)
        user = here.user(name)
        if client is None or user is None:
            break
        if _expiry(token) <= time.time():
            raise ServiceError("NotAuthorizedException", "Access Token has expired")
        enabled(user)
        return Signed(here, client_id, client.extended_config, user)
    raise ServiceError("NotAuthorizedException", "Invalid Access Token")


def enabled(user: Any) -> None:  # noqa: ANN401 - moto's user
    """Refuse what a disabled user tries."""
    if not user.enabled:
        raise ServiceError("NotAuthorizedException", "User is disabled.")


def sessions(call: Call) -> Mapping[str, tuple[str, Any]]:
    """The challenges under way: user name and moto's pool by session."""
    found: Mapping[str, tuple[str, Any]] = _backend(call).sessions
    return found


@cache
def standard_attributes() -> frozenset[str]:
    """The attributes that every user pool has."""
    return frozenset(_standard())


def _standard() -> dict[str, bool]:
    from moto.cognitoidp.models import CognitoIdpUserPoolAttribute

    schema = CognitoIdpUserPoolAttribute.STANDARD_SCHEMA
    return {name: bool(part["Mutable"]) for name, part in schema.items()}


def _pool(raw: Any) -> Pool:  # noqa: ANN401 - moto's user pool
    declared = {name: bool(part.mutable) for name, part in raw.schema_attributes.items()}
    # moto drops the standard attributes from a pool that declares others; Cognito keeps them.
    return Pool(raw, _standard() | declared)


def _backend(call: Call) -> Any:  # noqa: ANN401 - moto's backend
    from moto.cognitoidp.models import cognitoidp_backends

    return cognitoidp_backends[call.account][call.region]


def _values(user: Any, kinds: Iterable[str]) -> set[str]:  # noqa: ANN401 - moto's user
    return {str(user.attribute_lookup.get(kind, "")).casefold() for kind in kinds}


def _expiry(token: str) -> float:
    """`exp` of a token that moto itself issued and remembers."""
    body = token.split(".")[1]
    return float(json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))["exp"])
