"""What a CloudFormation template attaches to a role.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_IAM.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tenantctl.errors import PolicyInvalidError
from tenantctl.iam.json_text import Path
from tenantctl.iam.policy import Kind, Policy
from tenantctl.sources.gathered import Unread
from tenantctl.sources.intrinsic import NOTHING, resolve
from tenantctl.sources.partial import Unknown, Where, partial
from tenantctl.sources.role import RolePolicies
from tenantctl.sources.template import MANAGED, ROLE, Template

_ATTACHED: Mapping[str, str] = {
    "AWS::IAM::Policy": "Roles",
    "AWS::IAM::RolePolicy": "RoleName",
    MANAGED: "Roles",
}
"""What is attached to roles, and the property that says to which."""

_CONDITION = Unknown("a condition decides whether it is there")


def role_policies(template: Template, role: str) -> tuple[RolePolicies, tuple[Unread, ...]]:
    """The documents of a role, by its logical id, and what of them isn't static.

    Raises `PolicyInvalidError` for a malformed one.
    """
    reader = _Reader(template, role)
    trust = reader.policy(role, "AssumeRolePolicyDocument", Kind.TRUST, f"{role}/trust")
    boundary = reader.boundary()
    reader.inline()
    reader.managed()
    for kind, at in _ATTACHED.items():
        for logical in template.of(kind):
            reader.attached(logical, at)
    where = template.property(role, "Path")
    if where is not None and where != "/":
        why = Unknown("the configuration's roles have no path")
        reader.unread.append(template.unread(role, ("Path",), why))
    made = RolePolicies(trust, tuple(reader.identity.values()), boundary)
    return made, tuple(reader.unread)


@dataclass(frozen=True, slots=True)
class _Reader:
    template: Template
    role: str
    identity: dict[str, Policy] = field(default_factory=dict)
    unread: list[Unread] = field(default_factory=list)

    def policy(self, logical: str, name: str, kind: Kind, label: str) -> Policy:
        """A document that is a property."""
        where = self.template.where(logical, (name,), kind, label)
        value = self.template.property(logical, name)
        if value is None:
            raise PolicyInvalidError(f"`{name}` is missing", place=where.place())
        return self._read(value, where)

    def inline(self) -> None:
        """The role's `Policies`."""
        given = self.template.property(self.role, "Policies")
        for index, item in enumerate(given if isinstance(given, list) else [given]):
            at: Path = ("Policies", index) if isinstance(given, list) else ("Policies",)
            if isinstance(item, Mapping):
                name = item.get("PolicyName")
                label = f"{self.role}/{name if isinstance(name, str) else index}"
                where = self.template.where(
                    self.role, (*at, "PolicyDocument"), Kind.IDENTITY, label
                )
                self.identity[f"{label}[{index}]"] = self._read(item.get("PolicyDocument"), where)
            elif item is not None:
                self._skip(self.role, at, item)

    def managed(self) -> None:
        """The role's `ManagedPolicyArns`."""
        given = self.template.properties(self.role).get("ManagedPolicyArns")
        for index, item in enumerate(given if isinstance(given, list) else [given]):
            at: Path = ("ManagedPolicyArns",)
            if item is not None:
                self._by_arn(item, (*at, index) if isinstance(given, list) else at)

    def boundary(self) -> Policy | None:
        """The role's `PermissionsBoundary`."""
        item = self.template.properties(self.role).get("PermissionsBoundary")
        if item is None:
            return None
        own, value = self._managed_policy(item, ("PermissionsBoundary",))
        if own is not None:
            return self.policy(own, "PolicyDocument", Kind.BOUNDARY, own)
        if value is not NOTHING:
            self._skip(self.role, ("PermissionsBoundary",), value)
        return None

    def attached(self, logical: str, at: str) -> None:
        """One resource that is attached to the roles that its property `at` names."""
        given = self.template.properties(logical).get(at)
        ours = False
        for item in given if isinstance(given, list) else [given]:
            if item is None:
                continue
            own = item.get("Ref") if isinstance(item, Mapping) else None
            if isinstance(own, str) and own in self.template.of(ROLE):
                ours = ours or own == self.role
                continue
            found = resolve(item, ("Resources", logical, "Properties", at), self.template)
            names = found if isinstance(found, list) else [found]
            for name in names:
                if isinstance(name, Unknown):
                    self._skip(logical, (at,), name)
            ours = ours or self.template.names.pool.roles.vending in names
        if ours:
            self._attach(logical)

    def _by_arn(self, item: object, at: Path) -> None:
        own, value = self._managed_policy(item, at)
        if own is not None:
            self._attach(own)
        elif isinstance(value, list):  # of a function
            for one in value:
                self._by_arn(one, at)
        elif value is not NOTHING:
            self._skip(self.role, at, value)

    def _managed_policy(self, item: object, at: Path) -> tuple[str | None, object]:
        """The template's own policy that is meant, else what is known of its ARN."""
        own = item.get("Ref") if isinstance(item, Mapping) else None
        if isinstance(own, str) and own in self.template.of(MANAGED):
            return own, None
        value = resolve(item, ("Resources", self.role, "Properties", *at), self.template)
        for logical in self.template.of(MANAGED):
            arn = self.template.attribute(logical, "PolicyArn")
            if isinstance(arn, str) and arn == value:
                return logical, None
        return None, value

    def _attach(self, logical: str) -> None:
        if logical in self.identity:
            return
        if self.template.conditional(logical):
            self._skip(logical, (), _CONDITION)
            return
        self.identity[logical] = self.policy(logical, "PolicyDocument", Kind.IDENTITY, logical)

    def _read(self, value: object, where: Where) -> Policy:
        policy, unread = partial(value, where)
        self.unread.extend(unread)
        return policy

    def _skip(self, logical: str, at: Path, why: object) -> None:
        self.unread.append(self.template.unread(logical, at, why))
