"""Read a directory of documents: `trust.json`, `identity/*.json`, and what else there may be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tenantctl.domain.names import Names
from tenantctl.errors import Place, PolicyInvalidError
from tenantctl.iam.document import read
from tenantctl.iam.policy import Kind, Policy
from tenantctl.proof.documents import Documents

_KNOWN = ("trust.json", "identity", "boundary.json", "session.json", "resource")


def load(directory: Path, names: Names) -> Documents:
    """The documents below a directory; the form is part of the contract with users.

    Raises `PolicyInvalidError` that names the file for what is missing, unreadable or malformed.
    """
    if not directory.is_dir():
        raise PolicyInvalidError(
            f"`{directory}` is no directory", hint="give the one that holds trust.json"
        )
    trust = directory / "trust.json"
    if not trust.is_file():
        raise PolicyInvalidError(
            "the vending role's trust policy is missing",
            place=Place(str(trust)),
            hint="without it nothing is known of who makes sessions, and with which tags",
        )
    attached: list[tuple[str, Policy]] = []
    notes: list[str] = []
    for policy in _folder(directory, "resource", Kind.RESOURCE):
        places = attached_to(policy, names)
        if not places:
            notes.append(f"`{policy.name}` names no table or bucket of the pool; it was left out")
        attached += ((place, policy) for place in places)
    _once(attached)
    notes += (
        f"`{path.name}` isn't part of the documents; it was left out"
        for path in sorted(directory.iterdir())
        if path.name not in _KNOWN and not path.name.startswith(".")
    )
    return Documents(
        trust=_read(trust, "trust.json", Kind.TRUST),
        identity=tuple(_folder(directory, "identity", Kind.IDENTITY)),
        boundary=_optional(directory / "boundary.json", Kind.BOUNDARY),
        session=_optional(directory / "session.json", Kind.SESSION),
        resources=tuple(attached),
        notes=tuple(notes),
    )


def attached_to(policy: Policy, names: Names) -> tuple[str, ...]:
    """The tables and buckets of the pool that a resource policy's ARNs name.

    Raises `PolicyInvalidError` where the ARNs could mean any.
    """
    data = names.pool.data
    arns = [
        *(names.table_arn(t) for t in data.tables),
        *(names.bucket_arn(b) for b in data.buckets),
    ]
    found: dict[str, None] = {}
    for statement in policy.statements:
        element = statement.resources
        if element is None or element.negated:
            continue
        for pattern in element.patterns:
            if pattern.everything:
                continue
            example = pattern.example({}) or ""
            for arn in arns:
                if example == arn or example.startswith(f"{arn}/") or pattern.matches(arn, {}):
                    found[arn] = None
    if not found and any(
        p.everything for s in policy.statements if s.resources for p in s.resources.patterns
    ):
        raise PolicyInvalidError(
            "a resource policy that names no ARN could belong to any resource",
            place=Place(policy.name),
            hint="write the table's or bucket's ARN in `Resource`",
        )
    return tuple(found)


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
    if not folder.exists():
        return
    if not folder.is_dir():
        raise PolicyInvalidError("a directory is expected here", place=Place(str(folder)))
    for path in sorted(folder.glob("*.json")):
        yield _read(path, f"{name}/{path.name}", kind)


def _optional(path: Path, kind: Kind) -> Policy | None:
    return _read(path, path.name, kind) if path.exists() else None


def _read(path: Path, name: str, kind: Kind) -> Policy:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyInvalidError(
            f"it can't be read: {error}", place=Place(name), hint="give a JSON text in UTF-8"
        ) from error
    return read(text, name=name, kind=kind)
