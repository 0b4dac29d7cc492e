"""Every broken policy and user pool of `tests/mutants/` trips exactly the probes that it names."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tenantctl.domain.finding import Finding, Outcome
from tenantctl.domain.names import Names
from tenantctl.domain.template import Template
from tenantctl.pool import users
from tenantctl.pool.documents import vending_documents
from tenantctl.pool.plan import apply, plan
from tenantctl.probes.verify import Settings, verify

from .conftest import Clinics

if TYPE_CHECKING:
    from tests.probes.conftest import Mutant

MUTANTS = Path(__file__).parents[1] / "mutants"

Write = Callable[[Any], object]


def tried(clinics: Clinics, mutant: Mutant) -> tuple[Finding, ...]:
    return clinics.attacked(mutant.planes, clinics.check).findings


def breached(findings: tuple[Finding, ...]) -> set[str]:
    return {f.rule for f in findings if f.outcome is Outcome.BREACH}


def document(clinics: Clinics, name: str) -> tuple[Any, Write]:
    """A document by the name that mutants use, as it is, and how to put another in its place."""
    iam, s3 = clinics.aws.client("iam"), clinics.aws.client("s3")
    kind, _, rest = name.partition("/")
    if kind == "bucket":
        return (
            json.loads(s3.get_bucket_policy(Bucket=rest)["Policy"]),
            lambda new: s3.put_bucket_policy(Bucket=rest, Policy=json.dumps(new)),
        )
    roles = clinics.names.pool.roles
    role = {"vending": roles.vending, "agent": roles.agent}[kind]
    if rest == "trust":
        return (
            iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"],
            lambda new: iam.update_assume_role_policy(
                RoleName=role, PolicyDocument=json.dumps(new)
            ),
        )

    def write(new: Any) -> None:  # noqa: ANN401 - JSON
        if new is None:
            iam.delete_role_policy(RoleName=role, PolicyName=rest)
        else:
            iam.put_role_policy(RoleName=role, PolicyName=rest, PolicyDocument=json.dumps(new))

    if rest in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        return iam.get_role_policy(RoleName=role, PolicyName=rest)["PolicyDocument"], write
    return None, write


def edited(old: Any, edit: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
    """The document after one edit: put a value, drop one, or add one to a list (or make it one)."""
    new = json.loads(json.dumps(old))
    *path, last = edit["at"] or [None]
    if last is None:
        return edit["put"]
    holder = new
    for step in path:
        holder = holder[step]
    if edit.get("drop"):
        del holder[last]
    elif "put" in edit:
        assert not isinstance(holder, dict) or holder.get(last) != edit["put"]
        holder[last] = edit["put"]
    else:
        found = holder[last]
        holder[last] = [*(found if isinstance(found, list) else [found]), edit["add"]]
    return new


@contextmanager
def changed(clinics: Clinics, edits: list[dict[str, Any]]) -> Iterator[None]:
    before: dict[str, tuple[Any, Write]] = {}
    try:
        for edit in edits:
            name = edit["document"]
            now, write = document(clinics, name)
            before.setdefault(name, (now, write))
            write(edited(now, edit))
        yield
    finally:
        for old, write in before.values():
            write(old)


def test_a_broken_policy_trips_its_probes_and_no_other(
    clinics: Clinics, document_mutant: Mutant
) -> None:
    with changed(clinics, document_mutant.spec["change"]):
        found = tried(clinics, document_mutant)

    assert breached(found) == document_mutant.trips
    assert {f.outcome for f in found} <= {Outcome.BREACH, Outcome.ISOLATED}
    for finding in found:
        if finding.outcome is Outcome.BREACH:
            assert finding.fix
            # Users of the account and strangers aren't evaluated; sessions always are.
            assert finding.decided_by or finding.actor.tenant is None


@pytest.fixture
def user_pool(clinics: Clinics, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Rebuild the user pool with other attributes; put back at the end."""

    def rebuild(mutable: tuple[str, ...] = ()) -> None:
        known = users.attributes
        with monkeypatch.context() as patch:
            patch.setattr(users, "attributes", lambda n: known(n) | dict.fromkeys(mutable, True))
            users.delete_step(clinics.names).run(clinics.aws)
            apply(plan(clinics.aws, clinics.names), clinics.aws)

    yield rebuild
    rebuild()


def test_a_broken_user_pool_trips_its_probes_and_no_other(
    clinics: Clinics, user_mutant: Mutant, user_pool: Callable[..., None]
) -> None:
    spec = user_mutant.spec["cognito"]
    user_pool(tuple(spec.get("mutable", ())))
    cognito = clinics.aws.client("cognito-idp")
    (pool,) = cognito.list_user_pools(MaxResults=10)["UserPools"]
    (client,) = cognito.list_user_pool_clients(UserPoolId=pool["Id"])["UserPoolClients"]
    cognito.update_user_pool_client(
        UserPoolId=pool["Id"],
        ClientId=client["ClientId"],
        WriteAttributes=["name", *spec["writable"]],
    )
    if spec.get("sign_up"):
        cognito.update_user_pool(
            UserPoolId=pool["Id"],
            AdminCreateUserConfig={"AllowAdminCreateUserOnly": False},
            UserPoolTags=clinics.names.tags,
        )

    found = tried(clinics, user_mutant)

    assert breached(found) == user_mutant.trips
    assert {f.outcome for f in found} <= {Outcome.BREACH, Outcome.ISOLATED}


def test_a_layout_in_which_ids_collide_trips_its_probes_and_no_other(
    clinics: Clinics, layout_mutant: Mutant
) -> None:
    """The pool's own plan refuses such a layout, so its policies are put in place by hand."""
    spec, pool = layout_mutant.spec["layout"], clinics.names.pool
    actor, namespace = Template.parse(spec["actor"]), Template.parse(spec["namespace"])
    memories = tuple(replace(m, actor=actor, namespace=namespace) for m in pool.data.memories)
    user = replace(pool.identity.user, pattern=spec["user"])
    broken = replace(
        pool,
        identity=replace(pool.identity, user=user),
        data=replace(pool.data, memories=memories),
    )
    names = Names(broken, clinics.names.account)
    other = Clinics(clinics.aws, names)
    document_of_it = vending_documents(names)["memories"]
    edit = {"document": "vending/memories", "at": [], "put": document_of_it}

    with changed(clinics, [edit]):
        found = tried(other, layout_mutant)

    assert breached(found) == layout_mutant.trips
    assert {f.outcome for f in found} <= {Outcome.BREACH, Outcome.ISOLATED}
    for finding in found:
        if finding.outcome is Outcome.BREACH:
            assert (finding.actor.tenant, finding.owner.tenant) == ("clinic", "clinic-10")
            assert finding.decided_by
    assert other.canaries() == []


def test_every_probe_is_tripped_by_a_mutant_and_by_nothing_else(clinics: Clinics) -> None:
    """A probe that no mutant trips may be one that can't fail."""
    report = verify(clinics.aws, clinics.names, Settings(check=clinics.check))
    specs = [yaml.safe_load(path.read_text("utf-8")) for path in MUTANTS.glob("*.yaml")]

    assert report.verdict is Outcome.ISOLATED
    untripped = {f.rule for f in report.findings} - {rule for s in specs for rule in s["trips"]}
    assert untripped == {"DDB-UNSIGNED", "ID-ACCESS-TOKEN"}
