"""Signing in as Cognito allows it: enabled flows, right secrets, and one's own challenge only.

moto takes a challenge's user name from the answer, so that anybody's session could set anybody's
password, and verifies neither SRP proofs nor codes. What it can't verify is refused by name.
https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-authentication-flow-methods.html
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping

from tenantctl.local.call import Call, ServiceError
from tenantctl.local.cognito.pools import Signed, enabled, pool, pool_of_client, sessions

_FLOWS: Mapping[str, frozenset[str]] = {
    "USER_PASSWORD_AUTH": frozenset({"ALLOW_USER_PASSWORD_AUTH", "USER_PASSWORD_AUTH"}),
    "ADMIN_USER_PASSWORD_AUTH": frozenset({"ALLOW_ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"}),
    "ADMIN_NO_SRP_AUTH": frozenset({"ALLOW_ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"}),
    "REFRESH_TOKEN_AUTH": frozenset({"ALLOW_REFRESH_TOKEN_AUTH"}),
    "REFRESH_TOKEN": frozenset({"ALLOW_REFRESH_TOKEN_AUTH"}),
}
"""What in `ExplicitAuthFlows` admits a flow; names without ALLOW_ are the older ones."""

_ADMIN_FLOWS = frozenset({"ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"})
"""Flows of AdminInitiateAuth alone; elsewhere moto refuses them only for users that exist."""

_DEFAULT_FLOWS = ("ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_CUSTOM_AUTH")
"""An app client's flows where none are named.
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolClient.html
"""


def check_sign_in(call: Call) -> None:
    """Refuse (Admin)InitiateAuth where Cognito would, apart from the password; that's moto's."""
    flow, values = call.params["AuthFlow"], call.params.get("AuthParameters") or {}
    client = _client(call)
    admitting = _FLOWS.get(flow)
    if admitting is None:
        raise _unserved(call, f"the flow {flow}, whose proofs aren't verified")
    if flow in _ADMIN_FLOWS and call.operation != "AdminInitiateAuth":
        raise ServiceError("InvalidParameterException", "Initiate Auth method not supported.")
    listed = frozenset(client.client.get("ExplicitAuthFlows") or _DEFAULT_FLOWS)
    older = not any(name.startswith("ALLOW_") for name in listed)  # these always refresh
    if not listed & admitting and not (older and flow.startswith("REFRESH")):
        raise ServiceError("InvalidParameterException", f"{flow} flow not enabled for this client")
    if flow.startswith("REFRESH"):
        _refresh(client, values)
        return
    _secret(client, values, values.get("USERNAME", ""))
    user = client.pool.user(values.get("USERNAME"))
    if user is None:
        raise _nobody(client)
    enabled(user)
    if user.password == values.get("PASSWORD") and user.status == "RESET_REQUIRED":
        raise ServiceError("PasswordResetRequiredException", "Password reset required for the user")


def check_challenge(call: Call) -> None:
    """Refuse (Admin)RespondToAuthChallenge for a session or user that isn't the answer's."""
    if call.params["ChallengeName"] != "NEW_PASSWORD_REQUIRED":
        raise _unserved(call, f"the challenge {call.params['ChallengeName']}")
    client, values = _client(call), call.params.get("ChallengeResponses") or {}
    name, raw = sessions(call).get(call.params.get("Session", ""), (None, None))
    user = client.pool.user(name)
    answering = client.pool.user(values.get("USERNAME"))
    if raw is not client.pool.raw or user is None or answering is not user:
        raise ServiceError("NotAuthorizedException", "Invalid session for the user.")
    enabled(user)
    _secret(client, values, values.get("USERNAME", ""))
    if user.status != "FORCE_CHANGE_PASSWORD":
        raise ServiceError("NotAuthorizedException", "Invalid session for the user.")
    if any(key.startswith("userAttributes.") for key in values):
        raise _unserved(call, "attributes in a challenge's answer")


def _client(call: Call) -> Signed:
    found = pool_of_client(call, call.params["ClientId"])
    if "UserPoolId" in call.params and found.pool.id != pool(call).id:
        raise ServiceError(
            "ResourceNotFoundException",
            f"User pool client {call.params['ClientId']} does not exist.",
        )
    return found


def _refresh(client: Signed, values: Mapping[str, str]) -> None:
    known = client.pool.raw.refresh_tokens.get(values.get("REFRESH_TOKEN", ""))
    if known is None or known[0] != client.client_id:
        raise ServiceError("NotAuthorizedException", "Invalid Refresh Token")
    user = client.pool.user(known[1])
    if user is None:
        raise ServiceError("NotAuthorizedException", "Invalid Refresh Token")
    enabled(user)
    _secret(client, values, user.username)


def _secret(client: Signed, values: Mapping[str, str], name: str) -> None:
    """A client with a secret proves it by a keyed hash of user name and client id."""
    raw = client.pool.raw.clients[client.client_id]
    if not raw.generate_secret:
        return
    digest = hmac.digest(raw.secret.encode(), f"{name}{client.client_id}".encode(), hashlib.sha256)
    given = values.get("SECRET_HASH", "")
    if not hmac.compare_digest(base64.b64encode(digest), given.encode()):
        raise ServiceError(
            "NotAuthorizedException",
            f"Unable to verify secret hash for client {client.client_id}",
        )


def _nobody(client: Signed) -> ServiceError:
    """What Cognito says of users that don't exist; a client may hide that they don't."""
    if client.client.get("PreventUserExistenceErrors") == "ENABLED":
        return ServiceError("NotAuthorizedException", "Incorrect username or password.")
    return ServiceError("UserNotFoundException", "User does not exist.")


def _unserved(call: Call, what: str) -> ServiceError:
    return ServiceError(
        "NotImplemented", f"cognito-idp:{call.operation} isn't served with {what}", 501
    )
