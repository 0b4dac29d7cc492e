"""The demo's story, act by act. Every line it prints comes from what really happened."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tenantctl.cli import console
from tenantctl.cli.evening import CLOCK, call_tools
from tenantctl.cli.verify import show, token_check
from tenantctl.domain.finding import Outcome

if TYPE_CHECKING:
    from tenantctl.aws.session import Aws
    from tenantctl.domain.finding import Report
    from tenantctl.domain.names import Names

EXPECTED = (Outcome.ISOLATED, Outcome.BREACH, Outcome.ISOLATED)

_EDITED = ("dynamodb", "s3", "sts")
"""The planes that the leak is looked for on: all would cost seconds, and add nothing to the story.
"""

_SAID = {
    Outcome.ISOLATED: "isolated",
    Outcome.BREACH: "breach found",
    Outcome.INCONCLUSIVE: "inconclusive",
}


def tell() -> tuple[Outcome, ...]:
    """Play all acts; returns the verdicts of the three verifications."""
    start = time.monotonic()
    with _stage() as (names, aws):
        _build(names, aws)
        _onboard(names, aws)
        _borrow(names, aws)
        _act("Eight in the evening: two users call tools; Basic has patient_context until six")
        call_tools(names, aws)
        _act("Attack: every clinic tries to reach its neighbours, by every way it has")
        verdicts = [_verify(names, aws, brief=True)]
        _leak(names, aws)
        _act(f"Attack again, on the planes of what was edited: {', '.join(_EDITED)}")
        verdicts.append(_verify(names, aws, brief=False, planes=_EDITED))
        _mend(names, aws)
        verdicts.append(_verify(names, aws, brief=True, planes=_EDITED))
    console.emit_text("")
    console.emit_text(f"Told in {time.monotonic() - start:.1f} s; nothing of it is kept.")
    for when, verdict in zip(("as built", "with the leak", "mended"), verdicts, strict=True):
        console.emit_text(f"  {when:14} {_SAID[verdict]}")
    return tuple(verdicts)


@contextmanager
def _stage() -> Iterator[tuple[Names, Aws]]:
    from tenantctl.domain.config import parse
    from tenantctl.domain.files import CONFIG, starter
    from tenantctl.domain.names import Names
    from tenantctl.local.connect import in_memory, serving

    pool = parse(starter()[CONFIG], CONFIG)
    with in_memory(region=pool.region, account=pool.account) as aws, serving(aws, clock=CLOCK):
        yield Names(pool, aws.account), aws


def _act(title: str) -> None:
    console.emit_text("")
    console.emit_text(f"== {title}")


def _build(names: Names, aws: Aws) -> None:
    from tenantctl.pool import plan

    _act("A pool for all clinics: one user pool, one table, one bucket, two roles, one engine")
    planned = plan.plan(aws, names)
    with console.progress("making the pool", len(planned.steps)) as advance:
        plan.apply(planned, aws, lambda step: advance(step.resource))
    for part in planned.parts:
        console.emit_text(f"  {part.kind:14} {part.name}")


def _onboard(names: Names, aws: Aws) -> None:
    from tenantctl.cli.onboard import surroundings
    from tenantctl.domain.files import examples
    from tenantctl.domain.manifest import load
    from tenantctl.lifecycle.apply import apply
    from tenantctl.lifecycle.observe import observe
    from tenantctl.lifecycle.plan import plan
    from tenantctl.lifecycle.wanted import Sources, several

    _act("Four clinics move in; clinic-1 and clinic-10 are there on purpose")
    folder = examples()
    tenants = load(folder / "clinics.yaml", names.pool)
    sources = Sources(folder / "items.jsonl", folder / "documents")
    intake = several(names.pool, tenants, sources)
    found = plan(intake, observe(aws, names, intake))
    with console.progress("onboarding", len(found.steps)) as advance:
        applied = apply(found, aws, names, surroundings(aws, names), advance)
    if applied.failure is not None:
        raise applied.failure
    for check in applied.checks:
        console.emit_text(f"  {check.tenant:20} {_SAID[check.report.verdict]}")
    console.emit_text("  " + ", ".join(f"{n} {what}" for what, n in found.totals.items()))


def _borrow(names: Names, aws: Aws) -> None:
    """One user's credentials: what they open, and what they don't."""
    from botocore.exceptions import ClientError

    from tenantctl.aws import registry
    from tenantctl.aws.failures import code_of
    from tenantctl.domain.layout import partition_value
    from tenantctl.vending.subject import by_operator
    from tenantctl.vending.vend import vend

    own, other = (registry.tenant(aws, names, name) for name in ("clinic-1", "clinic-10"))
    user, table = own.users[0], names.pool.data.tables[0]
    _act(f"{user.name} of {own.id} gets credentials: {own.id}'s data, for an hour")
    subject = by_operator(aws, names, own.id, user.email)
    doctor = aws.acting_as(vend(aws, names, subject).credentials).client("dynamodb")
    for tenant in (own, other):
        try:
            answer = doctor.query(
                TableName=table.name,
                KeyConditionExpression="#k = :k",
                ExpressionAttributeNames={"#k": table.partition_key},
                ExpressionAttributeValues={":k": {"S": partition_value(table, tenant)}},
            )
            said = f"{answer['Count']} patients"
        except ClientError as error:
            said = code_of(error)
        console.emit_text(f"  query patients of {tenant.id:12} {said}")


def _verify(
    names: Names, aws: Aws, *, brief: bool, planes: tuple[str, ...] | None = None
) -> Outcome:
    """Attack on some planes, or on all."""
    from tenantctl.probes.probe import Plane
    from tenantctl.probes.verify import Settings, verify

    settings = Settings(
        planes=frozenset(map(Plane, Plane if planes is None else planes)),
        check=token_check(aws, names),
        watch=lambda total: console.progress("probing", total),
    )
    report = verify(aws, names, settings)
    if brief and report.verdict is Outcome.ISOLATED:
        _sum_up(report)
    else:
        show(report)
    return report.verdict


def _sum_up(report: Report) -> None:
    planes = dict.fromkeys(finding.plane for finding in report.findings)
    for plane in planes:
        tried = sum(finding.plane == plane for finding in report.findings)
        console.emit_text(f"  {plane:10} {tried:4} attacks, all refused")
    console.emit_text(f"  verdict: {report.verdict}")


def _leak(names: Names, aws: Aws) -> None:
    """Two mistakes as they are made: a prefix without its slash, and a Scan for a report."""
    from tenantctl.pool.documents import vending_documents

    _act("Somebody edits the vending role: a slash goes missing, and Scan is granted for a report")
    documents = vending_documents(names)
    text = json.dumps(documents["buckets"]).replace('/*"}}', '*"}}')
    tables = json.loads(json.dumps(documents["tables"]))
    del tables["Statement"][0]["Condition"]["Null"]
    tables["Statement"][0]["Action"].append("dynamodb:Scan")
    for name, document in (("buckets", text), ("tables", json.dumps(tables))):
        aws.client("iam").put_role_policy(
            RoleName=names.pool.roles.vending, PolicyName=name, PolicyDocument=document
        )
    console.emit_text("  the policies are accepted; nothing fails, and no clinic notices")


def _mend(names: Names, aws: Aws) -> None:
    from tenantctl.pool import describe, plan

    _act("`pool plan` sees the drift, `pool apply` mends it")
    planned = plan.plan(aws, names)
    for line in describe.lines(planned.steps):
        console.emit_text(f"  {line}")
    plan.apply(planned, aws)
