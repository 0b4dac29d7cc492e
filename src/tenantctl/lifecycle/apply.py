"""Do a plan's steps, one after the other, each between two entries of the journal.

The policies of the tiers and the isolation check belong to other parts of the tool, which this
one doesn't know: the caller passes them in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from tenantctl.aws.failures import translated
from tenantctl.aws.session import Aws
from tenantctl.domain.finding import Outcome, Report
from tenantctl.domain.names import Names
from tenantctl.domain.tenant import Tenant
from tenantctl.errors import TenantctlError
from tenantctl.lifecycle import seeds, steps
from tenantctl.lifecycle.ingestion import ingest
from tenantctl.lifecycle.journal import Journal
from tenantctl.lifecycle.people import People
from tenantctl.lifecycle.plan import Plan
from tenantctl.lifecycle.steps import Step


@dataclass(frozen=True, slots=True)
class Issued:
    """A temporary password that nobody has seen yet."""

    tenant: str
    email: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Check:
    """The isolation check of one new tenant; only an isolated one becomes active."""

    tenant: str
    report: Report


@dataclass(frozen=True, slots=True)
class Applied:
    """What a run brought about; `failure` is what ended it before its last step.

    `policies` are the tiers whose Cedar policies were missing and have been made.

    The failure is a value here, so that passwords made before it are still shown.
    """

    issued: tuple[Issued, ...] = ()
    checks: tuple[Check, ...] = ()
    policies: tuple[str, ...] = ()
    failure: TenantctlError | None = None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What onboarding relies on from elsewhere.

    `ensure_policies` makes a tier's Cedar policies present and active, and says whether any had
    to be made; `quick_check` attacks a new tenant from its neighbours and back.
    """

    ensure_policies: Callable[[str], bool]
    quick_check: Callable[[Tenant], Report]


def apply(
    plan: Plan,
    aws: Aws,
    names: Names,
    around: Surroundings,
    on_step: Callable[[str], None] = lambda _what: None,
) -> Applied:
    """Do all steps; `on_step` is told of each once it is done.

    Passwords made are in the result: show them, then call `delivered`. A run ends with the first
    step that fails; the same command again goes on from there.
    """
    issued: list[Issued] = []
    checks: list[Check] = []
    tiers: list[str] = []
    try:
        wanted = dict.fromkeys(w.tenant.tier for w in plan.intake.tenants)
        tiers.extend(tier for tier in wanted if around.ensure_policies(tier))
        for step, outcome in _run(plan, aws, names, around):
            if isinstance(outcome, Issued):
                issued.append(outcome)
            if isinstance(outcome, Check):
                checks.append(outcome)
            on_step(f"{step.tenant.id}: {step.what}")
        _ingest(plan, aws, names)
    except TenantctlError as error:
        return Applied(tuple(issued), tuple(checks), tuple(tiers), error)
    return Applied(tuple(issued), tuple(checks), tuple(tiers))


def _ingest(plan: Plan, aws: Aws, names: Names) -> None:
    """After a run that brings documents, also where an earlier one put them and was cut short."""
    brought = [wanted.tenant for wanted in plan.intake.tenants if wanted.documents]
    if brought and plan.intake.bucket is not None:
        with translated("letting the knowledge base read the documents"):
            ingest(aws, names, plan.intake.bucket, brought)


def _run(
    plan: Plan, aws: Aws, names: Names, around: Surroundings
) -> Iterator[tuple[Step, Issued | Check | None]]:
    if not plan.steps:
        return
    with translated("looking at the user pool"):
        run = _Run(plan, aws, Journal(aws, names), People.of(aws, names), around)
    keys = {tenant: list(left) for tenant, left in plan.journals.items()}
    last = {step.tenant.id: number for number, step in enumerate(plan.steps)}
    for number, step in enumerate(plan.steps):
        tenant = step.tenant.id
        with translated(f"tenant `{tenant}`: {step.what}"):
            run.journal.begin(step)
            keys.setdefault(tenant, []).append(step.key)
            outcome = run.do(step)
            # An activation that wasn't earned stays open, and is tried again by the next run.
            if not isinstance(outcome, Check) or outcome.report.verdict is Outcome.ISOLATED:
                run.journal.end(step)
                if last[tenant] == number:
                    run.journal.clear(tenant, dict.fromkeys(keys[tenant]))
        yield step, outcome


def delivered(aws: Aws, names: Names, issued: Iterable[Issued]) -> None:
    """Note that passwords have been handed over, so that no later run replaces them."""
    journal = Journal(aws, names)
    with translated("noting that the passwords have been shown"):
        for one in issued:
            journal.password_delivered(one.tenant, one.email)


@dataclass(frozen=True, slots=True)
class _Run:
    plan: Plan
    aws: Aws
    journal: Journal
    people: People
    around: Surroundings

    def do(self, step: Step) -> Issued | Check | None:
        """Bring about one step."""
        match step:
            case steps.Register():
                self.journal.register(step.tenant)
            case steps.CreateGroup():
                self.people.create_group(step.tenant)
            case steps.CreateUser():
                return self._create_user(step)
            case steps.EnrolUser():
                self.people.join(step.tenant.id, step.user.email)
                self.journal.enter_user(
                    step.tenant.id, step.user, sub=step.sub, delivered=step.settled
                )
            case steps.RenewPassword():
                password = self.people.renew_password(step.user.email)
                return Issued(step.tenant.id, step.user.email, password)
            case steps.WriteItems() if self.plan.intake.table is not None:
                seeds.write_items(self.aws, self.plan.intake.table, step.items)
            case steps.PutDocuments() if self.plan.intake.bucket is not None:
                seeds.put_documents(self.aws, self.plan.intake.bucket, step.documents)
            case steps.Settle():
                pass  # the journal is cleared after a tenant's last step
            case steps.Activate():
                return self._activate(step.tenant)
            case _:
                raise AssertionError(step)
        return None

    def _create_user(self, step: steps.CreateUser) -> Issued:
        # Entered first: a user that Cognito has and the registry calls pending is one whose
        # password was lost in a kill, and gets another one.
        self.journal.enter_user(step.tenant.id, step.user, delivered=False)
        sub, password = self.people.create_user(step.tenant, step.user)
        self.people.join(step.tenant.id, step.user.email)
        self.journal.enter_user(step.tenant.id, step.user, sub=sub, delivered=False)
        return Issued(step.tenant.id, step.user.email, password)

    def _activate(self, tenant: Tenant) -> Check:
        check = Check(tenant.id, self.around.quick_check(tenant))
        if check.report.verdict is Outcome.ISOLATED:
            self.journal.activate(tenant.id)
        return check
