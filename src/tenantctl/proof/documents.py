"""The documents that a proof is about, already read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tenantctl.domain.names import Names
from tenantctl.iam.conditions.condition import Condition, Null
from tenantctl.iam.evaluate import Policies
from tenantctl.iam.pattern import Pattern
from tenantctl.iam.policy import Policy, Statement
from tenantctl.iam.request import Principal, PrincipalKind
from tenantctl.proof.ways.situation import variables_of

SESSION_NAME = "tenantctl-proof"


@dataclass(frozen=True, slots=True)
class Documents:
    """The vending role's policies.

    `resources` are bucket and table policies by the ARN that they are attached to; `notes` say
    what was left out when they were read.
    """

    trust: Policy
    identity: tuple[Policy, ...] = ()
    boundary: Policy | None = None
    session: Policy | None = None
    resources: tuple[tuple[str, Policy], ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def every(self) -> tuple[Policy, ...]:
        """All documents."""
        rest = (self.trust, self.boundary, self.session)
        return (
            *self.identity,
            *(p for p in rest if p is not None),
            *(p for _, p in self.resources),
        )

    def for_resource(self, arn: str) -> Policies:
        """The policies that apply to a request on a resource, or on what lies in it."""
        attached = next((p for at, p in self.resources if at == arn), None)
        return Policies(self.identity, self.boundary, self.session, attached)

    def for_role(self) -> Policies:
        """The policies that apply when a session asks for the vending role."""
        return Policies(self.identity, self.boundary, self.session, self.trust)


def session_of(names: Names, *, session: str = SESSION_NAME) -> Principal:
    """A session of the vending role."""
    return Principal(
        PrincipalKind.SESSION,
        names.session_arn(names.pool.roles.vending, session),
        names.account,
        names.vending_role_arn,
    )


def statements(policies: Policies, action: str) -> Iterator[Statement]:
    """Every statement that speaks of an action."""
    for policy in policies.every:
        for some in policy.speaking_of(action):
            yield from some


def conditions(found: Iterable[Statement]) -> Iterator[Condition | Null]:
    """Their conditions."""
    for statement in found:
        yield from statement.conditions


def variable_keys(statement: Statement) -> Iterator[str]:
    """The keys of the variables in a statement."""
    patterns: tuple[Pattern, ...] = ()
    if statement.resources is not None:
        patterns = statement.resources.patterns
    for pattern in patterns:
        yield from (v.key for v in pattern.variables)
    for condition in statement.conditions:
        if isinstance(condition, Condition):
            yield from (v.key for v in variables_of(condition.comparison))


def texts(policy: Policy) -> Iterator[str]:
    """Every literal text of a document that a key, a name or a tag is compared with."""
    for statement in policy.statements:
        patterns = list(statement.resources.patterns) if statement.resources is not None else []
        for condition in statement.conditions:
            yield from condition.values
        for pattern in patterns:
            for segment in pattern.segments:
                for piece in segment:
                    yield from (
                        part if isinstance(part, str) else part.default or "" for part in piece
                    )
