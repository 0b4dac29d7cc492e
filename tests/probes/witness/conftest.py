"""A pool whose vending policies are loosened, and what a proof of it then shows live."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tenantctl.aws.role_documents import role_documents
from tenantctl.cli.source import documents_of
from tenantctl.domain.finding import Finding, Outcome, Report
from tenantctl.domain.layout import CANARIES
from tenantctl.probes.witness.carry_out import proved_and_tried
from tenantctl.proof.prove import prove

if TYPE_CHECKING:
    from tests.probes.conftest import Clinics

    from tenantctl.proof.documents import Documents

Statement = Mapping[str, Any]


@dataclass(frozen=True)
class Loose:
    """The pool's documents, to be changed for the length of a block."""

    clinics: Clinics

    @property
    def documents(self) -> Documents:
        return documents_of(role_documents(self.clinics.aws, self.clinics.names))

    def tried(self, documents: Documents | None = None) -> Report:
        """The proof of these documents (of what is deployed), carried out."""
        aws, names = self.clinics.aws, self.clinics.names
        proved = self.documents if documents is None else documents
        return proved_and_tried(
            aws, names, lambda taken: prove(names, proved, target="local", taken=taken)
        )

    @contextmanager
    def granting(self, *statements: Statement) -> Iterator[None]:
        """More is allowed than the pool's own policies do."""
        iam, role = self.clinics.aws.client("iam"), self.clinics.names.pool.roles.vending
        document = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", **s} for s in statements],
        }
        iam.put_role_policy(RoleName=role, PolicyName="more", PolicyDocument=json.dumps(document))
        try:
            yield
        finally:
            iam.delete_role_policy(RoleName=role, PolicyName="more")

    @contextmanager
    def changing(self, policy: str, old: str, new: str) -> Iterator[None]:
        """One of the vending role's policies says something else; `trust` is its trust policy."""
        iam, role = self.clinics.aws.client("iam"), self.clinics.names.pool.roles.vending
        found: Any
        if policy == "trust":
            found = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
        else:
            found = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
        text = json.dumps(found)
        assert old in text

        def write(document: str) -> None:
            if policy == "trust":
                iam.update_assume_role_policy(RoleName=role, PolicyDocument=document)
            else:
                iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=document)

        write(text.replace(old, new))
        try:
            yield
        finally:
            write(text)

    def left(self) -> list[str]:
        """Canaries, and what the registry says of any."""
        found = self.clinics.aws.client("dynamodb").query(
            TableName=self.clinics.names.registry_table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": CANARIES}},
        )
        return [*self.clinics.canaries(), *(i["sk"]["S"] for i in found["Items"])]


@pytest.fixture
def loose(clinics: Clinics) -> Iterator[Loose]:
    made = Loose(clinics)
    yield made
    assert made.left() == []


@pytest.fixture
def breaches() -> Callable[[Report], list[Finding]]:
    return lambda report: [f for f in report.findings if f.outcome is Outcome.BREACH]
