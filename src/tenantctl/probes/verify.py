"""Verify isolation by attack, from the registry's tenants to a report.

Every tenant gets a session as its users would; canaries are planted; every probe is tried by
every pair, after its positive control; the canaries are swept away again, whatever happened.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, field, replace

from tenantctl.aws import registry
from tenantctl.aws.chain import agent_session
from tenantctl.aws.memories import located
from tenantctl.aws.session import Aws
from tenantctl.domain.canary import Run
from tenantctl.domain.finding import Finding, Report
from tenantctl.domain.names import Names
from tenantctl.domain.target import Target
from tenantctl.domain.tenant import Tenant
from tenantctl.errors import AwsError, TenantctlError
from tenantctl.probes import bind, knowledge, ledger, sts, unsigned
from tenantctl.probes.assumptions import assumptions
from tenantctl.probes.bind import Duel
from tenantctl.probes.explain import explained
from tenantctl.probes.identity import TokenCheck
from tenantctl.probes.memory import namesakes
from tenantctl.probes.pairs import Pair, nearest, pairs
from tenantctl.probes.parties import phantoms
from tenantctl.probes.people import of_people
from tenantctl.probes.probe import Plane, Trial, UnclearError
from tenantctl.probes.runner import Progress, run, steps
from tenantctl.probes.stage import Stage, staged, unready
from tenantctl.probes.witness.sessions import Sessions

JOBS = 8
"""Calls under way at a time on AWS. The embedded cloud answers one at a time: there, one job."""

QUICK_RULES = (
    "DDB-GET", "DDB-QUERY", "DDB-SCAN", "DDB-PUT", "DDB-BATCH-GET",
    "S3-GET", "S3-PUT", "S3-COPY", "S3-LIST-PREFIX", "S3-LIST-STEM", "S3-LIST-ALL",
)  # fmt: skip
"""What onboarding tries with a new tenant and its nearest namesake."""


def _unwatched(_: int) -> AbstractContextManager[Progress]:
    return nullcontext(lambda _: None)


@dataclass(frozen=True, slots=True)
class Settings:
    """What to try, and how.

    `jobs` is how many calls are under way at a time; `None` leaves it to the target.
    `actors` limits who attacks (ids); `rules` limits what is tried. `check` is the verifier that
    guards vending; without one the identity plane is left out. `watch` is given the number of
    steps and yields what is called after each.
    """

    actors: tuple[str, ...] = ()
    planes: frozenset[Plane] = frozenset(Plane)
    rules: tuple[str, ...] = ()
    jobs: int | None = None
    check: TokenCheck | None = field(default=None, repr=False)
    watch: Callable[[int], AbstractContextManager[Progress]] = _unwatched

    @property
    def tried(self) -> frozenset[Plane]:
        """The planes that this can try."""
        return self.planes if self.check is not None else self.planes - {Plane.IDENTITY}


def verify(aws: Aws, names: Names, settings: Settings | None = None) -> Report:
    """Attack every tenant from its neighbours; `aws` is the operator's.

    Raises `NotFoundError` for an actor that isn't a tenant, `AwsError` when the registry can't be
    read. Whatever else goes wrong makes findings inconclusive.
    """
    chosen = settings or Settings()
    tenants = registry.tenants(aws, names)
    known = {t.id: t for t in tenants}
    for wanted in chosen.actors:
        if wanted not in known:
            raise registry.not_found(wanted, known)
    actors = tuple(known[a] for a in dict.fromkeys(chosen.actors)) or tenants
    made_up = phantoms(names, tenants, actors)
    tried = pairs((*tenants, *made_up), actors, all_attacked=not chosen.actors)
    left = ledger.swept_all(aws, names)
    report = attack(aws, names, tried, chosen, made_up=made_up, tenants=len(tenants))
    return replace(report, assumptions=(*report.assumptions, *left))


def quick_check(aws: Aws, names: Names, tenant: Tenant, *, jobs: int | None = None) -> Report:
    """The new tenant against its nearest namesake, both ways, with a few probes of each plane."""
    others = [t for t in registry.tenants(aws, names) if t.id != tenant.id]
    made_up = () if others else phantoms(names, (tenant,), (tenant,))
    near = nearest(tenant, (*others, *made_up))[:1]
    tried = tuple(p for other in near for p in (Pair(tenant, other), Pair(other, tenant)))
    chosen = Settings(planes=frozenset({Plane.DYNAMODB, Plane.S3}), rules=QUICK_RULES, jobs=jobs)
    return attack(aws, names, tried, chosen, made_up=made_up, tenants=len(others) + 1)


def attack(  # noqa: PLR0913 - the pairs, and what the report must say of them
    aws: Aws,
    names: Names,
    tried: Sequence[Pair],
    settings: Settings,
    *,
    made_up: Sequence[Tenant] = (),
    tenants: int,
) -> Report:
    """Try every probe of every pair."""
    held, unheld = _memories(aws, names, settings)
    absent = [m.name for m in names.pool.data.memories if not unheld and m.name not in held]
    said = assumptions(aws, names, tried, made_up, tenants, settings.tried, absent)
    try:
        agent = agent_session(aws, names)
    except AwsError as error:
        hint = f" ({error.hint})" if error.hint else ""
        arn = names.agent_role_arn
        finding = unready("STS-AGENT-ROLE", Plane.STS, f"{error.message}{hint}", arn)
        return Report(aws.target, (finding,), said)
    this = Run(secrets.token_hex(4))
    jobs = settings.jobs or (1 if aws.target is Target.LOCAL else JOBS)
    with ExitStack() as closing:
        stage = closing.enter_context(
            staged(aws, agent, names, tried, run=this, jobs=jobs, planes=settings.planes, held=held)
        )
        trials = [
            *_of_pairs(stage, tried, made_up),
            *_without_signature(stage, tried),
            *_of_roles(stage, tried),
            *_of_namesakes(stage, tried),
            *knowledge.trials(stage, _duels(stage, tried)),
        ]
        people = of_people(closing, stage, tried, made_up, settings.tried, settings.check)
        trials += people.trials
        trials = [t for t in trials if not settings.rules or t.rule in settings.rules]
        with settings.watch(steps(trials)) as progress:
            found = run(trials, jobs=jobs, progress=progress)
    return Report(
        target=aws.target,
        findings=(*unheld, *stage.problems, *explained(aws, names, found)),
        assumptions=(*said, *people.said, *stage.leftovers),
    )


def _of_pairs(stage: Stage, tried: Sequence[Pair], made_up: Sequence[Tenant]) -> list[Trial]:
    trials: list[Trial] = []
    for pair in tried:
        duel = stage.duel(pair)
        if duel is None:
            continue
        ids = (pair.actor.id, pair.owner.id)
        for own, other in stage.item_spots(*ids):
            trials += bind.table_trials(stage.names, duel, own, other)
        if Plane.DYNAMODB in stage.planes and pair.owner not in made_up:
            trials.append(bind.registry_trial(duel, stage.names))
        for mine, theirs in stage.object_spots(*ids):
            trials += bind.bucket_trials(duel, mine, theirs)
        for here, there in stage.memory_spots(*ids):
            trials += bind.memory_trials(duel, here, there)
    return trials


def _duels(stage: Stage, tried: Iterable[Pair]) -> Iterator[Duel]:
    return (duel for pair in tried if (duel := stage.duel(pair)) is not None)


def _memories(
    aws: Aws, names: Names, settings: Settings
) -> tuple[Mapping[str, str], tuple[Finding, ...]]:
    """The ARNs of the memories to try, and what kept them from being found."""
    if Plane.MEMORY not in settings.planes:
        return {}, ()
    try:
        return located(aws, names), ()
    except TenantctlError as error:
        said = f"memories are not tried: {error.message}"
        return {}, (unready("MEM-FIND", Plane.MEMORY, said, names.agentcore_arns),)


def _of_namesakes(stage: Stage, tried: Sequence[Pair]) -> list[Trial]:
    """Each owner's name in each memory, if somebody else's tags spell the same."""
    trials: list[Trial] = []
    sessions = Sessions(stage.agent, stage.names)
    for owner in dict.fromkeys(pair.owner.id for pair in tried):
        for spot, _ in stage.memory_spots(owner, owner):
            trials += namesakes.trials(sessions, stage.sides[owner], spot, stage.tenants)
    return trials


def _without_signature(stage: Stage, tried: Sequence[Pair]) -> list[Trial]:
    """What everybody could have of each owner's objects, and of one owner's items."""
    trials: list[Trial] = []
    first = {pair.owner.id: pair for pair in reversed(tried)}
    duels = [(pair, duel) for pair in first.values() if (duel := stage.duel(pair)) is not None]
    if not duels:
        return trials
    if Plane.DYNAMODB in stage.planes:
        # Signatures aren't a tenant's matter: one owner shows whether they are checked.
        pair, duel = duels[0]
        db = unsigned.anonymous_dynamodb(stage.operator)
        for _, spot in stage.item_spots(pair.actor.id, pair.owner.id):
            trials += unsigned.item_trials(db, duel, spot)
    if Plane.S3 not in stage.planes:
        return trials
    objects = unsigned.anonymous_s3(stage.operator)
    for pair, duel in duels:
        for _, theirs in stage.object_spots(pair.actor.id, pair.owner.id):
            trials += unsigned.object_trials(objects, duel, theirs)
    return trials


def _of_roles(stage: Stage, tried: Sequence[Pair]) -> list[Trial]:
    """The vending role's trust once, and each actor's session once, against its nearest owner."""
    if Plane.STS not in stage.planes:
        return []
    trials: list[Trial] = []
    seen: set[str] = set()
    for pair in tried:
        duel = stage.duel(pair)
        if duel is None or pair.actor.id in seen:
            continue
        if not seen:
            trials += sts.role_trials(stage.operator, stage.agent, stage.names, duel.owner)
        seen.add(pair.actor.id)
        try:
            plain = sts.plain_session(stage.agent, stage.names, duel.actor)
        except UnclearError as error:
            said = f"role chaining of `{pair.actor.id}` could not be tried: {error}"
            stage.problem("STS-RETAG", Plane.STS, said, stage.names.vending_role_arn)
            continue
        trials += sts.session_trials(stage.agent, stage.names, duel.actor, duel.owner, plain)
    return trials
