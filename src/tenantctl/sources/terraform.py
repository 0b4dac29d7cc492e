"""The documents of the vending role and of the data, as a Terraform plan or state has them."""

from __future__ import annotations

from collections.abc import Iterator
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
from tenantctl.sources.plan import Plan, Resource, plan
from tenantctl.sources.plan_data import data_policies
from tenantctl.sources.plan_role import role_policies
from tenantctl.sources.tree import Tree, json_tree

LIMIT = 256_000_000
"""Bytes of a plan."""

_HINT = "give what `terraform show -json PLANFILE` prints"
_ALONE = "only the plan is looked at: other states and what was attached by hand aren't known"


def load(path: Path, pool: Pool) -> Gathered:
    """The documents of a plan, and what of them is known only after it is applied.

    Raises `ConfigError` for what is no plan, `PolicyInvalidError` for one without the vending role
    or with a malformed policy; both name the file and the resource.
    """
    read = json_tree(path, limit=LIMIT, hint=_HINT)
    # A plan is one line, and its policies are texts within it: addresses say more than lines.
    found = plan(Tree(read.file, read.root, lambda _path: None))
    names = Names(pool, pool.account or LOCAL_ACCOUNT)
    role, unread = role_policies(found, names, vending_role(found, names))
    resources, of_data = data_policies(found, names)
    documents = Documents(role.trust, role.identity, role.boundary, resources=resources)
    accounted, notes = names_in(pool, documents.every)
    if accounted.account != names.account:  # ARNs were compared with those of another account
        names = accounted
        resources, of_data = data_policies(found, names)
        documents = replace(documents, resources=resources)
    return Gathered(
        names,
        replace(documents, notes=(*notes, _ALONE)),
        (*_incomplete(found), *unread, *of_data),
    )


def vending_role(found: Plan, names: Names) -> Resource:
    """The vending role. Raises `PolicyInvalidError` with near misses."""
    wanted = names.pool.roles.vending
    named: list[str] = []
    nameless: list[str] = []
    for role in found.of("aws_iam_role"):
        name = role.value("name")
        if name == wanted:
            return role
        if isinstance(name, str):
            named.append(name)
        else:
            nameless.append(role.address)
    known = f"its roles are {', '.join(map(shown, named))}" if named else "it names no role"
    if nameless:
        known += f"; the names of {', '.join(map(shown, nameless))} aren't known yet"
    raise PolicyInvalidError(
        f"there is no `aws_iam_role` whose name is `{wanted}`",
        place=Place(found.tree.file),
        hint=near_miss(wanted, named) or f"{known}; see `roles.vending` in the configuration",
    )


def _incomplete(found: Plan) -> Iterator[Unread]:
    if not found.complete:
        why = "Terraform says that the plan is incomplete: a part of it was targeted or deferred"
        yield Unread(str(found.tree.place()), why)
