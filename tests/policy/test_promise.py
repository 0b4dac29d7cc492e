"""On the way from old policies to new ones nothing is allowed that neither allows, and nothing
refused that both allow: in every state, whatever the engine does first, wherever a push is killed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenantctl.cedar.decide import Decider
from tenantctl.cedar.statement import Effect, parse
from tenantctl.domain.policies import PolicyKey
from tenantctl.policy import history
from tenantctl.policy import present as engine
from tenantctl.policy.apply import apply
from tenantctl.policy.plan import Plan, Stage, plan
from tenantctl.policy.present import Present
from tenantctl.policy.push import Request, prepare
from tenantctl.policy.wanted import Wanted

from .statements import CALLS, Rule, allowed, allowed_by, matched, policies

if TYPE_CHECKING:
    from .conftest import Bench


def effect(text: str) -> Effect:
    return Effect.PERMIT if text.lstrip().startswith("permit") else Effect.FORBID


@dataclass
class Model:
    """A policy engine without a service: what is CREATING or DELETING may be in force or not."""

    policies: dict[str, Present] = field(default_factory=dict)
    serial: int = 0

    def put(
        self,
        want: Wanted,
        status: str = "ACTIVE",
        *,
        name: str | None = None,
        ours: bool = True,
        enforced: bool = True,
    ) -> str:
        self.serial += 1
        made = Present(
            id=str(self.serial),
            name=name or want.key.name(want.text, self.serial),
            key=want.key if ours else None,
            status=status,
            reasons=(),
            text=want.text,
            enforced=enforced,
        )
        assert made.name not in {policy.name for policy in self.policies.values()}
        self.policies[made.id] = made
        return made.id

    def delete(self, policy: str) -> str:
        found = self.policies[policy]
        # A policy that failed isn't in force while it is deleted either.
        enforced = found.enforced and found.status != "CREATE_FAILED"
        self.policies[policy] = replace(found, status="DELETING", enforced=enforced)
        return policy

    def settle(self, policy: str) -> None:
        if self.policies[policy].status == "DELETING":
            del self.policies[policy]
        elif self.policies[policy].status == "CREATING":
            self.policies[policy] = replace(self.policies[policy], status="ACTIVE")

    def _in_force(self, kind: Effect, *, maybe: bool) -> list[str]:
        certain = {"ACTIVE", "UPDATE_FAILED"}
        statuses = certain | ({"CREATING", "DELETING"} if maybe else set())
        return [
            policy.text or ""
            for policy in self.policies.values()
            if policy.enforced and policy.status in statuses and effect(policy.text or "") is kind
        ]

    @property
    def most(self) -> frozenset[int]:
        """The calls that can be let through at this moment."""
        return allowed(
            self._in_force(Effect.PERMIT, maybe=True), self._in_force(Effect.FORBID, maybe=False)
        )

    @property
    def least(self) -> frozenset[int]:
        """The calls that are let through at this moment for certain."""
        return allowed(
            self._in_force(Effect.PERMIT, maybe=False), self._in_force(Effect.FORBID, maybe=True)
        )


class BrokenError(AssertionError):
    """The promise was not kept."""


@dataclass
class Watch:
    """The promise between two sets, looked at after every change."""

    old: frozenset[int]
    new: frozenset[int]

    def look(self, model: Model) -> None:
        if model.most - (self.old | self.new):
            raise BrokenError("allowed, and neither allows it")
        if (self.old & self.new) - model.least:
            raise BrokenError("refused, and both allow it")


def steps(model: Model, stages: Sequence[Stage], chance: Random) -> Iterator[None]:
    """Carry stages out in any order that they leave open; one change between two yields."""
    for stage in stages:
        begin = [partial(model.delete, entry.present.id) for entry in stage.delete if entry.present]
        begin += [
            partial(model.put, entry.wanted, "CREATING", name=entry.name)
            for entry in stage.create
            if entry.wanted
        ]
        under_way: list[str] = []
        while begin or under_way:
            number = chance.randrange(len(begin) + len(under_way))
            if number < len(begin):
                under_way.append(begin.pop(number)())
            else:
                model.settle(under_way.pop(number - len(begin)))
            yield


def settled(model: Model, new: tuple[Wanted, ...]) -> Plan:
    """What is on its way comes to its end before a push is planned, as `apply` has it."""
    for policy in list(model.policies):
        model.settle(policy)
    return plan(new, model.policies.values())


STRANGE = st.sampled_from(["trial", "failed", "foreign", "update failed"])


@settings(max_examples=120, deadline=None)
@given(
    old=policies(),
    new=policies(),
    strange=st.lists(st.tuples(STRANGE, policies()), max_size=2),
    kills=st.lists(st.integers(0, 12), max_size=3),
    seed=st.integers(0, 1 << 32),
)
def test_every_state_of_a_push_keeps_the_promise(
    old: tuple[Wanted, ...],
    new: tuple[Wanted, ...],
    strange: list[tuple[str, tuple[Wanted, ...]]],
    kills: list[int],
    seed: int,
) -> None:
    model, chance = Model(), Random(seed)  # noqa: S311 - no secret hangs on it
    for want in old:
        model.put(want)
    for how, some in strange:
        for want in some:
            if how == "foreign":
                model.put(want, ours=False)
            elif how == "trial":
                model.put(want, enforced=False)
            else:
                model.put(want, "CREATE_FAILED" if how == "failed" else "UPDATE_FAILED")
    foreign = [
        (effect(p.text or ""), p.text or "") for p in model.policies.values() if p.key is None
    ]
    end = allowed(
        [w.text for w in new if w.effect is Effect.PERMIT]
        + [text for kind, text in foreign if kind is Effect.PERMIT],
        [w.text for w in new if w.effect is Effect.FORBID]
        + [text for kind, text in foreign if kind is Effect.FORBID],
    )
    watch = Watch(model.most, end)

    for kill in (*kills, 1_000):
        for done, _ in enumerate(steps(model, settled(model, new).stages, chance)):
            watch.look(model)
            if done == kill:
                break
        watch.look(model)

    ours = [p for p in model.policies.values() if p.key is not None]
    assert all(p.enforced and p.status == "ACTIVE" for p in ours)
    assert sorted((p.key, p.text) for p in ours) == sorted((w.key, w.text) for w in new)
    assert model.most == model.least == end
    assert settled(model, new).changes == ()


@pytest.mark.parametrize("backwards", [False, True])
def test_the_watch_notices_a_wrong_order(*, backwards: bool) -> None:
    def policy(name: str, kind: Effect, hours: tuple[int, int] | None) -> Wanted:
        text = Rule(kind, "patient_context", hours, None).text
        return Wanted(PolicyKey("basic", name), text, kind)

    # Always, but for 08-18; then from 08 until 20.
    old = (policy("a", Effect.PERMIT, None), policy("b", Effect.FORBID, (8, 18)))
    new = (policy("a", Effect.PERMIT, (8, 20)),)
    model = Model()
    for want in old:
        model.put(want)
    watch = Watch(allowed_by(old), allowed_by(new))
    stages = settled(model, new).stages[:: -1 if backwards else 1]
    broken = 0
    for _ in steps(model, stages, Random(0)):  # noqa: S311 - no secret hangs on it
        try:
            watch.look(model)
        except BrokenError:
            broken += 1
    assert bool(broken) is backwards


def test_a_lone_statement_says_what_it_matches() -> None:
    both = {
        "permit": "permit (principal, action, resource) when { context.input has request_hour };",
        "forbid": 'forbid (principal, action, resource) when { principal.hasTag("custom:role") };',
    }
    whole = Decider(both).decide_all(CALLS)
    assert allowed([both["permit"]], [both["forbid"]]) == {
        number for number, verdict in enumerate(whole) if verdict.allowed
    }
    assert matched(both["forbid"])


class KilledError(BaseException):
    """Stands for the end of the process at this call."""


@dataclass
class Witness:
    """Looks at the real engine around every write; may kill the push before one of them."""

    bench: Bench
    watch: Watch
    writes: int = 0
    kill: int | None = None

    def look(self) -> None:
        there = engine.read(self.bench.aws, self.bench.engine)
        texts = engine.enforced(there).values()
        let = allowed(
            [text for text in texts if effect(text) is Effect.PERMIT],
            [text for text in texts if effect(text) is Effect.FORBID],
        )
        assert not let - (self.watch.old | self.watch.new)
        assert not (self.watch.old & self.watch.new) - let

    def __call__(self, model: Any, **_: object) -> None:  # noqa: ANN401 - botocore's event
        if model.name in {"CreatePolicy", "DeletePolicy"}:
            self.look()
            if self.kill == self.writes:
                raise KilledError
            self.writes += 1


@settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(new=policies().filter(lambda some: len(some) > 2), data=st.data())
def test_a_real_push_keeps_the_promise_killed_at_every_write(
    bench: Bench, new: tuple[Wanted, ...], data: st.DataObject
) -> None:
    before = {parse(text, label).text for label, text in _enforced(bench).items()}
    old = allowed(
        [text for text in before if effect(text) is Effect.PERMIT],
        [text for text in before if effect(text) is Effect.FORBID],
    )
    witness = Witness(bench, Watch(old, allowed_by(new)))
    versions = len(history.versions(bench.aws, bench.names))
    bench.client.meta.events.register("before-call", witness, unique_id="witness")
    try:
        for _ in range(100):
            witness.writes, witness.kill = 0, data.draw(st.sampled_from([0, 1, 1, 1]))
            push = prepare(bench.aws, bench.names, Request(new))
            assert push.drift == ()
            try:
                apply(bench.aws, push)
            except KilledError:
                continue
            break
    finally:
        bench.client.meta.events.unregister("before-call", unique_id="witness")
    witness.look()
    assert _enforced(bench) == {want.key.annotation: want.text for want in new}
    record = history.record(bench.aws, bench.names)
    assert record.done is not None
    assert record.open == ()
    assert record.done.number == versions + 1  # killed or not, it is one push
    assert history.texts(bench.aws, bench.names, record.done.number) == _enforced(bench)


def _enforced(bench: Bench) -> dict[str, str]:
    return engine.enforced(engine.read(bench.aws, bench.engine))
