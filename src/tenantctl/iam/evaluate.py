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

from collections.abc import Iterable
from dataclasses import dataclass, field

from tenantctl.domain.finding import Decider
from tenantctl.iam.decision import Decision, Verdict
from tenantctl.iam.policy import LONGEST_ACTION, MOST_ACTIONS, Kind, Policy, Statement
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

Named = tuple[Statement, tuple[Decider, ...], bool]
"""A statement, how decisions name it, and whether it covers every request for its actions."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """The statements of all policies that cover one action, sorted by the part that they play."""

    denies: tuple[Named, ...]
    identity: tuple[Named, ...]
    limits: tuple[tuple[Named, ...], ...]  # of the boundary and the session policy, if attached
    resource: tuple[Named, ...]
    trust: bool  # whether the action lets somebody into a role
    is_role: bool  # whether the resource's policy is a trust policy
    plain: bool  # whether a caller of the same account is decided by its own policies alone
    every: tuple[tuple[Policy, Statement, bool], ...]  # all there are; whether they cover it


@dataclass(frozen=True, slots=True)
class Policies:
    """Every policy that applies to a request. `None` is a policy that isn't attached.

    `resource` is the resource's policy; for `sts:AssumeRole` the role's trust policy.
    """

    identity: tuple[Policy, ...] = ()
    boundary: Policy | None = None
    session: Policy | None = None
    resource: Policy | None = None
    _by_action: dict[str, Spoken] = field(
        init=False, default_factory=dict, repr=False, compare=False
    )

    @property
    def every(self) -> tuple[Policy, ...]:
        """All that are attached, in the order in which they are reported."""
        rest = (self.boundary, self.session, self.resource)
        return (*self.identity, *(policy for policy in rest if policy is not None))

    def speaking_of(self, action: str) -> Spoken:
        """What all policies say of an action; worked out once for each."""
        found = self._by_action.get(action)
        if found is None:
            trust = action.lower() in _TRUST_ACTIONS
            resource = self.resource
            granted = tuple(_named(resource, action)) if resource is not None else ()
            found = Spoken(
                denies=tuple(n for p in self.every for n in _named(p, action, allow=False)),
                identity=tuple(n for p in self.identity for n in _named(p, action)),
                limits=tuple(
                    tuple(_named(p, action)) for p in (self.boundary, self.session) if p is not None
                ),
                resource=granted,
                trust=trust,
                is_role=resource is not None and resource.kind is Kind.TRUST,
                plain=not trust and not granted,
                every=tuple(
                    (policy, statement, statement.actions.cover(action.lower()))
                    for policy in self.every
                    for statement in policy.statements
                ),
            )
            # Actions come from requests: an endless stream of made-up ones must not stay.
            if len(self._by_action) < MOST_ACTIONS and len(action) <= LONGEST_ACTION:
                self._by_action[action] = found
        return found


def _named(policy: Policy, action: str, *, allow: bool = True) -> Iterable[Named]:
    allows, denies = policy.speaking_of(action)
    return (
        (statement, (Decider(policy.name, statement.label),), statement.covers_all)
        for statement in (allows if allow else denies)
    )


_IMPLICIT = Decision(Verdict.IMPLICIT_DENY)
_ALLOWED = Verdict.ALLOWED
_ENTITIES = (PrincipalKind.SESSION, PrincipalKind.USER)  # named once: to look one up is slow


def evaluate(request: Request, policies: Policies) -> Decision:
    """Decide a request.

    `decided_by` holds every Deny that applied; or the first Allow of each policy that was needed;
    or nothing, where no Allow was found.
    """
    spoken = policies.speaking_of(request.action)
    denied: tuple[Decider, ...] = ()
    for statement, name, _ in spoken.denies:
        if statement.denies(request):
            denied += name
    if denied:
        return Decision(Verdict.EXPLICIT_DENY, denied)
    by = _allowed_by(request, spoken)
    return _IMPLICIT if by is None else Decision(_ALLOWED, by)


def _allowed_by(request: Request, spoken: Spoken) -> tuple[Decider, ...] | None:
    """The Allows that let the request through; `None` if something needed is missing."""
    principal = request.principal
    kind = principal.kind
    if kind in _ENTITIES:
        if spoken.plain and principal.account and request.resource_account == principal.account:
            own = _first(request, spoken.identity)
            if own is None or not spoken.limits:
                return own
            limits = _limits(request, spoken)
            return None if limits is None else own + limits
        return _allowed_to_entity(request, spoken)
    reach, granted = _grant(request, spoken)
    if kind is PrincipalKind.ROOT:
        # Root may do everything in its account, except assume a role.
        # https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
        lets_in = not needs_trust(request, spoken) and (reach is not None or not crosses(request))
        return granted if lets_in else None
    return granted if reach is Reach.DIRECT else None


def _allowed_to_entity(request: Request, spoken: Spoken) -> tuple[Decider, ...] | None:
    """The same for a user or a session, whose own policies count too."""
    reach, granted = _grant(request, spoken)
    outside = crosses(request)
    trust = needs_trust(request, spoken)
    if trust and reach is Reach.DIRECT and request.principal.kind is PrincipalKind.USER:
        # A trust policy may name the user: its permissions boundary must still allow.
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_update-role-trust-policy.html
        reach = Reach.ROLE
    if reach is Reach.DIRECT and not outside:
        return granted
    both = outside or trust
    limits = None if both and reach is None else _limits(request, spoken)
    if limits is None:
        return None
    if reach is Reach.ROLE and not outside:
        return (*limits, *granted)
    own = _first(request, spoken.identity)
    if own is None:
        return None
    return (*own, *limits, *granted) if both else (*own, *limits)


def _grant(request: Request, spoken: Spoken) -> tuple[Reach | None, tuple[Decider, ...]]:
    """The strongest way in which the resource policy lets the caller in."""
    best: Reach | None = None
    by: tuple[Decider, ...] = ()
    if spoken.is_role and not needs_trust(request, spoken):
        return best, by
    for statement, name, _ in spoken.resource:
        reach = statement.reach(request.principal)
        if reach is not None and (best is None or reach > best) and statement.covers(request):
            best, by = reach, name
    return best, by


def _limits(request: Request, spoken: Spoken) -> tuple[Decider, ...] | None:
    """What the boundary and the session policy say: their Allows, or `None` if one has none."""
    by: tuple[Decider, ...] = ()
    for limit in spoken.limits:
        allowed = _first(request, limit)
        if allowed is None:
            return None
        by += allowed
    return by


def _first(request: Request, allows: tuple[Named, ...]) -> tuple[Decider, ...] | None:
    for statement, name, always in allows:
        if always or statement.covers(request):
            return name
    return None


def needs_trust(request: Request, spoken: Spoken) -> bool:
    """Whether a trust policy must allow: whatever lets somebody into a role.

    Tagging a federated user's session needs none, as there is no role.
    """
    return spoken.trust and ":federated-user/" not in request.resource


def crosses(request: Request) -> bool:
    """Whether the resource lies in another account than the caller."""
    owner = request.resource_account
    if not owner:
        fields = request.resource.split(":", 5)
        owner = fields[4] if len(fields) > 5 else ""  # noqa: PLR2004 - an ARN has six fields
    return bool(owner) and owner != request.principal.account
