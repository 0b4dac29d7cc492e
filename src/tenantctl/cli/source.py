"""`--from`: where a proof's documents are read from, and the reading of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from tenantctl.errors import UsageError

if TYPE_CHECKING:
    from tenantctl.aws.role_documents import RoleDocuments
    from tenantctl.cli.context import Context
    from tenantctl.domain.finding import Report
    from tenantctl.proof.documents import Documents

FORMS = "account|cfn:FILE|terraform:FILE"


class Origin(StrEnum):
    """What documents are read from."""

    ACCOUNT = "account"
    CFN = "cfn"
    TERRAFORM = "terraform"


@dataclass(frozen=True, slots=True)
class Source:
    """An origin, and the file where it has one."""

    origin: Origin
    path: Path | None = None


def parse(text: str) -> Source:
    """Read the option's value; raises `UsageError`."""
    name, colon, path = text.partition(":")
    if name not in set(Origin):
        raise UsageError(f"unknown source `{text}`", hint=f"write one of {FORMS}")
    origin = Origin(name)
    if origin is Origin.ACCOUNT and colon:
        raise UsageError(
            f"`{text}` names a file, and an account has none", hint="write --from account"
        )
    if origin is not Origin.ACCOUNT and not path:
        raise UsageError(f"`{text}` names no file", hint=f"write --from {origin}:FILE")
    return Source(origin, Path(path) if path else None)


def proved_from(ctx: Context, source: Source, try_witnesses: bool | None = None) -> Report:
    """Prove what a template or a plan would deploy, or what is deployed."""
    if source.path is None:
        return _account(ctx, try_witnesses)
    from tenantctl.sources import cloudformation, terraform
    from tenantctl.sources.gathered import prove_gathered

    load = cloudformation.load if source.origin is Origin.CFN else terraform.load
    return prove_gathered(load(source.path, ctx.pool()))


def _account(ctx: Context, try_witnesses: bool | None) -> Report:
    from tenantctl.aws.role_documents import role_documents
    from tenantctl.cli.witness import by_default, proved_in_cloud

    trying = by_default(ctx) if try_witnesses is None else try_witnesses
    return proved_in_cloud(
        ctx, lambda names, aws: documents_of(role_documents(aws, names)), trying=trying
    )


def documents_of(found: RoleDocuments) -> Documents:
    """What was read from an account, as a proof takes it."""
    from tenantctl.iam.document import Kind, read
    from tenantctl.proof.documents import Documents

    return Documents(
        trust=read(found.trust, name="trust", kind=Kind.TRUST),
        identity=tuple(read(d, name=name, kind=Kind.IDENTITY) for name, d in found.identity),
        boundary=None
        if found.boundary is None
        else read(found.boundary[1], name=found.boundary[0], kind=Kind.BOUNDARY),
        resources=tuple(
            (arn, read(document, name=name, kind=Kind.RESOURCE))
            for arn, name, document in found.resources
        ),
    )
