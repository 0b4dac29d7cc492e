"""Find the documents to seed: files in a tenant's directory, each with its metadata.

What is found becomes an object under the tenant's prefix, so a path that leads out of the
tenant's directory would publish somebody else's file: it is refused, never followed.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tenantctl.domain import canary, layout
from tenantctl.domain.pool import Bucket
from tenantctl.domain.tenant import Tenant
from tenantctl.errors import Place, UsageError
from tenantctl.lifecycle.attribute import parse_json
from tenantctl.lifecycle.tree import entries, shown, unreadable
from tenantctl.lifecycle.tree import files as files_below

_MAX_KEY = 1024
_MAX_BYTES = 5 * 1024**3
"""The largest object of one PutObject."""

_MAX_SIDECAR = 10 * 1024
"""https://docs.aws.amazon.com/bedrock/latest/userguide/kb-metadata.html"""


@dataclass(frozen=True, slots=True)
class Document:
    """One object to be. `source` is the file with its content, or the content itself.

    `sha256` and `md5` are hex digests; S3's ETag is the MD5 of an object put in one part.
    """

    tenant: str
    key: str
    source: Path | bytes
    size: int
    sha256: str
    md5: str

    @property
    def is_metadata(self) -> bool:
        """Whether this describes another document to the knowledge base."""
        return self.key.endswith(layout.SIDECAR)


@dataclass(frozen=True, slots=True)
class Found:
    """Documents in the order of their keys, and what was left out with the reason."""

    documents: tuple[Document, ...] = ()
    skipped: tuple[str, ...] = ()


def load_all(root: Path, tenants: Iterable[Tenant], bucket: Bucket) -> Found:
    """The documents of several tenants, under `{tier}-tier/{tenant}/`.

    Raises `UsageError` when a directory belongs to no tenant of the run (a tenant whose tier
    changed would lose its documents silently), and as `load` does.
    """
    _directory(root)
    homes = {root / _home(tenant): tenant for tenant in tenants}
    tiers = {home.parent for home in homes}
    skipped: list[str] = []
    for entry in entries(root):
        if entry.name.startswith("."):
            skipped.append(f"{entry}: hidden")
        elif entry not in tiers:
            raise _stray(entry)
        else:
            for stray in (e for e in entries(entry) if e not in homes):
                if not stray.name.startswith("."):
                    raise _stray(stray)
                skipped.append(f"{stray}: hidden")
    found = [load(h, tenant, bucket) for h, tenant in homes.items() if _is_home(h, root)]
    return Found(
        tuple(d for f in found for d in f.documents),
        tuple(skipped) + tuple(s for f in found for s in f.skipped),
    )


def load_one(root: Path, tenant: Tenant, bucket: Bucket) -> Found:
    """The documents of one tenant; `root` holds `{tier}-tier/{tenant}/`, or is that directory.

    A root with directories of tiers holds many tenants' documents, and is never taken for one's.
    """
    _directory(root)
    home = root / _home(tenant)
    if _is_home(home, root):
        return load(home, tenant, bucket)
    if any(root.glob(layout.TIER_DIRECTORIES)):
        raise UsageError(
            f"`{shown(root)}` holds no documents of `{tenant.id}`",
            hint=f"they would lie in `{home.relative_to(root)}`; check tier and id",
        )
    return load(root, tenant, bucket)


def load(directory: Path, tenant: Tenant, bucket: Bucket) -> Found:
    """The documents in a tenant's own directory, with a sidecar made for each that has none.

    Hidden files are left out and reported. Raises `UsageError` for a link or a name that can't
    be taken, an unreadable or special file, a sidecar that names another tenant or no document.
    """
    skipped: list[str] = []
    prefix = layout.object_prefix(bucket, tenant)
    files = {
        path.relative_to(directory).as_posix(): path for path in files_below(directory, skipped)
    }
    found: list[Document] = []
    for name, path in files.items():
        key = prefix + name
        _check_name(key, path)
        if name.startswith(canary.PREFIX):
            raise UsageError(
                f"`{shown(path)}`: such names are kept for isolation checks, which sweep them away"
            )
        if name.endswith(layout.SIDECAR):
            if name.removesuffix(layout.SIDECAR) not in files:
                raise UsageError("there is no document that this describes", place=_at(path))
            _check_sidecar(path, tenant)
        elif name + layout.SIDECAR not in files:
            found.append(_generated(key + layout.SIDECAR, tenant))
        found.append(_document(key, path, tenant))
    return Found(tuple(sorted(found, key=lambda d: d.key)), tuple(skipped))


def _home(tenant: Tenant) -> Path:
    if "/" in tenant.id or tenant.id in {".", ".."}:
        raise UsageError(f"the id `{tenant.id}` can't be the name of a directory")
    return Path(layout.DOCUMENTS.fill(tier=tenant.tier, tenant=tenant.id))


def _is_home(home: Path, root: Path) -> bool:
    """Whether a tenant has a directory; a link in its place could be another tenant's."""
    for place in (home, *home.parents[: len(home.parts) - len(root.parts) - 1]):
        if place.is_symlink():
            raise UsageError(f"`{shown(place)}` is a link", hint="put a directory in its place")
    return home.is_dir()


def _stray(entry: Path) -> UsageError:
    return UsageError(
        f"`{shown(entry)}` belongs to no tenant that is being onboarded",
        hint=f"documents lie under `{layout.DOCUMENTS}`; check tier and id",
    )


def _directory(root: Path) -> None:
    if not root.is_dir():
        raise UsageError(f"`{shown(root)}` is no directory", hint="--documents takes a directory")


def _check_name(key: str, path: Path) -> None:
    try:
        length = len(key.encode())
    except UnicodeEncodeError as error:
        raise UsageError(f"the name of `{shown(path)}` is not UTF-8") from error
    # S3 admits control characters, but no listing in XML 1.0 can show them.
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
    if any(unicodedata.category(c) == "Cc" for c in key):
        raise UsageError(f"the name of `{shown(path)}` holds a control character")
    if length > _MAX_KEY:
        raise UsageError(f"the key of `{shown(path)}` has {length:,} bytes, S3 admits {_MAX_KEY:,}")


def _check_sidecar(path: Path, tenant: Tenant) -> None:
    try:
        raw = path.read_bytes()
        value = parse_json(raw.decode())
    except OSError as error:
        raise unreadable(path, error) from error
    except ValueError as error:
        raise UsageError(f"not JSON: {error}", place=_at(path)) from error
    if len(raw) > _MAX_SIDECAR:
        raise UsageError(f"larger than {_MAX_SIDECAR // 1024} KB", place=_at(path))
    attributes = value.get("metadataAttributes") if isinstance(value, dict) else None
    named = attributes.get(layout.TENANT_FIELD) if isinstance(attributes, dict) else None
    # The longer form wraps a value: {"value": {"type": "STRING", "stringValue": "…"}, …}.
    if isinstance(named, dict) and isinstance(named.get("value"), dict):
        named = named["value"].get("stringValue")
    if named != tenant.id:
        raise UsageError(
            f"the metadata names `{named}`, the document is of `{tenant.id}`",
            hint="retrieval filters on it: the wrong clinic would read this document",
            place=Place(str(path), key=f"metadataAttributes.{layout.TENANT_FIELD}"),
        )


def _document(key: str, path: Path, tenant: Tenant) -> Document:
    sha, md5, size = hashlib.sha256(), _md5(), 0
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                sha.update(block)
                md5.update(block)
                size += len(block)
    except OSError as error:
        raise unreadable(path, error) from error
    if size > _MAX_BYTES:
        raise UsageError(f"`{shown(path)}` is larger than 5 GB")
    return Document(tenant.id, key, path, size, sha.hexdigest(), md5.hexdigest())


def _generated(key: str, tenant: Tenant) -> Document:
    attributes = {layout.TENANT_FIELD: tenant.id, "tier": tenant.tier}
    content = json.dumps({"metadataAttributes": attributes}, indent=2).encode()
    md5 = _md5()
    md5.update(content)
    sha256 = hashlib.sha256(content).hexdigest()
    return Document(tenant.id, key, content, len(content), sha256, md5.hexdigest())


def _md5() -> hashlib._Hash:
    return hashlib.md5(usedforsecurity=False)  # S3 computes ETags so; sha256 decides on a clash


def _at(path: Path) -> Place:
    return Place(shown(path))
