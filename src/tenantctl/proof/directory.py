"""Read a directory of documents: `trust.json`, `identity/*.json`, and what else there may be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from tenantctl.domain.names import Names
from tenantctl.domain.pool import Pool
from tenantctl.domain.yaml_nodes import read_text
from tenantctl.errors import ConfigError, Place, PolicyInvalidError
from tenantctl.iam.document import read
from tenantctl.iam.pattern import Pattern
from tenantctl.iam.policy import Kind, Policy, Statement
from tenantctl.proof.automata.letters import Alphabet
from tenantctl.proof.automata.parses import Product
from tenantctl.proof.automata.shape import Shape, Slot, Wild
from tenantctl.proof.documents import Documents, texts

_HINT = "give the directory that holds trust.json"
_FILE = "give a JSON text in UTF-8"
_MAX_BYTES = 4_000_000
_KNOWN = ("trust.json", "identity", "boundary.json", "session.json", "resource")


def load(directory: Path, pool: Pool) -> tuple[Names, Documents]:
    """The documents below a directory, and the names of the pool in the account they speak of.

    Raises `ConfigError` for what is missing, can't be read or is no file, and `PolicyInvalidError`
    for what is malformed; both name the file.
    """
    try:
        return _load(directory, pool)
    except OSError as error:  # of a directory that may not be entered or listed
        why = (error.strerror or str(error)).lower()
        raise ConfigError(
            f"can't be read: {why}", place=Place(str(directory)), hint=_HINT
        ) from error


def _load(directory: Path, pool: Pool) -> tuple[Names, Documents]:
    if not directory.is_dir():
        what = "is no directory" if _there(directory) else "doesn't exist"
        raise ConfigError(f"`{directory}` {what}", hint=_HINT)
    trust = directory / "trust.json"
    if not _there(trust):
        raise ConfigError(
            "the vending role's trust policy is missing",
            place=Place(str(trust)),
            hint="without it nothing is known of who makes sessions, and with which tags",
        )
    made = Documents(
        trust=_read(trust, "trust.json", Kind.TRUST),
        identity=tuple(_folder(directory, "identity", Kind.IDENTITY)),
        boundary=_optional(directory / "boundary.json", Kind.BOUNDARY),
        session=_optional(directory / "session.json", Kind.SESSION),
    )
    resources = tuple(_folder(directory, "resource", Kind.RESOURCE))
    names, notes = names_in(pool, (*made.every, *resources))
    attached: list[tuple[str, Policy]] = []
    for policy in resources:
        places = attached_to(policy, names)
        if not places:
            notes.append(f"`{policy.name}` names no table or bucket of the pool; it was left out")
        attached += ((place, policy) for place in places)
    _once(attached)
    notes += (f"`{n}` isn't part of the documents; it was left out" for n in _other(directory))
    return names, replace(made, resources=tuple(attached), notes=tuple(notes))


_ACCOUNT = re.compile(r"arn:[a-z-]+:[a-z0-9-]+:[a-z0-9-]*:(\d{12}):")


def names_in(pool: Pool, policies: tuple[Policy, ...]) -> tuple[Names, list[str]]:
    """The names in the account of the documents.

    Where they name another account than the configuration, theirs counts: ARNs of the wrong one
    would match nothing, and everything would seem isolated. Raises `ConfigError` for several.
    """
    found = {a for p in policies for text in texts(p) for a in _ACCOUNT.findall(text)}
    if not found:
        found = {a for p in policies for s in p.statements for a in _trusted(s)}
    if pool.account is not None and (not found or pool.account in found):
        return Names(pool, pool.account), []
    if len(found) > 1:
        raise ConfigError(
            f"the documents name several accounts: {', '.join(sorted(found))}",
            hint="say which is the pool's, by `account` in the configuration",
        )
    account = next(iter(found), "000000000000")
    note = f"the documents speak of account `{account}`, so the pool was taken to be there"
    return Names(pool, account), [note]


def _trusted(statement: Statement) -> set[str]:
    named = statement.principals
    if named is None:
        return set()
    return {*named.accounts, *(arn.split(":")[4] for arn in named.arns)}


def attached_to(policy: Policy, names: Names) -> tuple[str, ...]:
    """The tables and buckets of the pool that a resource policy's ARNs name.

    Raises `PolicyInvalidError` where the ARNs could mean any.
    """
    data = names.pool.data
    arns = [
        *(names.table_arn(t) for t in data.tables),
        *(names.bucket_arn(b) for b in data.buckets),
    ]
    elements = [s.resources for s in policy.statements if s.resources is not None]
    patterns = [p for element in elements for p in element.patterns]
    found = tuple(arn for arn in arns if any(_speaks_of(p, arn) for p in patterns))
    if not found and any(p.everything for p in patterns):
        raise PolicyInvalidError(
            "a resource policy that names no ARN could belong to any resource",
            place=Place(policy.name),
            hint="write the table's or bucket's ARN in `Resource`",
        )
    return found


def _speaks_of(pattern: Pattern, arn: str) -> bool:
    """Whether a pattern other than `*` may mean a resource, or what lies in it."""
    if pattern.everything:
        return False
    form: list[str | Wild | Slot] = []
    for number, segment in enumerate(pattern.segments):
        form += [Wild.ANY] if number else []
        for index, piece in enumerate(segment):
            form += [Wild.ONE] if index else []
            form += (part if isinstance(part, str) else Wild.ANY for part in piece)
    texts_ = [part for part in form if isinstance(part, str)]
    alphabet = Alphabet.of((*texts_, arn, "/"), ())
    here = Shape(((arn,), (f"{arn}/", Wild.ANY)), {}, alphabet)
    named = Shape((tuple(form),), {}, alphabet)
    return not Product(here, (named,), same=None).separated()


def _once(attached: list[tuple[str, Policy]]) -> None:
    seen: dict[str, str] = {}
    for arn, policy in attached:
        if arn in seen:
            raise PolicyInvalidError(
                f"`{arn}` has a policy in `{seen[arn]}` already; a resource has one",
                place=Place(policy.name),
                hint="put all statements in one document",
            )
        seen[arn] = policy.name


def _folder(directory: Path, name: str, kind: Kind) -> Iterator[Policy]:
    folder = directory / name
    if not _there(folder):
        return
    if not folder.is_dir():
        raise ConfigError("a directory is expected here", place=Place(str(folder)))
    for path in sorted(folder.iterdir()):
        if path.suffix == ".json":
            yield _read(path, f"{name}/{path.name}", kind)


def _there(path: Path) -> bool:
    """Whether a name exists; a link to nowhere is no absent policy. Raises `OSError` in doubt."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def _other(directory: Path) -> Iterator[str]:
    """What lies there and isn't read, so that a misspelt name isn't missed."""
    for path in sorted(directory.iterdir()):
        if path.name not in _KNOWN and not path.name.startswith("."):
            yield path.name
    for folder in ("identity", "resource"):
        if (directory / folder).is_dir():
            for path in sorted((directory / folder).iterdir()):
                if path.suffix != ".json" and not path.name.startswith("."):
                    yield f"{folder}/{path.name}"


def _optional(path: Path, kind: Kind) -> Policy | None:
    return _read(path, path.name, kind) if _there(path) else None


def _read(path: Path, name: str, kind: Kind) -> Policy:
    if path.exists() and not path.is_file():
        # Reading a pipe would wait for whoever writes to it.
        raise ConfigError("it is no file", place=Place(str(path)), hint=_FILE)
    return read(read_text(path, limit=_MAX_BYTES, hint=_FILE), name=name, kind=kind)
