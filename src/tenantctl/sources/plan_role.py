"""What a Terraform plan attaches to a role.

https://github.com/hashicorp/terraform-provider-aws/blob/main/website/docs/r/iam_role.html.markdown
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tenantctl.domain.names import Names
from tenantctl.errors import PolicyInvalidError
from tenantctl.iam.policy import Kind, Policy
from tenantctl.sources.gathered import Unread
from tenantctl.sources.partial import Unknown, Where, partial
from tenantctl.sources.plan import Plan, Resource
from tenantctl.sources.role import RolePolicies

_POLICY = "aws_iam_policy"
_ATTACHMENTS = (
    ("aws_iam_role_policy_attachment", "role", "policy_arn"),
    ("aws_iam_role_policy_attachments_exclusive", "role_name", "policy_arns"),
    ("aws_iam_policy_attachment", "roles", "policy_arn"),
)
"""Types that attach managed policies, with what names the roles and what names the policies."""


def role_policies(
    plan: Plan, names: Names, role: Resource
) -> tuple[RolePolicies, tuple[Unread, ...]]:
    """The documents of a role, and what of them is known only after apply.

    Raises `PolicyInvalidError` for a malformed one.
    """
    reader = _Reader(plan, names, role)
    trust = reader.policy(role, "assume_role_policy", Kind.TRUST)
    reader.inline()
    for kind, to, what in _ATTACHMENTS:
        for resource in plan.of(kind):
            if reader.ours(resource, to):
                reader.managed(resource, what)
    reader.own_managed()
    boundary = reader.boundary()
    if role.value("path") not in {None, "/"}:
        reader.skip(role, "path", Unknown("the configuration's roles have no path"))
    made = RolePolicies(trust, tuple(reader.identity.values()), boundary)
    return made, tuple(dict.fromkeys(reader.unread))


@dataclass(frozen=True, slots=True)
class _Reader:
    plan: Plan
    names: Names
    role: Resource
    identity: dict[str, Policy] = field(default_factory=dict)
    unread: list[Unread] = field(default_factory=list)

    def policy(self, resource: Resource, name: str, kind: Kind) -> Policy:
        """A document that is an attribute."""
        label = resource.address if kind is not Kind.TRUST else f"{resource.address}/trust"
        where = Where(label, kind, self.plan.tree, (resource.address, name))
        value = resource.value(name)
        if value is None or value == "":
            raise PolicyInvalidError(f"`{name}` is missing", place=where.place())
        policy, unread = partial(value, where)
        self.unread.extend(unread)
        return policy

    def inline(self) -> None:
        """The role's own blocks, and the resources that are inline policies of it."""
        written = {r.value("name") for r in self._gone("aws_iam_role_policy")}
        for resource in self.plan.of("aws_iam_role_policy"):
            if self.ours(resource, "role"):
                written.add(resource.value("name"))
                self.identity[resource.address] = self.policy(resource, "policy", Kind.IDENTITY)
        known = self._set_by_hand("inline_policy")
        blocks = self.role.values.get("inline_policy") if known else None
        for index, block in enumerate(blocks if isinstance(blocks, list) else ()):
            name = block.get("name") if isinstance(block, Mapping) else None
            # What the configuration doesn't set is what was found: others write it, or delete it.
            found = not self.role.configured("inline_policy") and name in written
            if not found and isinstance(block, Mapping) and block.get("policy"):
                path = (self.role.address, "inline_policy", index, "policy")
                label = f"{self.role.address}/{name}"
                where = Where(label, Kind.IDENTITY, self.plan.tree, path)
                self.identity[f"{label}[{index}]"], unread = partial(block["policy"], where)
                self.unread.extend(unread)

    def own_managed(self) -> None:
        """The role's own list of managed policies."""
        name = "managed_policy_arns"
        if not self._set_by_hand(name):
            return
        gone = {r.value("policy_arn") for r in self._gone("aws_iam_role_policy_attachment")}
        listed = self.role.value(name)
        for arn in listed if isinstance(listed, list) else ():
            if self.role.configured(name) or arn not in gone:
                self._by_arn(self.role, name, arn)

    def boundary(self) -> Policy | None:
        """The permissions boundary."""
        value = self.role.value("permissions_boundary")
        if value is None or value == "":
            return None
        if isinstance(value, Unknown):
            found = self.plan.referred(self.role, "permissions_boundary", _POLICY)
            own = found[0] if found is not None and len(found) == 1 else None
        else:
            own = self._own(value)
        if own is not None:
            return self.policy(own, "policy", Kind.BOUNDARY)
        self.skip(self.role, "permissions_boundary", value)
        return None

    def ours(self, resource: Resource, name: str) -> bool:
        """Whether what names a role, or roles, names the vending role; a doubt is noted."""
        value = resource.value(name)
        if not isinstance(value, Unknown):
            listed = value if isinstance(value, list) else [value]
            return self.names.pool.roles.vending in listed
        found = self.plan.referred(resource, name, "aws_iam_role")
        if found is None or (len(found) > 1 and self.role in found):
            self.skip(resource, name, value)
            return False
        return self.role in found

    def managed(self, resource: Resource, name: str) -> None:
        """The managed policies that an attribute names."""
        value = resource.value(name)
        if isinstance(value, Unknown):
            found = self.plan.referred(resource, name, _POLICY)
            if found is None or name.endswith("s") or len(found) != 1:
                self.skip(resource, name, value)
            for own in found or ():
                self._attach(own)
            return
        for arn in value if isinstance(value, list) else [value]:
            self._by_arn(resource, name, arn)

    def skip(self, resource: Resource, name: str, why: object) -> None:
        """Note something about the role that isn't known."""
        reason = why.why if isinstance(why, Unknown) else f"`{why}` isn't in the plan"
        self.unread.append(Unread(str(self.plan.tree.place((resource.address, name))), reason))

    def _gone(self, kind: str) -> Iterator[Resource]:
        """What the plan takes from the role."""
        vending = self.names.pool.roles.vending
        return (r for r in self.plan.gone if r.kind == kind and r.value("role") == vending)

    def _set_by_hand(self, name: str) -> bool:
        """Whether an attribute of the role is known; one that nothing sets has nothing to tell."""
        value = self.role.value(name)
        if not isinstance(value, Unknown):
            return True
        if self.role.configured(name):
            self.skip(self.role, name, value)
        return False

    def _by_arn(self, resource: Resource, name: str, arn: object) -> None:
        own = self._own(arn)
        if own is None:
            self.skip(resource, name, arn)
        else:
            self._attach(own)

    def _own(self, arn: object) -> Resource | None:
        """The policy of that ARN: one of the plan, or one that the plan has looked up."""
        return next((p for p in self._policies() if self._arn(p) == arn), None)

    def _policies(self) -> Iterator[Resource]:
        yield from self.plan.of(_POLICY)
        yield from self.plan.of(_POLICY, data=True)

    def _arn(self, policy: Resource) -> object:
        known, name = policy.value("arn"), policy.value("name")
        if isinstance(known, str) or not isinstance(name, str):
            return known
        return self.names.managed_policy_arn(name, path=str(policy.value("path") or "/"))

    def _attach(self, policy: Resource) -> None:
        if policy.address not in self.identity:
            self.identity[policy.address] = self.policy(policy, "policy", Kind.IDENTITY)
