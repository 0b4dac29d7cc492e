"""Issuing: whose token it is, and what replacing a password does and doesn't do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tenantctl.domain.tenant import Tenant, User
from tenantctl.errors import NotFoundError, TokenError
from tenantctl.vending.issue import issue, with_new_password

if TYPE_CHECKING:
    from tests.vending.conftest import Clinic

    from tenantctl.aws.lookup import UserPool
    from tenantctl.aws.session import Aws
    from tenantctl.vending.issue import SignIn


def never(_aws: Aws, _pool: UserPool, _email: str) -> str:
    return pytest.fail("nobody may be signed in")


@pytest.mark.parametrize(
    ("tenant", "who", "said"),
    [
        ("clinic-2", "m.brandt@lindenhof.example", "no tenant `clinic-2`"),
        ("clinic-10", "m.brandt@lindenhof.example", "`clinic-10` has no user"),
        ("clinic-1", "t.nguyen@brookside.example", "`clinic-1` has no user"),
    ],
)
def test_who_is_not_there_is_not_signed_in(
    clinic: Clinic, tenant: str, who: str, said: str
) -> None:
    with pytest.raises(NotFoundError, match=said):
        issue(clinic.aws, clinic.names, tenant, who, never)


def test_a_token_is_the_asked_users(clinic: Clinic) -> None:
    sub = issue(clinic.aws, clinic.names, "clinic-1", clinic.email, own(clinic)).claims.user
    by_sub = issue(clinic.aws, clinic.names, "clinic-1", sub, own(clinic))
    assert (by_sub.claims.tenant, by_sub.claims.tier) == ("clinic-1", "basic")
    assert by_sub.decoded.claims["email"] == clinic.email
    assert by_sub.token not in repr(by_sub)
    with pytest.raises(TokenError, match="of tenant `clinic-1`, not of `clinic-10`"):
        issue(clinic.aws, clinic.names, "clinic-10", "t.nguyen@brookside.example", own(clinic))


def own(clinic: Clinic) -> SignIn:
    return lambda *_: clinic.tokens().id_token


def test_a_replaced_password_is_nobodys_and_the_old_one_is_gone(clinic: Clinic) -> None:
    email = "new@replaced.example"
    clinic.onboard(Tenant("clinic-3", "premium", users=(User(email),)))

    first = issue(clinic.aws, clinic.names, "clinic-3", email, with_new_password)
    again = issue(clinic.aws, clinic.names, "clinic-3", email, with_new_password)

    assert first.token != again.token
    assert again.claims.tier == "premium"
    account = clinic.cognito.admin_get_user(UserPoolId=clinic.pool.id, Username=email)
    # CONFIRMED, so that the person can get back in by the verified address.
    assert account["UserStatus"] == "CONFIRMED"


def test_a_disabled_users_password_stays(clinic: Clinic) -> None:
    who = {"UserPoolId": clinic.pool.id, "Username": clinic.email}
    clinic.cognito.admin_disable_user(**who)
    try:
        with pytest.raises(TokenError, match="is disabled"):
            issue(clinic.aws, clinic.names, "clinic-1", clinic.email, with_new_password)
    finally:
        clinic.cognito.admin_enable_user(**who)
    assert clinic.tokens().id_token


@pytest.mark.parametrize("minimum", [6, 64, 98])
def test_the_password_is_as_long_as_the_pool_demands(clinic: Clinic, minimum: int) -> None:
    described = clinic.cognito.describe_user_pool(UserPoolId=clinic.pool.id)["UserPool"]
    email = f"u{minimum}@long.example"
    clinic.onboard(Tenant(f"clinic-{minimum}", "basic", users=(User(email),)))
    policy = described["Policies"]["PasswordPolicy"]
    change = {
        "UserPoolId": clinic.pool.id,
        "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": True},
    }
    demanded = {"PasswordPolicy": policy | {"MinimumLength": minimum}}
    clinic.cognito.update_user_pool(**change, Policies=demanded)
    try:
        assert issue(clinic.aws, clinic.names, f"clinic-{minimum}", email, with_new_password).token
    finally:
        clinic.cognito.update_user_pool(**change, Policies={"PasswordPolicy": policy})
