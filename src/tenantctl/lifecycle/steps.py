"""What onboarding may have to do, each thing as data.

A step is idempotent: doing it again after a kill, wherever that fell, ends in the same state.
`key` names it in the tenant's journal; `what` is shown to the operator.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tenantctl.domain.tenant import Tenant, User
from tenantctl.lifecycle.documents import Document
from tenantctl.lifecycle.items import Item


class Change(StrEnum):
    """The sign in front of a step."""

    CREATE = "+"
    UPDATE = "~"


@dataclass(frozen=True, slots=True)
class _Step:
    tenant: Tenant

    @property
    def change(self) -> Change:
        """Whether something new comes to be."""
        return Change.CREATE


@dataclass(frozen=True, slots=True)
class Register(_Step):
    """Enter the tenant into the registry, unless someone else did meanwhile."""

    key = "register"

    @property
    def what(self) -> str:
        """For the operator."""
        return f"register as a {self.tenant.tier} tenant"


@dataclass(frozen=True, slots=True)
class CreateGroup(_Step):
    """Make the Cognito group."""

    key = "group"

    @property
    def what(self) -> str:
        """For the operator."""
        return "create the group of its users"


@dataclass(frozen=True, slots=True)
class _UserStep(_Step):
    user: User


@dataclass(frozen=True, slots=True)
class CreateUser(_UserStep):
    """Make a user with a temporary password, its group membership and registry entry."""

    @property
    def key(self) -> str:
        """In the journal."""
        return f"user/{self.user.email.casefold()}"

    @property
    def what(self) -> str:
        """For the operator."""
        return f"create the user {self.user.email} ({self.user.role})"


@dataclass(frozen=True, slots=True)
class EnrolUser(_UserStep):
    """Complete a user that Cognito has already: group membership and registry entry.

    `settled` says that its password is known to somebody.
    """

    sub: str
    settled: bool

    @property
    def key(self) -> str:
        """In the journal."""
        return f"member/{self.user.email.casefold()}"

    @property
    def what(self) -> str:
        """For the operator."""
        return f"enrol the user {self.user.email}"

    @property
    def change(self) -> Change:
        """The user is there already."""
        return Change.UPDATE


@dataclass(frozen=True, slots=True)
class RenewPassword(_UserStep):
    """Set another temporary password: an interrupted run never showed the first one."""

    @property
    def key(self) -> str:
        """In the journal."""
        return f"password/{self.user.email.casefold()}"

    @property
    def what(self) -> str:
        """For the operator."""
        return f"set a new temporary password of {self.user.email}; the first was never shown"

    @property
    def change(self) -> Change:
        """The user is there already."""
        return Change.UPDATE


@dataclass(frozen=True, slots=True)
class WriteItems(_Step):
    """Put items into the tenant's partition of a table."""

    table: str
    items: tuple[Item, ...]
    part: int
    replaces: bool

    @property
    def key(self) -> str:
        """In the journal."""
        return f"items/{self.table}/{'update' if self.replaces else 'create'}/{self.part}"

    @property
    def what(self) -> str:
        """For the operator."""
        return f"{'replace' if self.replaces else 'write'} {_count(len(self.items), 'item')}"

    @property
    def change(self) -> Change:
        """New items, or other content of those that are there."""
        return Change.UPDATE if self.replaces else Change.CREATE


@dataclass(frozen=True, slots=True)
class PutDocuments(_Step):
    """Put documents and their metadata under the tenant's prefix of a bucket."""

    bucket: str
    documents: tuple[Document, ...]
    part: int
    replaces: bool

    @property
    def key(self) -> str:
        """In the journal."""
        return f"documents/{self.bucket}/{'update' if self.replaces else 'create'}/{self.part}"

    @property
    def what(self) -> str:
        """For the operator."""
        metadata = sum(d.is_metadata for d in self.documents)
        files = len(self.documents) - metadata
        counted = ", ".join(
            _count(n, noun) for n, noun in ((files, "document"), (metadata, "metadata file")) if n
        )
        return f"{'replace' if self.replaces else 'upload'} {counted}"

    @property
    def change(self) -> Change:
        """New objects, or other content of those that are there."""
        return Change.UPDATE if self.replaces else Change.CREATE


@dataclass(frozen=True, slots=True)
class Settle(_Step):
    """Clear the journal of an interrupted run, all of whose effects turned out to be there."""

    key = "settle"

    @property
    def what(self) -> str:
        """For the operator."""
        return "clear the journal of an interrupted run"

    @property
    def change(self) -> Change:
        """The journal is there already."""
        return Change.UPDATE


@dataclass(frozen=True, slots=True)
class Activate(_Step):
    """See that the tier's policies stand and the tenant is isolated; then call it active."""

    key = "activate"

    @property
    def what(self) -> str:
        """For the operator."""
        return "check its isolation and activate it"

    @property
    def change(self) -> Change:
        """The registry entry is there already."""
        return Change.UPDATE


Step = (
    Register
    | CreateGroup
    | CreateUser
    | EnrolUser
    | RenewPassword
    | WriteItems
    | PutDocuments
    | Settle
    | Activate
)


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"
