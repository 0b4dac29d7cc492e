"""What `terraform show -json` says of a plan, or of a state: resources, and what isn't known yet.

https://developer.hashicorp.com/terraform/internals/json-format
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tenantctl.errors import ConfigError
from tenantctl.sources.partial import Unknown
from tenantctl.sources.tree import Tree

_INDEX = re.compile(r'\[(?:\d+|"(?:[^"\\]|\\.)*")\]')
_REFERENCE = re.compile(r'(?P<kind>aws_\w+)\.(?P<name>[\w-]+)(?P<index>\[(?:\d+|"[^"]*")\])?')
_HINT = "give what `terraform show -json PLANFILE` prints"
_MAJOR = ("0.", "1.")


@dataclass(frozen=True, slots=True)
class Resource:
    """One instance. `module` is the address of its module, empty for the root."""

    address: str
    module: str
    kind: str
    name: str
    data: bool
    values: Mapping[str, object]
    unknown: Mapping[str, object]
    expressions: Mapping[str, object] | None

    @property
    def index(self) -> str:
        """Which of several instances it is, in brackets; empty where it is the only one."""
        within = f"{self.module}." if self.module else ""
        return self.address.removeprefix(within).removeprefix(f"{self.kind}.{self.name}")

    def value(self, name: str) -> object:
        """An attribute: `None` where it has none, an `Unknown` where only applying will tell."""
        if _any(self.unknown.get(name)):
            named = self.references(name)
            what = f": it refers to {', '.join(f'`{r}`' for r in named)}" if named else ""
            return Unknown(f"known only after apply{what}")
        return self.values.get(name)

    def configured(self, name: str) -> bool:
        """Whether the configuration sets the attribute; where it isn't at hand, it may."""
        return self.expressions is None or name in self.expressions

    def references(self, name: str) -> tuple[str, ...]:
        """What the attribute's expression names; of `a.b.c`, `a.b` only the longest."""
        found = (self.expressions or {}).get(name)
        listed = found.get("references") if isinstance(found, Mapping) else None
        every = [r for r in listed if isinstance(r, str)] if isinstance(listed, list) else []
        longer = [r for r in every if not any(_within(r, other) for other in every)]
        return tuple(dict.fromkeys(longer))


@dataclass(frozen=True, slots=True)
class Plan:
    """All resources after the plan is applied; `gone` are those that it deletes, as they were."""

    tree: Tree
    resources: tuple[Resource, ...]
    gone: tuple[Resource, ...]
    complete: bool

    def of(self, kind: str, *, data: bool = False) -> Iterator[Resource]:
        """The resources of a type."""
        return (r for r in self.resources if r.kind == kind and r.data is data)

    def referred(self, resource: Resource, name: str, kind: str) -> tuple[Resource, ...] | None:
        """The resources of a type that an attribute's expression may mean.

        `None` where it may mean something else too: a variable, a local value, a module's output.
        """
        found: dict[str, Resource] = {}
        for reference in resource.references(name):
            match = _REFERENCE.match(reference)
            if reference in {"each.key", "count.index"}:
                continue
            if match is None or match["kind"] != kind:
                return None
            for other in self.of(kind):
                same = other.module == resource.module and other.name == match["name"]
                if same and match["index"] in {None, other.index}:
                    found[other.address] = other
        return tuple(found.values()) or None


def plan(tree: Tree) -> Plan:
    """Read a plan or a state. Raises `ConfigError` for what is neither."""
    root = tree.root
    version = root.get("format_version")
    if not isinstance(version, str) or not version.startswith(_MAJOR):
        raise tree.error("it has no `format_version` that is known", hint=_HINT)
    after = root.get("planned_values", root.get("values"))
    if root.get("errored") is True:
        raise tree.error("the plan failed", hint="plan again, and mend what Terraform says")
    if not isinstance(after, Mapping) or not isinstance(after.get("root_module"), Mapping):
        raise tree.error("it holds neither a plan nor a state", hint=_HINT)
    changes = _changes(tree)
    configured = dict(_configured(_at(root, "configuration", "root_module"), ""))
    known = dict(_instances(tree, after["root_module"], changes, configured))
    before = _at(root, "prior_state", "values", "root_module")
    for address, resource in _instances(tree, before, {}, configured):
        if resource.data:
            known.setdefault(address, resource)
    gone = tuple(
        resource
        for address, resource in _instances(tree, before, {}, configured)
        if address not in known
    )
    return Plan(tree, tuple(known.values()), gone, root.get("complete") is not False)


def _instances(
    tree: Tree,
    module: Mapping[str, object],
    changes: Mapping[str, Mapping[str, object]],
    configured: Mapping[str, Mapping[str, object]],
) -> Iterator[tuple[str, Resource]]:
    within = module.get("address", "")
    for found in _objects(tree, module.get("resources")):
        texts = [found.get(key) for key in ("address", "type", "name")]
        values = found.get("values", {})
        if not all(isinstance(t, str) for t in texts) or not isinstance(values, Mapping):
            raise tree.error("a resource has no address, type or values", hint=_HINT)
        address, kind, name = map(str, texts)
        yield (
            address,
            Resource(
                address=address,
                module=str(within),
                kind=kind,
                name=name,
                data=found.get("mode") == "data",
                values=values,
                unknown=_at(changes.get(address, {}), "after_unknown"),
                expressions=configured.get(_INDEX.sub("", address)),
            ),
        )
    for child in _objects(tree, module.get("child_modules")):
        yield from _instances(tree, child, changes, configured)


def _changes(tree: Tree) -> dict[str, Mapping[str, object]]:
    return {
        str(found.get("address")): _at(found, "change")
        for found in _objects(tree, tree.root.get("resource_changes"))
    }


def _configured(
    module: Mapping[str, object], prefix: str
) -> Iterator[tuple[str, Mapping[str, object]]]:
    resources = module.get("resources")
    for found in resources if isinstance(resources, list) else ():
        if isinstance(found, Mapping):
            yield f"{prefix}{found.get('address')}", _at(found, "expressions")
    for name, call in _at(module, "module_calls").items():
        if isinstance(call, Mapping):
            yield from _configured(_at(call, "module"), f"{prefix}module.{name}.")


def _objects(tree: Tree, found: object) -> list[Mapping[str, object]]:
    items = [] if found is None else found
    if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
        raise _malformed(tree)
    return items


def _malformed(tree: Tree) -> ConfigError:
    return tree.error("it isn't formed as a plan is", hint=_HINT)


def _at(found: Mapping[str, object], *keys: str) -> Mapping[str, object]:
    """The object at a path; an empty one where there is none."""
    for key in keys:
        inside = found.get(key)
        if not isinstance(inside, Mapping):
            return {}
        found = inside
    return found


def _any(unknown: object) -> bool:
    """Whether any part of a value is unknown: `true`, or a list or an object with such a part."""
    if isinstance(unknown, Mapping):
        return any(map(_any, unknown.values()))
    if isinstance(unknown, list):
        return any(map(_any, unknown))
    return unknown is True


def _within(reference: str, other: str) -> bool:
    return other != reference and other.startswith((f"{reference}.", f"{reference}["))
