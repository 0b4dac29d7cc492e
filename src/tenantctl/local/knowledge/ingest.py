"""Read a data source's objects as the knowledge base's role may, into passages with metadata.

Text is taken as it is, split at empty lines; other formats are skipped, where Bedrock parses some.
A document's metadata lies beside it, in `<key>.metadata.json`.
https://docs.aws.amazon.com/bedrock/latest/userguide/kb-metadata.html
https://docs.aws.amazon.com/bedrock/latest/userguide/knowledge-base-ds.html
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tenantctl.domain.layout import SIDECAR
from tenantctl.domain.names import partition
from tenantctl.errors import PolicyInvalidError
from tenantctl.iam.evaluate import Policies, evaluate
from tenantctl.iam.request import Principal, PrincipalKind, Request
from tenantctl.local.knowledge.records import Base, Document, Source, Value
from tenantctl.local.knowledge.store import Store
from tenantctl.local.principals import find_role, policies_of_role

_TEXT = (".txt", ".md", ".html", ".csv")
_MOST_METADATA = 10 * 1024
_MOST_CHARACTERS = 1_200
"""Of a passage; Bedrock's default chunks have some 300 tokens."""

_EMPTY_LINE = re.compile(r"\n\s*\n")


@dataclass(frozen=True, slots=True)
class Ingested:
    """What a job made of a data source; without documents, the failures say why."""

    documents: Mapping[str, Document]
    statistics: Mapping[str, int]
    failures: tuple[str, ...] = ()


def ingest(store: Store, base: Base, source: Source) -> Ingested:
    """Everything that the source has now; what the job before read stays if this one fails."""
    try:
        objects = dict(_objects(store, base, source))
    except _UnreadableError as error:
        return Ingested(source.documents, _counted({}, {}, 0, 0, 0), (str(error),))
    found: dict[str, Document] = {}
    skipped = failed = metadata = 0
    for key, content in objects.items():
        if key.endswith(SIDECAR):
            metadata += 1
        elif not key.endswith(_TEXT) or not content:
            skipped += 1
        else:
            sidecar = objects.get(key + SIDECAR)
            try:
                document = _document(f"s3://{source.bucket}/{key}", content, sidecar)
            except ValueError:
                failed += 1
            else:
                found[document.uri] = document
    return Ingested(found, _counted(source.documents, found, metadata, skipped, failed))


class _UnreadableError(Exception):
    """The bucket isn't there, or the role may not read it."""


def _objects(store: Store, base: Base, source: Source) -> Iterator[tuple[str, bytes]]:
    from moto.s3.models import s3_backends

    where = partition(store.region)
    bucket: Any = s3_backends[store.account][where].buckets.get(source.bucket)
    if bucket is None:
        raise _UnreadableError(f"The bucket {source.bucket} does not exist")
    role, arn = _Role(store, base.role), f"arn:{where}:s3:::{source.bucket}"
    role.check("s3:ListBucket", arn)
    for key, value in sorted(bucket.keys.items()):
        # A deletion marker has no value.
        if key.startswith(source.prefixes) and hasattr(value, "value"):
            role.check("s3:GetObject", f"{arn}/{key}")
            yield key, bytes(value.value)


class _Role:
    """The base's role: what it may do by its own policies, as no bucket's policy names it."""

    def __init__(self, store: Store, arn: str) -> None:
        account, name = arn.split(":")[4], arn.rpartition("/")[2]
        where = partition(store.region)
        role = find_role(account, name, where)
        session = f"arn:{where}:sts::{account}:assumed-role/{name}/bedrock"
        self._principal = Principal(PrincipalKind.SESSION, session, account, arn)
        self._context = {
            "aws:resourceaccount": (store.account,),
            "aws:principalaccount": (account,),
            "aws:securetransport": ("true",),
        }
        try:
            self._policies = Policies() if role is None else policies_of_role(role, account, where)
        except PolicyInvalidError as error:
            raise _UnreadableError(f"The policies of {arn} can't be read") from error

    def check(self, action: str, resource: str) -> None:
        """Raise `_UnreadableError` for what it may not."""
        request = Request(self._principal, action, resource, self._context)
        if not evaluate(request, self._policies).allowed:
            raise _UnreadableError(
                f"{self._principal.role_arn} is not authorized to perform: {action} on {resource}"
            )


def _document(uri: str, content: bytes, sidecar: bytes | None) -> Document:
    """Raises `ValueError` for text or metadata that can't be read."""
    text = content.decode()
    fingerprint = hashlib.sha256(content + b"\0" + (sidecar or b"")).hexdigest()
    return Document(uri, fingerprint, tuple(_passages(text)), _attributes(sidecar))


def _passages(text: str) -> Iterator[str]:
    for paragraph in _EMPTY_LINE.split(text):
        whole = paragraph.strip()
        for start in range(0, len(whole), _MOST_CHARACTERS):
            yield whole[start : start + _MOST_CHARACTERS]


def _attributes(sidecar: bytes | None) -> dict[str, Value]:
    if sidecar is None:
        return {}
    if len(sidecar) > _MOST_METADATA:
        raise ValueError("too large")
    found = json.loads(sidecar)
    attributes = found.get("metadataAttributes") if isinstance(found, dict) else None
    if not isinstance(attributes, dict):
        raise ValueError("no attributes")  # noqa: TRY004 - caught as the other faults of content
    return {str(key): _value(value) for key, value in attributes.items()}


def _value(given: Any) -> Value:  # noqa: ANN401 - JSON
    """A value by itself, or in the form that names its type.

    https://docs.aws.amazon.com/bedrock/latest/userguide/kb-metadata.html
    """
    if isinstance(given, dict):
        typed = given.get("value", {})
        names = ("stringValue", "numberValue", "booleanValue", "stringListValue")
        given = next((typed[name] for name in names if name in typed), None)
    if isinstance(given, bool | str):
        return given
    if isinstance(given, int | float):
        return float(given)
    if isinstance(given, list) and all(isinstance(one, str) for one in given):
        return tuple(given)
    raise ValueError("a value of no known type")


def _counted(
    before: Mapping[str, Document],
    found: Mapping[str, Document],
    metadata: int,
    skipped: int,
    failed: int,
) -> dict[str, int]:
    new = found.keys() - before.keys()
    changed = [
        uri for uri in found.keys() & before.keys()
        if found[uri].fingerprint != before[uri].fingerprint
    ]  # fmt: skip
    return {
        "numberOfDocumentsScanned": len(found) + failed,
        "numberOfMetadataDocumentsScanned": metadata,
        "numberOfNewDocumentsIndexed": len(new),
        "numberOfModifiedDocumentsIndexed": len(changed),
        "numberOfDocumentsDeleted": len(before.keys() - found.keys()),
        "numberOfDocumentsFailed": failed,
        "numberOfDocumentsSkipped": skipped,
    }
