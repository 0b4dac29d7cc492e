"""A policy as it is evaluated: compiled statements, found by action.

A policy is read once and then asked many times, for other tenants each time; what depends on the
tenant are only the values of the context.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from tenantctl.iam.conditions.condition import Condition, Null
from tenantctl.iam.pattern import Pattern
from tenantctl.iam.principal import Principals, Reach
from tenantctl.iam.request import Context, Principal, Request


class Kind(StrEnum):
    """What a document is attached to; it decides which elements it may have."""

    IDENTITY = "identity"
    BOUNDARY = "boundary"
    SESSION = "session"
    RESOURCE = "resource"
    TRUST = "trust"

    @property
    def names_principals(self) -> bool:
        """Whether statements say whom they speak of."""
        return self in {Kind.RESOURCE, Kind.TRUST}


_NO_CONTEXT: Context = {}


@dataclass(frozen=True, slots=True)
class Actions:
    """An `Action` or (`negated`) `NotAction` element; names are lower case, as case is ignored."""

    names: frozenset[str]
    patterns: tuple[Pattern, ...]
    negated: bool = False

    def cover(self, action: str) -> bool:
        """Whether the statement speaks of an action, given in lower case."""
        listed = action in self.names or any(p.matches(action, _NO_CONTEXT) for p in self.patterns)
        return listed is not self.negated


@dataclass(frozen=True, slots=True)
class Resources:
    """A `Resource` or (`negated`) `NotResource` element."""

    patterns: tuple[Pattern, ...]
    negated: bool = False

    def cover(self, resource: str, context: Context) -> bool:
        """Whether the statement speaks of a resource.

        A variable without a value makes a `NotResource` statement invalid: it covers nothing.
        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
        """
        for pattern in self.patterns:
            if pattern.matches(resource, context):
                return not self.negated
        return self.negated and all(p.resolvable(context) for p in self.patterns)


@dataclass(frozen=True, slots=True)
class Statement:
    """One compiled statement. `label` is its Sid, or its index as text where it has none."""

    label: str
    allow: bool
    actions: Actions
    resources: Resources | None
    principals: Principals | None
    conditions: tuple[Condition | Null, ...]

    def covers(self, request: Request) -> bool:
        """Whether it applies to a request whose action it is known to cover, whoever asks."""
        if self.resources is not None and not self.resources.cover(
            request.resource, request.context
        ):
            return False
        for condition in self.conditions:  # noqa: SIM110 - `all` of a generator costs a third of a decision
            if not condition.holds(request.context):
                return False
        return True

    @property
    def covers_all(self) -> bool:
        """Whether it applies to every request whose action it covers."""
        element = self.resources
        anywhere = element is None or (
            not element.negated and any(p.everything for p in element.patterns)
        )
        return anywhere and not self.conditions

    def reach(self, caller: Principal) -> Reach | None:
        """How an Allow names the caller; a policy without principals speaks of its owner."""
        return Reach.DIRECT if self.principals is None else self.principals.reach(caller)

    def denies(self, request: Request) -> bool:
        """Whether this Deny applies."""
        if self.principals is not None and not self.principals.denies(request.principal):
            return False
        return self.covers(request)


MOST_ACTIONS = 4096
LONGEST_ACTION = 128
"""What is remembered of the actions that requests name: so many, each so many characters long."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A compiled document. `name` appears in decisions. Build it with `document.read`."""

    name: str
    kind: Kind
    statements: tuple[Statement, ...]
    _by_action: dict[str, tuple[tuple[Statement, ...], tuple[Statement, ...]]] = field(
        default_factory=dict, repr=False, compare=False, hash=False
    )

    def speaking_of(self, action: str) -> tuple[tuple[Statement, ...], tuple[Statement, ...]]:
        """The Allow and the Deny statements that cover an action, in order."""
        found = self._by_action.get(action)
        if found is None:
            lower = action.lower()
            covering = [s for s in self.statements if s.actions.cover(lower)]
            found = (
                tuple(s for s in covering if s.allow),
                tuple(s for s in covering if not s.allow),
            )
            # Actions come from requests: an endless stream of made-up ones must not stay.
            if len(self._by_action) < MOST_ACTIONS and len(action) <= LONGEST_ACTION:
                self._by_action[action] = found
        return found
