"""A CloudFormation template: what its parameters, resources and their attributes stand for.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tenantctl.domain.names import Names, partition
from tenantctl.domain.yaml_shape import shown
from tenantctl.iam.json_text import Path
from tenantctl.iam.policy import Kind
from tenantctl.sources.gathered import Unread
from tenantctl.sources.intrinsic import NOTHING, resolve
from tenantctl.sources.partial import Unknown, Where
from tenantctl.sources.tree import Tree

ROLE = "AWS::IAM::Role"
MANAGED = "AWS::IAM::ManagedPolicy"
BUCKET = "AWS::S3::Bucket"
TABLES = ("AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable")

_NAMED: Mapping[str, str] = {
    ROLE: "RoleName",
    MANAGED: "ManagedPolicyName",
    BUCKET: "BucketName",
    **dict.fromkeys(TABLES, "TableName"),
}
_ARNS: Mapping[str, str] = {
    ROLE: "Arn",
    MANAGED: "PolicyArn",
    BUCKET: "Arn",
    **dict.fromkeys(TABLES, "Arn"),
}


@dataclass(frozen=True, slots=True)
class Template:
    """A template, deployed where `names` says; `notes` say which parameters were believed."""

    tree: Tree
    names: Names
    notes: dict[str, None] = field(default_factory=dict)
    _open: list[str] = field(default_factory=list)
    _sections: dict[str, Mapping[str, Mapping[str, object]]] = field(default_factory=dict)

    @property
    def resources(self) -> Mapping[str, Mapping[str, object]]:
        """The resources by logical id."""
        return self.section("Resources")

    def properties(self, logical: str) -> Mapping[str, object]:
        """The properties of a resource, unresolved; an intrinsic in their place hides them all."""
        found = self.resources[logical].get("Properties")
        if found is None:
            return {}
        if not isinstance(found, Mapping):
            raise self.tree.error(
                "an object is expected here", ("Resources", logical, "Properties")
            )
        return found

    def property(self, logical: str, name: str) -> object:
        """One property, resolved; `None` where it isn't there."""
        properties = self.properties(logical)
        path = ("Resources", logical, "Properties", name)
        if name not in properties:
            hidden = any(key.startswith("Fn::") for key in properties)
            return Unknown("its properties come from a function") if hidden else None
        found = resolve(properties[name], path, self)
        return None if found is NOTHING else found

    def reference(self, name: str) -> object:
        """What `Ref` of a parameter, a pseudo parameter or a resource gives."""
        pseudo = {
            "AWS::AccountId": self.names.account,
            "AWS::NoValue": NOTHING,
            "AWS::Partition": partition(self.names.pool.region),
            "AWS::Region": self.names.pool.region,
            "AWS::URLSuffix": self.names.url_suffix,
        }
        if name in pseudo:
            return pseudo[name]
        if name in self.section("Parameters"):
            return self._parameter(name)
        if name in self.resources:
            if self.resources[name].get("Type") == MANAGED:
                return self.attribute(name, "PolicyArn")
            return self._name_of(name)
        return Unknown(f"{shown(name)} is no parameter or resource whose value is static")

    def _parameter(self, name: str) -> object:
        found = self.section("Parameters")[name]
        kind, default = str(found.get("Type", "String")), found.get("Default")
        if default is None or isinstance(default, Mapping | list):
            return Unknown(f"parameter {shown(name)} has no default")
        if kind.startswith("AWS::SSM::"):
            return Unknown(f"parameter {shown(name)} is read from Systems Manager")
        text = str(default).lower() if isinstance(default, bool) else str(default)
        value = "its default" if found.get("NoEcho") in (True, "true") else shown(text)
        self.notes[f"parameter {shown(name)} is taken to be {value}, as its default says"] = None
        if kind == "CommaDelimitedList" or kind.startswith("List<"):
            return [item.strip() for item in text.split(",")]
        return text

    def _name_of(self, logical: str) -> object:
        kind = self.resources[logical].get("Type")
        key = _NAMED.get(str(kind))
        if key is None:
            return Unknown(f"what {shown(logical)} refers to is known when it is deployed")
        if logical in self._open:
            return Unknown(f"{shown(logical)} refers to itself")
        self._open.append(logical)
        try:
            found = self.property(logical, key)
        finally:
            self._open.pop()
        if found is None:
            return Unknown(f"{shown(logical)} gets its name when it is deployed: it has no `{key}`")
        return found

    def attribute(self, logical: str, attribute: str) -> object:
        """What `Fn::GetAtt` of a resource gives."""
        if logical not in self.resources:
            return Unknown(f"{shown(logical)} is no resource of the template")
        kind = str(self.resources[logical].get("Type"))
        if _ARNS.get(kind) != attribute:
            return Unknown(f"`{logical}.{attribute}` is known when it is deployed")
        name: object = self._name_of(logical)
        where = self.property(logical, "Path")
        for part in (name, where):
            if isinstance(part, Unknown):
                return part
        return self._arn(kind, str(name), "/" if where is None else str(where))

    def _arn(self, kind: str, name: str, where: str) -> str:
        if kind == BUCKET:
            return self.names.bucket_arn(name)
        if kind in TABLES:
            return self.names.table_arn(name)
        if kind == ROLE:
            return self.names.role_arn(name, path=where)
        return self.names.managed_policy_arn(name, path=where)

    def of(self, kind: str) -> list[str]:
        """The logical ids of the resources of a type."""
        return [k for k, v in self.resources.items() if v.get("Type") == kind]

    def conditional(self, logical: str) -> bool:
        """Whether a condition decides if the resource is there."""
        return "Condition" in self.resources[logical]

    def where(
        self, logical: str, at: Path, kind: Kind, name: str, *, about: str | None = None
    ) -> Where:
        """Where a policy stands, below the properties of a resource."""
        return Where(name, kind, self.tree, ("Resources", logical, "Properties", *at), about)

    def unread(self, logical: str, at: Path, why: object, *, about: str | None = None) -> Unread:
        """A part of a resource's properties that isn't known."""
        reason = why.why if isinstance(why, Unknown) else f"{shown(why)} isn't in the template"
        place = self.tree.place(("Resources", logical, "Properties", *at))
        return Unread(str(place), reason, about)

    def section(self, name: str) -> Mapping[str, Mapping[str, object]]:
        """A section; what a macro would still add to it (`Fn::ForEach`) is left out."""
        if name not in self._sections:
            found = self.tree.root.get(name)
            if isinstance(found, Mapping):
                found = {k: v for k, v in found.items() if not k.startswith("Fn::")}
            self._sections[name] = self.tree.objects(found, (name,))
        return self._sections[name]
