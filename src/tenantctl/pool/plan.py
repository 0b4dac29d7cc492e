"""Bring the pool to what the configuration says: observe, compare, then change step by step.

`plan` only reads. What it answers is data: the parts of the pool with the steps that each needs,
in the order in which they must run. `apply` runs them and decides nothing. A part that is right
has no step, so a second apply does nothing; a step that ran twice changes nothing either, so a run
that was cut short is finished by running again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tenantctl.aws.failures import translated
from tenantctl.aws.session import Aws
from tenantctl.domain.names import Names
from tenantctl.domain.service_names import check_names
from tenantctl.errors import ConflictError
from tenantctl.pool import (
    agent_code,
    buckets,
    engine,
    function_spec,
    functions,
    gateways,
    knowledge,
    memories,
    ownership,
    roles,
    runtimes,
    table_spec,
    tables,
    users,
)
from tenantctl.pool.gateway_spec import Known
from tenantctl.pool.layout_check import check_layout
from tenantctl.pool.step import Part, Step


@dataclass(frozen=True, slots=True)
class Plan:
    """The pool's parts, and from them the steps."""

    parts: tuple[Part, ...]

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps, in the order in which they must run; none for what isn't the pool's."""
        return tuple(step for part in self.parts for step in part.all_steps)

    @property
    def foreign(self) -> tuple[Part, ...]:
        """What bears a name of the pool's parts, and isn't the pool's."""
        return tuple(part for part in self.parts if part.claim is not None)

    @property
    def problems(self) -> tuple[tuple[Part, str], ...]:
        """What no step can bring right, or none may."""
        return tuple(
            (found, reason)
            for part in self.parts
            for found in ((part,) if part.claim else part.everything)
            for reason in found.reasons
        )


def plan(aws: Aws, names: Names, *, beside: Path | None = None, adopt: bool = False) -> Plan:
    """Compare the pool with the configuration; changes nothing.

    `beside` is the directory of tenantctl.yaml, whose `templates/iam/` win over the package's.
    With `adopt`, what isn't the pool's is taken over by a step of its own.
    Raises `UsageError` for names that a service refuses and for a layout in which tenants could
    meet, `AwsError` for failing calls.
    """
    check_names(names)
    check_layout(names.pool)
    found = observe(aws, names, beside=beside)
    return Plan(tuple(part.adopted() for part in found.parts)) if adopt else found


def observe(aws: Aws, names: Names, *, beside: Path | None = None) -> Plan:
    """The same without a word on the layout: enough to take the pool down."""
    wanted_roles = roles.specs(names, beside=beside)
    wanted_buckets = buckets.specs(names, beside=beside)
    wanted_functions = function_spec.specs(names, beside=beside)
    users.attributes(names)
    parts: list[Part] = []
    for role in wanted_roles:
        with translated(f"reading role `{role.name}`"):
            parts.append(roles.observe(aws, role))
    for table in table_spec.specs(names):
        with translated(f"reading table `{table.name}`"):
            parts.append(tables.observe(aws, table))
    for bucket in wanted_buckets:
        with translated(f"reading bucket `{bucket.name}`"):
            parts.append(buckets.observe(aws, bucket))
    with translated("reading the agent's code"):
        parts.extend(agent_code.observe(aws, names, beside=beside))
    with translated("reading the memories"):
        parts.extend(memories.observe(aws, names))
    for function in wanted_functions:
        with translated(f"reading function `{function.name}`"):
            parts.append(functions.observe(aws, function))
    for name in function_spec.unused(names):
        with translated(f"reading function `{name}`"):
            parts.extend(functions.observe_unused(aws, names, name))
    with translated("reading the user pool"):
        people, client = users.observe(aws, names)
    with translated("reading the policy engine"):
        policies = engine.observe(aws, names)
    parts += (people, client, policies)
    known = Known.planned(names, user_pool=people.id, client=client.id, engine=policies.id)
    with translated("reading the gateways"):
        served = gateways.observe(aws, names, known)
    with translated("reading the runtimes"):
        parts += (*served, *runtimes.observe(aws, names, known.behind(served), beside=beside))
    with translated("reading the knowledge bases"):
        parts.extend(knowledge.observe(aws, names, beside=beside))
    return Plan(tuple(parts))


def check(planned: Plan) -> None:
    """Raise `ConflictError` for what can't be brought right in place; all of it in one message."""
    problems = planned.problems
    if problems:
        text = "; ".join(f"{part.resource}: {problem}" for part, problem in problems)
        by_hand = "nothing was changed; replace it by hand, or name another in tenantctl.yaml"
        raise ConflictError(text, hint=ownership.HINT if planned.foreign else by_hand)


def apply(planned: Plan, aws: Aws, on_step: Callable[[Step], None] = lambda _step: None) -> int:
    """Run the steps; `on_step` is called after each. Returns how many there were.

    Raises `ConflictError` before the first change when something can't be brought right.
    """
    check(planned)
    return run(planned.steps, aws, on_step)


def run(
    steps: tuple[Step, ...], aws: Aws, on_step: Callable[[Step], None] = lambda _step: None
) -> int:
    """Run steps in order; `on_step` is called after each. Returns how many there were."""
    for step in steps:
        with translated(f"{step.change} {step.resource}"):
            step.run(aws)
        on_step(step)
    return len(steps)
