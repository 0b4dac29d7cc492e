"""What Cognito refuses and moto alone would take; boto3 calls moto with the rules in front."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.model import OperationModel
from moto import mock_aws

from tenantctl.iam.request import Principal, PrincipalKind
from tenantctl.local.call import Call, ServiceError
from tenantctl.local.cognito.rules import check

Answer = dict[str, Any]

REGION, ACCOUNT = "us-east-1", "123456789012"
SESSION = boto3.Session(region_name=REGION, aws_access_key_id="a", aws_secret_access_key="b")
PASSWORD, NEW = "Temporary-1!", "Another-Word-2!"
ANNA, BERT = "anna@clinic-a.example", "bert@clinic-b.example"


class Cognito:
    """A user pool with an app client and two users of two tenants."""

    def __init__(self) -> None:
        self.idp: Any = SESSION.client("cognito-idp")
        self.idp.meta.events.register("before-parameter-build.cognito-idp", _ruled)
        self.pool = self.idp.create_user_pool(
            PoolName="users",
            UsernameAttributes=["email"],
            UsernameConfiguration={"CaseSensitive": False},
            AdminCreateUserConfig={"AllowAdminCreateUserOnly": True},
            Schema=[
                {"Name": "tenant_id", "AttributeDataType": "String", "Mutable": False},
                {"Name": "tier", "AttributeDataType": "String", "Mutable": True},
            ],
        )["UserPool"]["Id"]
        self.client = self.add_client()
        for email, tenant in ((ANNA, "clinic-a"), (BERT, "clinic-b")):
            self.create(email, tenant)

    def add_client(self, **settings: object) -> str:
        made = self.idp.create_user_pool_client(
            UserPoolId=self.pool,
            ClientName="app",
            **{
                "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
                "WriteAttributes": ["name"],
                **settings,
            },
        )
        client: str = made["UserPoolClient"]["ClientId"]
        return client

    def create(self, email: str, tenant: str) -> None:
        self.idp.admin_create_user(
            UserPoolId=self.pool,
            Username=email,
            TemporaryPassword=PASSWORD,
            MessageAction="SUPPRESS",
            UserAttributes=[
                {"Name": "email", "Value": email},
                {"Name": "custom:tenant_id", "Value": tenant},
                {"Name": "custom:tier", "Value": "basic"},
            ],
        )

    def start(
        self, email: str, password: str = PASSWORD, flow: str = "USER_PASSWORD_AUTH"
    ) -> Answer:
        answer: Answer = self.idp.initiate_auth(
            ClientId=self.client,
            AuthFlow=flow,
            AuthParameters={"USERNAME": email, "PASSWORD": password},
        )
        return answer

    def answer(self, session: str, email: str, **more: str) -> Answer:
        answer: Answer = self.idp.respond_to_auth_challenge(
            ClientId=self.client,
            ChallengeName="NEW_PASSWORD_REQUIRED",
            Session=session,
            ChallengeResponses={"USERNAME": email, "NEW_PASSWORD": NEW, **more},
        )
        return answer

    def sign_in(self, email: str) -> dict[str, str]:
        tokens: dict[str, str] = self.answer(self.start(email)["Session"], email)[
            "AuthenticationResult"
        ]
        return tokens

    def attributes(self, email: str) -> dict[str, str]:
        user = self.idp.admin_get_user(UserPoolId=self.pool, Username=email)
        return {a["Name"]: a["Value"] for a in user["UserAttributes"]}


def _ruled(params: dict[str, Any], model: OperationModel, **_: object) -> None:
    caller = Principal(PrincipalKind.USER, f"arn:aws:iam::{ACCOUNT}:user/operator", ACCOUNT)
    try:
        check(Call("cognito-idp", model.name, params, REGION, ACCOUNT, caller))
    except ServiceError as error:
        raise ClientError(
            {"Error": {"Code": error.code, "Message": error.message}}, model.name
        ) from error


@pytest.fixture
def cognito() -> Iterator[Cognito]:
    with mock_aws():
        yield Cognito()


def refused(code: str) -> AbstractContextManager[object]:
    return pytest.raises(ClientError, match=code)


def change(name: str, value: str = "x") -> list[dict[str, str]]:
    return [{"Name": name, "Value": value}]


def test_a_user_signs_in_and_changes_what_the_client_may_write(cognito: Cognito) -> None:
    token = cognito.sign_in(ANNA)["AccessToken"]
    cognito.idp.update_user_attributes(AccessToken=token, UserAttributes=change("name", "Anna"))
    assert cognito.attributes(ANNA)["name"] == "Anna"


@pytest.mark.parametrize(
    ("writable", "name", "code"),
    [
        (["name"], "custom:tier", "NotAuthorizedException"),
        (["name"], "custom:tenant_id", "NotAuthorizedException"),
        (["name"], "custom:unheard_of", "NotAuthorizedException"),
        (["name", "custom:tenant_id"], "custom:tenant_id", "cannot be updated"),
        (["name", "email_verified"], "email_verified", "NotAuthorizedException"),
        (["name", "sub"], "sub", "NotAuthorizedException"),
    ],
)
def test_a_user_may_not_change(cognito: Cognito, writable: list[str], name: str, code: str) -> None:
    cognito.client = cognito.add_client(WriteAttributes=writable)
    token, before = cognito.sign_in(ANNA)["AccessToken"], cognito.attributes(ANNA)
    with refused(code):
        cognito.idp.update_user_attributes(AccessToken=token, UserAttributes=change(name))
    assert cognito.attributes(ANNA) == before


def test_a_client_that_may_write_the_tier_lets_users_change_it(cognito: Cognito) -> None:
    cognito.client = cognito.add_client(WriteAttributes=["custom:tier"])
    token = cognito.sign_in(ANNA)["AccessToken"]
    cognito.idp.update_user_attributes(
        AccessToken=token, UserAttributes=change("custom:tier", "premium")
    )
    assert cognito.attributes(ANNA)["custom:tier"] == "premium"


def test_without_write_attributes_the_standard_ones_are_writable() -> None:
    with mock_aws():
        cognito = Cognito()
        cognito.client = cognito.idp.create_user_pool_client(
            UserPoolId=cognito.pool,
            ClientName="plain",
            ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"],
        )["UserPoolClient"]["ClientId"]
        token = cognito.sign_in(ANNA)["AccessToken"]
        cognito.idp.update_user_attributes(AccessToken=token, UserAttributes=change("nickname"))
        with refused("NotAuthorizedException"):
            cognito.idp.update_user_attributes(
                AccessToken=token, UserAttributes=change("custom:tier")
            )


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("custom:tenant_id", "Attribute cannot be updated"),
        ("sub", "Attribute cannot be updated"),
        ("custom:unheard_of", "could not be determined"),
        ("made_up", "could not be determined"),
    ],
)
def test_an_administrator_may_not_change(cognito: Cognito, name: str, message: str) -> None:
    before = cognito.attributes(ANNA)
    with refused(message):
        cognito.idp.admin_update_user_attributes(
            UserPoolId=cognito.pool, Username=ANNA, UserAttributes=change(name, "clinic-b")
        )
    assert cognito.attributes(ANNA) == before


def test_an_administrator_moves_a_user_to_another_tier(cognito: Cognito) -> None:
    cognito.idp.admin_update_user_attributes(
        UserPoolId=cognito.pool, Username=ANNA, UserAttributes=change("custom:tier", "premium")
    )
    assert cognito.attributes(ANNA)["custom:tier"] == "premium"


def test_nobody_deletes_the_tenant_attribute(cognito: Cognito) -> None:
    with refused("Attribute cannot be updated"):
        cognito.idp.admin_delete_user_attributes(
            UserPoolId=cognito.pool, Username=ANNA, UserAttributeNames=["custom:tenant_id"]
        )
    assert cognito.attributes(ANNA)["custom:tenant_id"] == "clinic-a"


@pytest.mark.parametrize("email", [ANNA, ANNA.upper(), "Anna@Clinic-A.example"])
def test_an_address_in_another_case_is_the_same_user(cognito: Cognito, email: str) -> None:
    with refused("UsernameExistsException"):
        cognito.create(email, "clinic-b")


def test_a_user_with_an_undeclared_attribute_is_not_created(cognito: Cognito) -> None:
    with refused("could not be determined"):
        cognito.idp.admin_create_user(
            UserPoolId=cognito.pool, Username="c@x.example", UserAttributes=change("custom:admin")
        )
    with refused("UserNotFoundException"):
        cognito.attributes("c@x.example")


def test_resending_an_invitation_does_not_write_the_user_anew(cognito: Cognito) -> None:
    with refused("NotImplemented"):
        cognito.idp.admin_create_user(
            UserPoolId=cognito.pool,
            Username=ANNA,
            MessageAction="RESEND",
            UserAttributes=change("custom:tenant_id", "clinic-b"),
        )
    assert cognito.attributes(ANNA)["custom:tenant_id"] == "clinic-a"


def test_nobody_signs_itself_up_where_administrators_create_users(cognito: Cognito) -> None:
    with refused("SignUp is not permitted"):
        cognito.idp.sign_up(ClientId=cognito.client, Username="c@x.example", Password=NEW)


def test_a_sign_up_may_not_choose_its_tenant(cognito: Cognito) -> None:
    cognito.idp.update_user_pool(
        UserPoolId=cognito.pool, AdminCreateUserConfig={"AllowAdminCreateUserOnly": False}
    )
    with refused("unauthorized attribute"):
        cognito.idp.sign_up(
            ClientId=cognito.client,
            Username="c@x.example",
            Password=NEW,
            UserAttributes=change("custom:tenant_id", "clinic-a"),
        )


def test_a_session_sets_nobody_elses_password(cognito: Cognito) -> None:
    session = cognito.start(ANNA)["Session"]
    with refused("Invalid session"):
        cognito.answer(session, BERT)
    assert cognito.start(BERT)["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
    assert cognito.answer(session, ANNA)["AuthenticationResult"]


@pytest.mark.parametrize("session", ["made-up-session-of-some-length", "0" * 40])
def test_a_made_up_session_is_refused(cognito: Cognito, session: str) -> None:
    with refused("Invalid session"):
        cognito.answer(session, ANNA)


def test_a_challenges_answer_sets_no_attributes(cognito: Cognito) -> None:
    session = cognito.start(ANNA)["Session"]
    with refused("NotImplemented"):
        cognito.answer(session, ANNA, **{"userAttributes.custom:tier": "premium"})


@pytest.mark.parametrize("flow", ["USER_SRP_AUTH", "CUSTOM_AUTH", "USER_AUTH"])
def test_flows_that_are_not_verified_are_refused(cognito: Cognito, flow: str) -> None:
    with refused("NotImplemented"):
        cognito.start(ANNA, flow=flow)


@pytest.mark.parametrize("email", [ANNA, "no@x.example"])
def test_an_administrators_flow_is_not_for_users(cognito: Cognito, email: str) -> None:
    cognito.client = cognito.add_client(ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH"])
    with refused("method not supported"):
        cognito.start(email, flow="ADMIN_USER_PASSWORD_AUTH")


@pytest.mark.parametrize("challenge", ["PASSWORD_VERIFIER", "SMS_MFA", "MFA_SETUP"])
def test_challenges_that_are_not_verified_are_refused(cognito: Cognito, challenge: str) -> None:
    session = cognito.start(ANNA)["Session"]
    with refused("NotImplemented"):
        cognito.idp.respond_to_auth_challenge(
            ClientId=cognito.client,
            ChallengeName=challenge,
            Session=session,
            ChallengeResponses={"USERNAME": BERT},
        )


@pytest.mark.parametrize("flows", [["ALLOW_REFRESH_TOKEN_AUTH"], ["ALLOW_USER_SRP_AUTH"]])
def test_a_flow_must_be_enabled_in_the_client(cognito: Cognito, flows: list[str]) -> None:
    cognito.client = cognito.add_client(ExplicitAuthFlows=flows)
    with refused("not enabled"):
        cognito.start(ANNA)


def test_a_disabled_user_stays_out(cognito: Cognito) -> None:
    tokens = cognito.sign_in(ANNA)
    session = cognito.start(BERT)["Session"]
    for email in (ANNA, BERT):
        cognito.idp.admin_disable_user(UserPoolId=cognito.pool, Username=email)
    with refused("disabled"):
        cognito.start(ANNA, NEW)
    with refused("disabled"):
        cognito.answer(session, BERT)
    with refused("disabled"):
        refresh(cognito, tokens)
    with refused("disabled"):
        cognito.idp.update_user_attributes(
            AccessToken=tokens["AccessToken"], UserAttributes=change("name")
        )


def refresh(cognito: Cognito, tokens: dict[str, str]) -> Answer:
    answer: Answer = cognito.idp.initiate_auth(
        ClientId=cognito.client,
        AuthFlow="REFRESH_TOKEN_AUTH",
        AuthParameters={"REFRESH_TOKEN": tokens["RefreshToken"]},
    )
    return answer


def test_a_refresh_token_is_for_its_own_client(cognito: Cognito) -> None:
    tokens = cognito.sign_in(ANNA)
    assert refresh(cognito, tokens)["AuthenticationResult"]["IdToken"]
    cognito.client = cognito.add_client()
    with refused("Invalid Refresh Token"):
        refresh(cognito, tokens)


def test_a_client_with_a_secret_must_prove_it(cognito: Cognito) -> None:
    cognito.client = cognito.add_client(GenerateSecret=True)
    with refused("secret hash"):
        cognito.start(ANNA)


def test_a_client_may_hide_who_exists(cognito: Cognito) -> None:
    with refused("UserNotFoundException"):
        cognito.start("no@x.example", NEW)
    cognito.client = cognito.add_client(PreventUserExistenceErrors="ENABLED")
    for email in (ANNA, "no@x.example"):
        with refused("NotAuthorizedException.*Incorrect username or password"):
            cognito.start(email, "Wrong-Word-1!")


@pytest.mark.parametrize(
    ("operation", "more"),
    [
        ("forgot_password", {}),
        ("confirm_forgot_password", {"Password": NEW, "ConfirmationCode": "123456"}),
        ("confirm_sign_up", {"ConfirmationCode": "123456"}),
        ("resend_confirmation_code", {}),
    ],
)
def test_codes_that_nobody_sent_open_nothing(
    cognito: Cognito, operation: str, more: dict[str, str]
) -> None:
    with refused("NotImplemented"):
        getattr(cognito.idp, operation)(ClientId=cognito.client, Username=ANNA, **more)
    assert cognito.start(ANNA)["ChallengeName"] == "NEW_PASSWORD_REQUIRED"


def test_a_token_of_no_client_is_refused(cognito: Cognito) -> None:
    with refused("Invalid Access Token"):
        cognito.idp.get_user(AccessToken="made.up.token")
