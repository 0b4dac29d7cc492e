"""How a user may make itself one of another tenant: by its own account, or by a new one."""

from __future__ import annotations

from collections.abc import Callable

from tenantctl.aws.session import Aws
from tenantctl.domain.finding import Party
from tenantctl.probes.identity import Ground
from tenantctl.probes.probe import Control, Got, Plane, Trial, preparing

_WRITE = "make the attribute immutable, and leave it out of the app client's `WriteAttributes`"
_SIGN_UP = "set `AllowAdminCreateUserOnly` in the user pool"

_IMMUTABLE = frozenset({"InvalidParameterException"})
"""How Cognito refuses a change of an immutable attribute ("Attribute cannot be updated")."""


def trials(operator: Aws, ground: Ground) -> tuple[Trial, ...]:
    """Changes of the user's own attributes, and a sign-up as somebody of the owner's."""
    cognito = operator.client("cognito-idp")
    user, pool = ground.user, ground.pool
    email = ground.run.email("sign-up")
    claim = ground.names.pool.identity.tenant.claim
    tenant = [{"Name": claim, "Value": ground.owner.id}] if claim.startswith("custom:") else []

    def change(name: str, value: str) -> Callable[[], Got]:
        def attempt() -> Got:
            cognito.update_user_attributes(
                AccessToken=user.access_token, UserAttributes=[{"Name": name, "Value": value}]
            )
            return Got()

        return attempt

    def sign_up() -> Got:
        # The answer to whoever has the app client's id, which is public.
        cognito.sign_up(
            ClientId=pool.client_id,
            Username=email,
            Password=user.password,
            UserAttributes=tenant,  # type: ignore[arg-type]  # plain dicts
        )
        return Got()

    def itself() -> Got:
        return Got(bool(cognito.get_user(AccessToken=user.access_token)["Username"]))

    def there() -> Got:
        got = cognito.admin_get_user(UserPoolId=pool.id, Username=user.name)
        return Got(bool(got["Username"]))

    signed_in = Control(("COG-USER",), "the signed-in user", itself)
    created = Control(("COG-ADMIN",), "the operator, who creates users", there)
    changes = [
        _on_pool(
            ground,
            f"COG-SELF-{what}",
            "UpdateUserAttributes",
            f"change its own `{name}` to that of {{owner}}",
            change(name, value),
            signed_in,
            _WRITE,
            _IMMUTABLE,
        )
        for what, name, value in _own_attributes(ground)
    ]
    sign_ups = [
        _on_pool(
            ground,
            "COG-SIGN-UP",
            "SignUp",
            "create its own account as a user of {owner}",
            sign_up,
            created,
            _SIGN_UP,
        )
    ]
    return (*changes, *sign_ups, _disabled(operator, ground))


def _disabled(operator: Aws, ground: Ground) -> Trial:
    """An ID token can't be recalled, so whoever vends by one must ask after its user."""
    fallen = ground.fallen

    def believed() -> Got:
        ground.check(fallen.id_token, None)
        return Got(detail="the verifier believed the token")

    def attack() -> Got:
        with preparing("disabling a canary user"):
            operator.client("cognito-idp").admin_disable_user(
                UserPoolId=ground.pool.id, Username=fallen.name
            )
        return believed()

    return Trial(
        rule="ID-DISABLED",
        plane=Plane.IDENTITY,
        action="sts:AssumeRole",
        tries="use its token when it has been disabled",
        fix="ask the user pool whether a token's user is enabled before vending by it",
        actor=Party(ground.actor.tier, ground.actor.tenant, fallen.sub),
        owner=Party(ground.owner.tier, ground.owner.id),
        resource=ground.names.vending_role_arn,
        context={},
        attack=attack,
        controls=(Control(("ID-DISABLED",), "the user before", believed),),
    )


def _own_attributes(ground: Ground) -> list[tuple[str, str, str]]:
    identity = ground.names.pool.identity
    return [
        (what, claim.claim, value)
        for what, claim, value in (
            ("TENANT", identity.tenant, ground.owner.id),
            ("TIER", identity.tier, ground.owner.tier),
        )
        if claim.claim.startswith("custom:")
    ]


def _on_pool(  # noqa: PLR0913, PLR0917 - what a trial against the user pool is made of
    ground: Ground,
    rule: str,
    operation: str,
    tries: str,
    attack: Callable[[], Got],
    control: Control,
    fix: str,
    refusals: frozenset[str] = frozenset(),
) -> Trial:
    return Trial(
        rule=rule,
        plane=Plane.IDENTITY,
        action=f"cognito-idp:{operation}",
        tries=tries,
        fix=fix,
        actor=ground.actor,
        owner=Party(ground.owner.tier, ground.owner.id),
        resource=ground.pool.arn,
        context={},
        attack=attack,
        controls=(control,),
        refusals=refusals,
    )
