"""The policies of a case, each distinct one read once, whatever the number of cases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import msgspec
from msgspec import UNSET, Raw, UnsetType

from tenantctl.errors import PolicyInvalidError
from tenantctl.iam.document import read
from tenantctl.iam.evaluate import Policies
from tenantctl.iam.malformed import shown
from tenantctl.iam.policy import Kind, Policy
from tenantctl.iam.weight import Weight

_REMEMBERED = 64_000_000
"""Bytes of texts that are remembered; beyond them all are forgotten and read once more."""

_decode_list = msgspec.json.Decoder(list[Raw]).decode


class Given(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """The members of a case that are policies."""

    identity: Raw
    boundary: Raw | UnsetType = UNSET
    session: Raw | UnsetType = UNSET
    resource_policy: Raw | UnsetType = UNSET

    def texts(self) -> tuple[bytes | None, ...]:
        """The JSON text of each, `None` for what isn't given."""
        every = (self.identity, self.boundary, self.session, self.resource_policy)
        return tuple(None if raw is UNSET else bytes(raw) for raw in every)


@dataclass(frozen=True, slots=True)
class Attached:
    """Policies that were read, or why they couldn't be (`error`)."""

    policies: Policies
    weight: Weight
    ceiling: int
    error: str | None = None


@dataclass(slots=True)
class Documents:
    """What was read so far, by its bytes."""

    _read: dict[tuple[Kind, bytes], Policy | PolicyInvalidError] = field(default_factory=dict)
    _attached: dict[tuple[bytes | None, ...], Attached] = field(default_factory=dict)
    _size: int = 0

    def attached(self, texts: tuple[bytes | None, ...]) -> Attached:
        """The policies of one case, from the JSON texts of its four members."""
        found = self._attached.get(texts)
        if found is None:
            found = self._new(texts)
            self._remember(sum(len(text) for text in texts if text is not None))
            self._attached[texts] = found
        return found

    def _remember(self, size: int) -> None:
        self._size += size
        if self._size > _REMEMBERED:
            self._attached.clear()
            self._read.clear()
            self._size = size

    def _new(self, texts: tuple[bytes | None, ...]) -> Attached:
        weight = Weight.of(text for text in texts if text is not None)
        try:
            if not weight.readable:
                raise _refused("these policies are larger than any of AWS")
            identity, boundary, session, resource = texts
            policies = Policies(
                identity=tuple(self._identity(identity or b"")),
                boundary=self._one("boundary", Kind.BOUNDARY, boundary),
                session=self._one("session", Kind.SESSION, session),
                resource=self._one("resource_policy", Kind.RESOURCE, resource),
            )
        except PolicyInvalidError as error:
            message = str(error) if error.hint is None else f"{error}; {error.hint}"
            return Attached(Policies(), weight, 0, message)
        return Attached(policies, weight, weight.ceiling)

    def _identity(self, text: bytes) -> Iterator[Policy]:
        try:
            documents = _decode_list(text)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise _refused("`identity` is a list of policies") from error
        for index, document in enumerate(documents):
            yield self._policy(f"identity[{index}]", Kind.IDENTITY, bytes(document))

    def _one(self, name: str, kind: Kind, text: bytes | None) -> Policy | None:
        return None if text is None else self._policy(name, kind, text)

    def _policy(self, name: str, kind: Kind, text: bytes) -> Policy:
        found = self._read.get((kind, text))
        if found is None:
            found = _read(name, kind, text)
            self._remember(len(text))
            self._read[kind, text] = found
        if isinstance(found, PolicyInvalidError):
            place = None if found.place is None else replace(found.place, file=name, line=None)
            raise PolicyInvalidError(found.message, hint=found.hint, place=place)
        return found if found.name == name else replace(found, name=name)


def _read(name: str, kind: Kind, text: bytes) -> Policy | PolicyInvalidError:
    try:
        if b"\\u" in text:
            msgspec.json.decode(text)  # refuses half a surrogate pair, which no answer could name
        source = text.decode()
        if kind is Kind.RESOURCE and _trusts(text):
            kind = Kind.TRUST
        return read(source, name=name, kind=kind)
    except PolicyInvalidError as error:
        return error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return _refused(f"`{name}` can't be read: {shown(str(error))}")


class _Statement(msgspec.Struct):
    Resource: Raw | UnsetType = UNSET
    NotResource: Raw | UnsetType = UNSET


class _Document(msgspec.Struct):
    Statement: list[_Statement] | _Statement


_decode_document = msgspec.json.Decoder(_Document).decode


def _trusts(text: bytes) -> bool:
    """Whether a resource policy is a role's: no statement of it speaks of a resource."""
    try:
        found = _decode_document(text).Statement
    except msgspec.ValidationError:
        return False  # whatever is wrong, the strict reader says it better
    statements = found if isinstance(found, list) else [found]
    return all(s.Resource is UNSET and s.NotResource is UNSET for s in statements)


def _refused(message: str) -> PolicyInvalidError:
    return PolicyInvalidError(message)
