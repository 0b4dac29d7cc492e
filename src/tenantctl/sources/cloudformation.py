"""The documents of the vending role and of the data, as a CloudFormation template has them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from tenantctl.domain.config import LOCAL_ACCOUNT
from tenantctl.domain.names import Names
from tenantctl.domain.pool import Pool
from tenantctl.domain.yaml_shape import near_miss, shown
from tenantctl.errors import Place, PolicyInvalidError
from tenantctl.proof.directory import names_in
from tenantctl.proof.documents import Documents
from tenantctl.sources.gathered import Gathered, Unread
from tenantctl.sources.intrinsic import SHORT_FORMS
from tenantctl.sources.template import ROLE, Template
from tenantctl.sources.template_data import data_policies
from tenantctl.sources.template_role import role_policies
from tenantctl.sources.tree import tree

LIMIT = 4_000_000
"""Bytes of a template; CloudFormation takes one million."""

_HINT = "give a CloudFormation template, in JSON or YAML"
_ALONE = "only the template is looked at: other stacks and what was attached by hand aren't known"
_ELSEWHERE: Mapping[str, str] = {
    "AWS::CloudFormation::Stack": "what a nested stack holds isn't in the template",
    "AWS::Serverless::Connector": "a connector attaches policies of its own",
}


def load(path: Path, pool: Pool) -> Gathered:
    """The documents of a template, and what of them isn't static.

    Raises `ConfigError` for what is no template, `PolicyInvalidError` for one without the vending
    role or with a malformed policy; both name file and line.
    """
    found = tree(path, tags=SHORT_FORMS, limit=LIMIT, hint=_HINT)
    if not isinstance(found.root.get("Resources"), Mapping):
        raise found.error("it has no `Resources`", hint=_HINT)
    names = Names(pool, pool.account or LOCAL_ACCOUNT)
    template = Template(found, names)
    role, unread = role_policies(template, vending_role(template))
    resources, of_data = data_policies(template)
    documents = Documents(role.trust, role.identity, role.boundary, resources=resources)
    names, notes = names_in(replace(pool, account=names.account), documents.every)
    return Gathered(
        names,
        replace(documents, notes=(*template.notes, *notes, _ALONE)),
        (*_elsewhere(template), *unread, *of_data),
    )


def vending_role(template: Template) -> str:
    """The logical id of the vending role. Raises `PolicyInvalidError` with near misses."""
    wanted = template.names.pool.roles.vending
    named: list[str] = []
    nameless: list[str] = []
    for logical in template.of(ROLE):
        name = template.property(logical, "RoleName")
        if name == wanted:
            return logical
        if isinstance(name, str):
            named.append(name)
        else:
            nameless.append(logical)
    known = f"its roles are {', '.join(map(shown, named))}" if named else "it names no role"
    if nameless:
        known += f"; the names of {', '.join(map(shown, nameless))} aren't static"
    raise PolicyInvalidError(
        f"there is no role whose `RoleName` is `{wanted}`",
        place=Place(template.tree.file),
        hint=near_miss(wanted, named) or f"{known}; see `roles.vending` in the configuration",
    )


def _elsewhere(template: Template) -> Iterator[Unread]:
    """What may attach policies without showing them here."""
    if "Transform" in template.tree.root:
        yield Unread(
            str(template.tree.place(("Transform",))),
            "a macro rewrites the template; give what came of it "
            "(`aws cloudformation get-template --template-stage Processed`)",
        )
    for logical, resource in template.resources.items():
        kind = str(resource.get("Type"))
        why = _ELSEWHERE.get(kind)
        if kind.endswith("::MODULE"):
            why = "what a module holds isn't in the template"
        if any(key.startswith("Fn::") for key in template.properties(logical)):
            why = "its properties come from a function"
        if why is not None:
            yield Unread(str(template.tree.place(("Resources", logical))), why)
