"""Ways to a session that speaks for another tenant, or for none.

The vending role trusts the agent role, with all three tags and no other. A tenant's session must
not get at either role again: role chaining would let it choose its tags.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tenantctl.aws.chain import MIN_SECONDS
from tenantctl.aws.session import Aws, Credentials
from tenantctl.domain.finding import Party
from tenantctl.domain.names import Names
from tenantctl.probes.parties import Side
from tenantctl.probes.probe import Context, Control, Got, Plane, Trial, preparing

AGENT = Party(None, None, "the agent role")
OPERATOR = Party(None, None, "the operator")

_EXTRA = "TenantctlProbe"

_TAGS = (
    "the trust policy must demand all three tags (`StringLike aws:RequestTag/…` `?*`) and admit no "
    "other key (`ForAllValues:StringEquals aws:TagKeys`)"
)
_PRINCIPAL = "the trust policy must name the agent role as its only principal"
_CHAIN = (
    "tenant sessions must be granted no `sts:AssumeRole`, and the role's trust must not name them"
)


@dataclass(frozen=True, slots=True)
class Minting:
    """One call of AssumeRole: by whom, for which role, with which tags.

    Without `transitive` ones, policy alone must keep a session's tags.
    """

    caller: Aws
    role: str
    tags: Mapping[str, str]
    transitive: tuple[str, ...] = ()

    def attempt(self) -> Got:
        """Make the call; the credentials that it may yield are dropped at once."""
        mint(self)
        return Got()

    @property
    def context(self) -> Context:
        """The request's condition keys."""
        keys: dict[str, str | list[str]] = {f"aws:RequestTag/{k}": v for k, v in self.tags.items()}
        return keys | ({"aws:TagKeys": list(self.tags)} if self.tags else {})


def mint(call: Minting) -> Credentials:
    """Assume a role for as short as STS makes it."""
    answer = call.caller.client("sts").assume_role(
        RoleArn=call.role,
        RoleSessionName="tenantctl-probe",
        DurationSeconds=MIN_SECONDS,
        Tags=[{"Key": key, "Value": value} for key, value in call.tags.items()],
        TransitiveTagKeys=call.transitive,
    )
    keys = answer["Credentials"]
    return Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])


def tags_of(names: Names, side: Side) -> dict[str, str]:
    """The three tags of a party."""
    identity = names.pool.identity
    return {
        identity.tier.tag: side.tenant.tier,
        identity.tenant.tag: side.tenant.id,
        identity.user.tag: side.user,
    }


def role_trials(operator: Aws, agent: Aws, names: Names, owner: Side) -> tuple[Trial, ...]:
    """What the role's trust policy must refuse, whoever the tenant is: once a run."""
    identity = names.pool.identity
    full = tags_of(names, owner)
    vending = names.vending_role_arn

    def without(tag: str) -> dict[str, str]:
        return {k: v for k, v in full.items() if k != tag}

    def trial(  # noqa: PLR0913, PLR0917 - the columns of the table below
        rule: str, tries: str, caller: Aws, actor: Party, tags: Mapping[str, str], fix: str
    ) -> Trial:
        call = Minting(caller, vending, tags)
        return _trial(rule, tries, fix, actor, owner.party, call, _proper(agent, names, owner))

    return (
        trial(
            "STS-NO-TIER",
            "get a session without the tier's tag",
            agent,
            AGENT,
            without(identity.tier.tag),
            _TAGS,
        ),
        trial(
            "STS-NO-TENANT",
            "get a session without the tenant's tag",
            agent,
            AGENT,
            without(identity.tenant.tag),
            _TAGS,
        ),
        trial(
            "STS-NO-USER",
            "get a session without the user's tag",
            agent,
            AGENT,
            without(identity.user.tag),
            _TAGS,
        ),
        trial("STS-NO-TAGS", "get a session without any tag", agent, AGENT, {}, _TAGS),
        trial(
            "STS-EMPTY-TENANT",
            "get a session with an empty tenant's tag",
            agent,
            AGENT,
            full | {identity.tenant.tag: ""},
            _TAGS,
        ),
        trial(
            "STS-SLASH-TENANT",
            "get a session whose tenant's tag reaches below the prefix of {owner}",
            agent,
            AGENT,
            full | {identity.tenant.tag: f"{owner.tenant.id}/x"},
            "the trust policy must refuse `/` in tags (`StringNotLike` `*/*`)",
        ),
        trial(
            "STS-EXTRA-TAG",
            "get a session of {owner} with a fourth tag",
            agent,
            AGENT,
            full | {_EXTRA: "1"},
            _TAGS,
        ),
        trial(
            "STS-CALLER",
            "get a session of {owner} past the agent role",
            operator,
            OPERATOR,
            full,
            _PRINCIPAL,
        ),
    )


def session_trials(
    agent: Aws, names: Names, actor: Side, owner: Side, plain: Aws
) -> tuple[Trial, ...]:
    """What a tenant's session must not get; `plain` is one whose tags aren't transitive."""
    proper = _proper(agent, names, owner)
    agent_role = Minting(plain, names.agent_role_arn, {})
    works = Control(("STS-SESSION", actor.tenant.id), "the session itself", _works(plain))
    return (
        _trial(
            "STS-RETAG",
            "take on the tags of {owner} by role chaining",
            _CHAIN,
            actor.party,
            owner.party,
            Minting(plain, names.vending_role_arn, tags_of(names, owner)),
            proper,
            works,
        ),
        _trial(
            "STS-AGENT",
            "become the agent role, which vends for {owner} too",
            _CHAIN,
            actor.party,
            owner.party,
            agent_role,
            works,
        ),
    )


def plain_session(agent: Aws, names: Names, actor: Side) -> Aws:
    """A session of the actor whose tags aren't transitive, as one vended carelessly would be."""
    with preparing("vending a session for role chaining"):
        keys = mint(Minting(agent, names.vending_role_arn, tags_of(names, actor)))
    aws = agent.acting_as(keys)
    aws.client("sts")
    return aws


def _proper(agent: Aws, names: Names, owner: Side) -> Control:
    call = Minting(agent, names.vending_role_arn, tags_of(names, owner))
    return Control(("STS-VEND", owner.tenant.id), "the agent role", call.attempt)


def _works(aws: Aws) -> Callable[[], Got]:
    def attempt() -> Got:
        return Got(bool(aws.client("sts").get_caller_identity()["Arn"]))

    return attempt


def _trial(  # noqa: PLR0913, PLR0917 - what a trial is made of
    rule: str,
    tries: str,
    fix: str,
    actor: Party,
    owner: Party,
    call: Minting,
    *controls: Control,
) -> Trial:
    return Trial(
        rule=rule,
        plane=Plane.STS,
        action="sts:AssumeRole",
        tries=tries,
        fix=fix,
        actor=actor,
        owner=owner,
        resource=call.role,
        context=call.context,
        attack=call.attempt,
        controls=controls,
    )
