"""What an operator compares with: one compiled comparison for all values of a condition key.

It answers for one value of the request: does it match any value of the policy? `None` is
doubt: the request's value can't be read as what the operator compares.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol, TypeVar

from tenantctl.iam.arn import FIELDS, ArnPattern, is_arn
from tenantctl.iam.conditions import values as read
from tenantctl.iam.malformed import MalformedError, shown
from tenantctl.iam.pattern import Pattern, compiled
from tenantctl.iam.request import Context

T = TypeVar("T")


class Comparison(Protocol):
    """One operator with the policy's values, compiled."""

    def matches(self, value: str, context: Context) -> bool | None:
        """Whether `value` matches any of the policy's values; `None` where it can't be read."""

    def resolvable(self, context: Context) -> bool:
        """Whether every variable in the policy's values has a value."""


@dataclass(frozen=True, slots=True)
class _Templates:
    """Values that may hold variables."""

    patterns: tuple[Pattern, ...]

    def resolvable(self, context: Context) -> bool:
        """Whether every variable has a value."""
        return all(p.resolvable(context) for p in self.patterns)


class _Constants:
    """Values that can't hold variables."""

    __slots__ = ()

    def resolvable(self, _context: Context) -> bool:
        """Always, as there is no variable."""
        return True


@dataclass(frozen=True, slots=True)
class Exact(_Templates):
    """StringEquals: case counts, and `*` is an asterisk. `texts` hold no variables."""

    texts: frozenset[str]

    def matches(self, value: str, context: Context) -> bool:
        """Whether `value` is one of them."""
        if value in self.texts:
            return True
        for pattern in self.patterns:  # noqa: SIM110 - `any` of a generator is slower, and this is hot
            if pattern.matches(value, context):
                return True
        return False


@dataclass(frozen=True, slots=True)
class Folded(_Templates):
    """StringEqualsIgnoreCase. `texts` are in lower case and hold no variables."""

    texts: frozenset[str]

    def matches(self, value: str, context: Context) -> bool:
        """Whether `value` is one of them, but for case."""
        lower = value.lower()
        if lower in self.texts:
            return True
        rendered = (p.render(context) for p in self.patterns)
        return any(text is not None and text.lower() == lower for text in rendered)


@dataclass(frozen=True, slots=True)
class Like(_Templates):
    """StringLike: `*` and `?` are wildcards."""

    def matches(self, value: str, context: Context) -> bool:
        """Whether `value` has one of the forms."""
        for pattern in self.patterns:  # noqa: SIM110 - as in `Exact`
            if pattern.matches(value, context):
                return True
        return False


@dataclass(frozen=True, slots=True)
class Truth(_Templates):
    """Bool: the request's value as truth, against texts that may hold variables."""

    def matches(self, value: str, context: Context) -> bool | None:
        """Whether `value` says the same as one of them."""
        found = read.truth(value)
        if found is None:
            return None
        rendered = [p.render(context) for p in self.patterns]
        return any(text is not None and read.truth(text) is found for text in rendered)


@dataclass(frozen=True, slots=True)
class Arn:
    """ArnLike and ArnEquals, which are the same."""

    patterns: tuple[ArnPattern, ...]

    def matches(self, value: str, context: Context) -> bool | None:
        """Whether `value` is an ARN of one of the forms, field by field."""
        if not is_arn(value):
            return None
        fields = value.split(":", FIELDS - 1)
        return any(p.matches(fields, context) for p in self.patterns)

    def resolvable(self, context: Context) -> bool:
        """Whether every variable has a value."""
        return all(p.resolvable(context) for p in self.patterns)


@dataclass(frozen=True, slots=True)
class Ordered(_Constants):
    """Numeric* and Date*: `parse` reads the request's value, `holds(value, bound)` compares."""

    parse: Callable[[str], Decimal | None]
    holds: Callable[[Decimal, Decimal], bool]
    bounds: tuple[Decimal, ...]

    def matches(self, value: str, _context: Context) -> bool | None:
        """Whether `value` stands so to one of the bounds."""
        found = self.parse(value)
        if found is None:
            return None
        return any(self.holds(found, bound) for bound in self.bounds)


@dataclass(frozen=True, slots=True)
class Binary(_Constants):
    """BinaryEquals: bytes, written in base64 on both sides."""

    octets: frozenset[bytes]

    def matches(self, value: str, _context: Context) -> bool | None:
        """Whether `value` stands for the same bytes as one of them."""
        found = read.octets(value)
        return None if found is None else found in self.octets


@dataclass(frozen=True, slots=True)
class Ip(_Constants):
    """IpAddress: ranges of addresses."""

    networks: tuple[read.Network, ...]

    def matches(self, value: str, _context: Context) -> bool | None:
        """Whether `value` lies in one of the ranges."""
        found = read.address(value)
        return None if found is None else any(_within(found, n) for n in self.networks)


def _within(address: read.Address, network: read.Network) -> bool:
    return address.version == network.version and address in network


Build = Callable[[tuple[str, ...], bool], Comparison]
"""From the policy's values, and whether variables are variables, to a comparison."""


def exact(values: tuple[str, ...], variables: bool) -> Comparison:
    """Raises `MalformedError`, as every builder here."""
    texts, templates = _split(values, variables=variables)
    return Exact(templates, frozenset(texts))


def folded(values: tuple[str, ...], variables: bool) -> Comparison:
    """StringEqualsIgnoreCase."""
    texts, templates = _split(values, variables=variables)
    return Folded(templates, frozenset(text.lower() for text in texts))


def like(values: tuple[str, ...], variables: bool) -> Comparison:
    """StringLike."""
    return Like(tuple(compiled(v, variables=variables) for v in values))


def arn(values: tuple[str, ...], variables: bool) -> Comparison:
    """ArnLike."""
    return Arn(tuple(ArnPattern.read(v, variables=variables) for v in values))


def ordered(
    parse: Callable[[str], Decimal | None],
    holds: Callable[[Decimal, Decimal], bool],
    what: str,
) -> Build:
    """A builder for one of the Numeric or Date operators; they take no variables."""

    def build(values: tuple[str, ...], _variables: bool) -> Comparison:
        return Ordered(parse, holds, tuple(_given(parse(v), v, what) for v in values))

    return build


def truth(values: tuple[str, ...], variables: bool) -> Comparison:
    """Bool."""
    patterns = tuple(compiled(v, variables=variables, wildcards=False) for v in values)
    for value, pattern in zip(values, patterns, strict=True):
        if not pattern.variables:
            _given(read.truth(value), value, "`true` or `false`")
    return Truth(patterns)


def binary(values: tuple[str, ...], _variables: bool) -> Comparison:
    """BinaryEquals."""
    return Binary(frozenset(_given(read.octets(v), v, "base64") for v in values))


def ip(values: tuple[str, ...], _variables: bool) -> Comparison:
    """IpAddress."""
    networks: list[read.Network] = []
    for value in values:
        network = read.network(value)
        if network is None:
            raise MalformedError(f"{shown(value)} is not an address or a CIDR range")
        networks.append(network)
    return Ip(tuple(networks))


def _given(found: T | None, value: str, what: str) -> T:
    if found is None:
        raise MalformedError(f"{shown(value)} is not {what}")
    return found


def _split(values: tuple[str, ...], *, variables: bool) -> tuple[list[str], tuple[Pattern, ...]]:
    patterns = [compiled(v, variables=variables, wildcards=False) for v in values]
    texts = [p.exact for p in patterns if p.exact is not None]
    return texts, tuple(p for p in patterns if p.exact is None)
