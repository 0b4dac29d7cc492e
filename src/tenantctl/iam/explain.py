"""Why a request was decided as it was: every statement that applied, and those that nearly did.

A statement nearly applies if it speaks of the action, or if the action is all that it lacks; one
that speaks of every resource is near to nothing.
Nothing here decides: the decision is `evaluate`'s.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tenantctl.domain.finding import Decider
from tenantctl.iam.conditions.condition import Condition, Null
from tenantctl.iam.decision import Decision, Verdict
from tenantctl.iam.evaluate import Policies, crosses, evaluate, needs_trust
from tenantctl.iam.policy import Kind, Policy, Resources, Statement
from tenantctl.iam.principal import Reach
from tenantctl.iam.request import Principal, Request


class Tried(NamedTuple):
    """One condition, and whether it held."""

    condition: Condition | Null
    held: bool


class Trace(NamedTuple):
    """How far a statement applied to a request; a part that failed is `False`."""

    policy: Policy
    statement: Statement
    principal: bool
    action: bool
    resource: bool
    conditions: tuple[Tried, ...]

    @property
    def applied(self) -> bool:
        """Whether all of it did."""
        parts = self.principal and self.action and self.resource
        return parts and all(tried.held for tried in self.conditions)

    @property
    def named(self) -> Decider:
        """The document's name, and the statement's Sid or index."""
        return Decider(self.policy.name, self.statement.label)


class Explanation(NamedTuple):
    """A decision with its reasons. `lacking` says which policies should have allowed and don't."""

    request: Request
    decision: Decision
    traces: tuple[Trace, ...]
    lacking: tuple[Kind, ...]


def explain(request: Request, policies: Policies) -> Explanation:
    """Decide a request and say why."""
    decision = evaluate(request, policies)
    traces = tuple(_traces(request, policies))
    denied = decision.verdict is Verdict.IMPLICIT_DENY
    lacking = tuple(_lacking(request, policies, traces)) if denied else ()
    return Explanation(request, decision, traces, lacking)


def _traces(request: Request, policies: Policies) -> Iterator[Trace]:
    principal, context = request.principal, request.context
    for policy, statement, speaks in policies.speaking_of(request.action).every:
        named = statement.principals is None or _names(statement, principal)
        resources = statement.resources
        if not speaks and not (named and _narrow(resources) and statement.covers(request)):
            continue
        covers = resources is None or resources.cover(request.resource, context)
        tried = tuple([Tried(c, c.holds(context)) for c in statement.conditions])
        yield Trace(policy, statement, named, speaks, covers, tried)


def _narrow(resources: Resources | None) -> bool:
    return resources is not None and not any(p.everything for p in resources.patterns)


def _names(statement: Statement, caller: Principal) -> bool:
    if statement.principals is None:
        return True
    if statement.allow:
        return statement.principals.reach(caller) is not None
    return statement.principals.denies(caller)


def _lacking(request: Request, policies: Policies, traces: tuple[Trace, ...]) -> Iterator[Kind]:
    """The kinds of policy whose Allow was needed and not found, for a user or a session."""
    allows = [t for t in traces if t.statement.allow and t.applied]
    there = {t.policy.kind for t in allows}
    attached = policies.resource
    granted = [t for t in allows if t.policy is attached]
    outside = crosses(request)
    trust = needs_trust(request, policies.speaking_of(request.action))
    named = any(t.statement.reach(request.principal) is not Reach.ACCOUNT for t in granted)
    if Kind.IDENTITY not in there and (outside or not named):
        yield Kind.IDENTITY
    for kind, limit in ((Kind.BOUNDARY, policies.boundary), (Kind.SESSION, policies.session)):
        if limit is not None and kind not in there:
            yield kind
    if (outside or trust) and not granted:
        yield Kind.TRUST if trust else Kind.RESOURCE
