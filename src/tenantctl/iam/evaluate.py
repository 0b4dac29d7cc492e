"""IAM's evaluation logic: which policies must allow, and what may overrule what.

1. A Deny that applies anywhere wins.
2. A resource policy that names the caller itself (user, session, service, everybody) suffices in
   its own account, whatever identity policy, boundary and session policy leave out. One that
   names the caller's role is limited by boundary and session policy. One that names the account
   adds nothing to the identity policies.
3. Otherwise an identity policy must allow, and the boundary and the session policy too.
4. Across accounts both the caller's policies and the resource policy must allow.
5. A role's trust policy must itself allow, however much the caller's own policies do; naming the
   account leaves it to them.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_compare-resource-policies.html
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tenantctl.domain.finding import Decider
from tenantctl.iam.decision import Decision, Verdict
from tenantctl.iam.policy import Kind, Policy
from tenantctl.iam.principal import Reach
from tenantctl.iam.request import PrincipalKind, Request

_TRUST_ACTIONS = frozenset(
    {
        "sts:assumerole",
        "sts:assumerolewithsaml",
        "sts:assumerolewithwebidentity",
        "sts:tagsession",
        "sts:setsourceidentity",
    }
)


@dataclass(frozen=True, slots=True)
class Policies:
    """Every policy that applies to a request. `None` is a policy that isn't attached.

    `resource` is the resource's policy; for `sts:AssumeRole` the role's trust policy.
    """

    identity: tuple[Policy, ...] = ()
    boundary: Policy | None = None
    session: Policy | None = None
    resource: Policy | None = None
    _all: tuple[Policy, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        rest = (self.boundary, self.session, self.resource)
        every = (*self.identity, *(policy for policy in rest if policy is not None))
        object.__setattr__(self, "_all", every)

    @property
    def every(self) -> tuple[Policy, ...]:
        """All that are attached, in the order in which they are reported."""
        return self._all


_IMPLICIT = Decision(Verdict.IMPLICIT_DENY)


def evaluate(request: Request, policies: Policies) -> Decision:
    """Decide a request.

    `decided_by` holds every Deny that applied; or the first Allow of each policy that was needed;
    or nothing, where no Allow was found.
    """
    action = request.action
    denied: list[Decider] = []
    for policy in policies.every:
        denied += [
            Decider(policy.name, statement.label)
            for statement in policy.speaking_of(action)[1]
            if statement.denies(request)
        ]
    if denied:
        return Decision(Verdict.EXPLICIT_DENY, tuple(denied))
    by = _allowed_by(request, policies)
    return _IMPLICIT if by is None else Decision(Verdict.ALLOWED, by)


def _allowed_by(request: Request, policies: Policies) -> tuple[Decider, ...] | None:
    """The Allows that let the request through; `None` if something needed is missing."""
    reach, granted = _grant(request, policies.resource)
    match request.principal.kind:
        case PrincipalKind.SERVICE | PrincipalKind.ANONYMOUS:
            return granted if reach is Reach.DIRECT else None
        case PrincipalKind.ROOT:
            # Root may do everything in its account, except assume a role.
            # https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
            lets_in = not _needs_trust(request) and (reach is not None or not _crosses(request))
            return granted if lets_in else None
    return _allowed_to_entity(request, policies, reach, granted)


def _allowed_to_entity(
    request: Request, policies: Policies, reach: Reach | None, granted: tuple[Decider, ...]
) -> tuple[Decider, ...] | None:
    """The same for a user or a session, whose own policies count too."""
    crosses = _crosses(request)
    trust = _needs_trust(request)
    if trust and reach is Reach.DIRECT and request.principal.kind is PrincipalKind.USER:
        # A trust policy may name the user: its permissions boundary must still allow.
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_update-role-trust-policy.html
        reach = Reach.ROLE
    if reach is Reach.DIRECT and not crosses:
        return granted
    both = crosses or trust
    limits = None if both and reach is None else _limits(request, policies)
    if limits is None:
        return None
    if reach is Reach.ROLE and not crosses:
        return (*limits, *granted)
    own = _first(request, policies.identity)
    if own is None:
        return None
    return (*own, *limits, *granted) if both else (*own, *limits)


def _grant(request: Request, policy: Policy | None) -> tuple[Reach | None, tuple[Decider, ...]]:
    """The strongest way in which the resource policy lets the caller in."""
    best: Reach | None = None
    by: tuple[Decider, ...] = ()
    if policy is None or (policy.kind is Kind.TRUST and not _needs_trust(request)):
        return best, by
    for statement in policy.speaking_of(request.action)[0]:
        reach = statement.reach(request.principal)
        if reach is not None and (best is None or reach > best) and statement.covers(request):
            best, by = reach, (Decider(policy.name, statement.label),)
    return best, by


def _limits(request: Request, policies: Policies) -> tuple[Decider, ...] | None:
    """What the boundary and the session policy say: their Allows, or `None` if one has none."""
    by: tuple[Decider, ...] = ()
    for policy in (policies.boundary, policies.session):
        if policy is None:
            continue
        allowed = _first(request, (policy,))
        if allowed is None:
            return None
        by += allowed
    return by


def _first(request: Request, policies: tuple[Policy, ...]) -> tuple[Decider, ...] | None:
    for policy in policies:
        for statement in policy.speaking_of(request.action)[0]:
            if statement.covers(request):
                return (Decider(policy.name, statement.label),)
    return None


def _needs_trust(request: Request) -> bool:
    """Whether a trust policy must allow: whatever lets somebody into a role.

    Tagging a federated user's session needs none, as there is no role.
    """
    action = request.action
    if action[:4].lower() != "sts:" or action.lower() not in _TRUST_ACTIONS:
        return False
    return ":federated-user/" not in request.resource


def _crosses(request: Request) -> bool:
    """Whether the resource lies in another account than the caller."""
    owner = request.resource_account
    if not owner:
        fields = request.resource.split(":", 5)
        owner = fields[4] if len(fields) > 5 else ""  # noqa: PLR2004 - an ARN has six fields
    return bool(owner) and owner != request.principal.account
