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
from tenantctl.iam.role_path import Named, named_roles
from tenantctl.iam.weight import Weight, strings

_REMEMBERED = 16_000_000
"""Bytes of texts that are remembered; beyond them all are forgotten and read once more.

What is read of them takes some ten times the memory, and a moment to forget.
"""

_MOST_ALIKE = 8
"""Sets of policies, as long in their first member, that are compared one by one."""

_decode_list = msgspec.json.Decoder(list[Raw]).decode

Given = tuple[Raw, Raw, Raw, Raw]
"""The text of a case's `identity`, `boundary`, `session` and `resource_policy`; empty is absent."""

Texts = tuple[bytes, ...]
"""The same, as bytes."""


@dataclass(frozen=True, slots=True)
class Attached:
    """Policies that were read, or why they couldn't be (`error`).

    `size` and `strings` are the bytes of their texts, and the strings with the members' names.
    `ceiling` is how large the rest of a case may be without a second look. `roles` are those that
    the resource policy names.
    """

    policies: Policies
    weight: Weight
    size: int
    strings: int
    ceiling: int
    roles: Named
    error: str | None = None


@dataclass(slots=True)
class Documents:
    """What was read so far, by its bytes."""

    _read: dict[tuple[Kind, bytes], Policy | PolicyInvalidError] = field(default_factory=dict)
    _attached: dict[Texts, Attached] = field(default_factory=dict)
    _alike: dict[int, tuple[tuple[Given, Attached], ...]] = field(default_factory=dict)
    _size: int = 0

    def attached(self, given: Given) -> Attached:
        """The policies of one case.

        To compare with the few whose `identity` is as long is quicker than to look one up, which
        would copy and hash all of it.
        """
        alike = self._alike.get(len(given[0]), ())
        for known, found in alike:
            if known == given:
                return found
        texts = tuple(map(bytes, given))
        attached = self._attached.get(texts)
        if attached is None:
            attached = self._new(texts)
            self._remember(sum(map(len, texts)))
            self._attached[texts] = attached
        if len(alike) < _MOST_ALIKE:
            # A `Raw` keeps the line alive that it was read from; these have their own.
            own = (Raw(texts[0]), Raw(texts[1]), Raw(texts[2]), Raw(texts[3]))
            self._alike[len(texts[0])] = (*alike, (own, attached))
        return attached

    def _remember(self, size: int) -> None:
        self._size += size
        if self._size > _REMEMBERED:
            self._attached.clear()
            self._alike.clear()
            self._read.clear()
            self._size = size

    def _new(self, texts: Texts) -> Attached:
        there = [text for text in texts if text]
        weight = Weight.of(there)
        policies, ceiling, error = Policies(), 0, None
        try:
            if not weight.readable:
                raise _refused("these policies are larger than any of AWS")
            identity, boundary, session, resource = texts
            policies = Policies(
                identity=tuple(self._identity(identity)),
                boundary=self._one("boundary", Kind.BOUNDARY, boundary),
                session=self._one("session", Kind.SESSION, session),
                resource=self._one("resource_policy", Kind.RESOURCE, resource),
            )
            ceiling = weight.ceiling
        except PolicyInvalidError as found:
            error = str(found) if found.hint is None else f"{found}; {found.hint}"
        inside = sum(1 + strings(text) for text in there)
        roles = named_roles(policies.resource)
        return Attached(policies, weight, sum(map(len, texts)), inside, ceiling, roles, error)

    def _identity(self, text: bytes) -> Iterator[Policy]:
        try:
            documents = _decode_list(text)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise _refused("`identity` is a list of policies") from error
        for index, document in enumerate(documents):
            yield self._policy(f"identity[{index}]", Kind.IDENTITY, bytes(document))

    def _one(self, name: str, kind: Kind, text: bytes) -> Policy | None:
        return self._policy(name, kind, text) if text else None

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
