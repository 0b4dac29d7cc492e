"""What Cognito refuses and moto would accept: whoever may change a claim may change its tenant.

`check` runs before moto sees the call. It reads moto's user pools and changes nothing.
https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tenantctl.local.call import Call, ServiceError
from tenantctl.local.cognito.pools import (
    Pool,
    Signed,
    pool,
    pool_of_client,
    signed_in,
    standard_attributes,
)
from tenantctl.local.cognito.sign_in import check_challenge, check_sign_in

_NEVER_OWN = frozenset({"sub", "email_verified", "phone_number_verified"})
"""Standard attributes that no user may write, whatever the app client allows."""

_UNSERVED: Mapping[str, str] = dict.fromkeys(
    ("ConfirmSignUp", "ForgotPassword", "ConfirmForgotPassword", "ResendConfirmationCode"),
    "no codes are sent, and any code would be taken",
) | dict.fromkeys(
    (
        "AssociateSoftwareToken",
        "VerifySoftwareToken",
        "SetUserMFAPreference",
        "AdminSetUserMFAPreference",
        "SetUserPoolMfaConfig",
    ),
    "second factors aren't verified",
)


def check(call: Call) -> None:
    """Refuse the call where Cognito would; raises `ServiceError`."""
    why = _UNSERVED.get(call.operation)
    if why is not None:
        raise ServiceError(
            "NotImplemented", f"cognito-idp:{call.operation} isn't served: {why}", 501
        )
    rule = _RULES.get(call.operation)
    if rule is not None:
        rule(call)
    elif "AccessToken" in call.params:
        signed_in(call)


def _admin_create_user(call: Call) -> None:
    users = pool(call)
    if call.params.get("MessageAction") == "RESEND":
        raise ServiceError(
            "NotImplemented",
            "cognito-idp:AdminCreateUser isn't served with RESEND: nothing is sent",
            501,
        )
    if users.same_address(call.params["Username"]):
        raise ServiceError("UsernameExistsException", "User account already exists")
    _declared(users, _written(call))


def _admin_update(call: Call) -> None:
    users, names = pool(call), _written(call)
    _declared(users, names)
    _mutable(users, names)


def _admin_delete(call: Call) -> None:
    _mutable(pool(call), call.params["UserAttributeNames"])


def _update_own(call: Call) -> None:
    who, names = signed_in(call), _written(call)
    _writable(who, names)
    _declared(who.pool, names)
    _mutable(who.pool, names)


def _delete_own(call: Call) -> None:
    who, names = signed_in(call), call.params["UserAttributeNames"]
    _writable(who, names)
    _mutable(who.pool, names)


def _sign_up(call: Call) -> None:
    client = pool_of_client(call, call.params["ClientId"])
    if client.pool.admin_creates_users:
        raise ServiceError("NotAuthorizedException", "SignUp is not permitted for this user pool")
    names = _written(call)
    _writable(client, names)
    _declared(client.pool, names)


def _written(call: Call) -> list[str]:
    return [attribute["Name"] for attribute in call.params.get("UserAttributes") or ()]


def _declared(users: Pool, names: Iterable[str]) -> None:
    for name in names:
        if name not in users.attributes:
            raise ServiceError(
                "InvalidParameterException",
                "Attributes did not conform to the schema: "
                f"Type for attribute {{{name}}} could not be determined",
            )


def _mutable(users: Pool, names: Iterable[str]) -> None:
    for name in names:
        # Also before it was ever set: an immutable attribute is written with the user, or never.
        if not users.attributes.get(name, True):
            raise ServiceError(
                "InvalidParameterException", f"user.{name}: Attribute cannot be updated.\n"
            )


def _writable(who: Signed, names: Iterable[str]) -> None:
    """Only the app client's WriteAttributes; without any, the standard attributes.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UserPoolClientType.html
    """
    listed = who.client.get("WriteAttributes")
    allowed = (standard_attributes() if listed is None else frozenset(listed)) - _NEVER_OWN
    if not allowed.issuperset(names):
        raise ServiceError(
            "NotAuthorizedException", "A client attempted to write unauthorized attribute"
        )


_RULES: Mapping[str, Callable[[Call], Any]] = {
    "AdminCreateUser": _admin_create_user,
    "AdminUpdateUserAttributes": _admin_update,
    "AdminDeleteUserAttributes": _admin_delete,
    "UpdateUserAttributes": _update_own,
    "DeleteUserAttributes": _delete_own,
    "SignUp": _sign_up,
    "InitiateAuth": check_sign_in,
    "AdminInitiateAuth": check_sign_in,
    "RespondToAuthChallenge": check_challenge,
    "AdminRespondToAuthChallenge": check_challenge,
}
