"""What a minter's request holds besides the tags: what is fixed, and what the minter may choose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from math import prod

from tenantctl.iam.evaluate import Policies
from tenantctl.iam.policy import Policy
from tenantctl.iam.request import Principal, PrincipalKind
from tenantctl.proof.asking.keys import (
    FRESH,
    PRINCIPAL_TAG,
    REQUEST_TAG,
    TAG_KEYS,
    Source,
    choices,
    source,
)
from tenantctl.proof.asking.reach import catalogue
from tenantctl.proof.documents import conditions, statements
from tenantctl.proof.entry.minters import entries, is_generic
from tenantctl.proof.entry.tagging import TRANSITIVE

_MOST_CHOICES = 64
_TAG = "sts:TagSession"

Values = tuple[tuple[str, ...] | None, ...]
"""What a key may be, `None` for absent."""

# "Anonymous requests do not include this key", and those with a token aren't signed.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
_OF_SIGNED = frozenset({"aws:principalarn", "aws:principalaccount"})
_OF_THE_NAME = frozenset({"aws:principalarn", "aws:principaltype"})
_ORGANIZATION = frozenset({"aws:principalorgid", "aws:principalorgpaths"})


@dataclass(frozen=True, slots=True)
class Circumstances:
    """One choice of keys; the `unknown` ones may be anything: as in one of the `tries`, say."""

    known: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unknown: frozenset[str] = frozenset()
    tries: tuple[Mapping[str, tuple[str, ...]], ...] = ({},)

    def concrete(self) -> Iterator[dict[str, tuple[str, ...]]]:
        """The keys with the unknown ones filled in."""
        for values in self.tries:
            yield {**self.known, **values}


def circumstances(
    trust: Policy,
    minter: Principal,
    base: Mapping[str, tuple[str, ...]],
    slots: Mapping[str, str],
    *,
    stranger: bool = False,
) -> tuple[Circumstances, ...]:
    """Every choice that the policy tells apart; a `stranger` is in no organization of it."""
    entry = entries(minter)[0]
    policies = Policies(resource=trust)
    asked = tuple(conditions((*statements(policies, entry), *statements(policies, _TAG))))
    chosen: dict[str, Values] = {}
    unknown: dict[str, Values] = {}
    for key in dict.fromkeys(c.key for c in asked):
        if (
            key in base
            or key in slots
            or key.startswith(REQUEST_TAG)
            or key in {TAG_KEYS, TRANSITIVE}
        ):
            continue
        if key in _OF_SIGNED and minter.kind is PrincipalKind.FEDERATED:
            continue
        values, complete = choices(key, (c for c in asked if c.key == key), base)
        if stranger and key in _ORGANIZATION:
            chosen[key] = (None, (FRESH,))
        elif key.startswith(PRINCIPAL_TAG) or source(key, catalogue()[entry]) is Source.STATE:
            unknown[key] = values
        elif complete or key.startswith("sts:"):
            chosen[key] = values
        else:
            unknown[key] = values
    if prod(len(values) for values in chosen.values()) > _MOST_CHOICES:
        unknown |= chosen
        chosen = {}
    if is_generic(minter) and not stranger:
        # Whoever it stands for has a name of its own; what is tried is the one that it has here.
        own = {c.key for c in asked} & _OF_THE_NAME & set(base)
        unknown |= {key: (base[key],) for key in own}
    tries = _tries(unknown, trust)
    return tuple(
        Circumstances(_chosen(chosen, values), frozenset(unknown), tries)
        for values in product(*chosen.values())
    )


def _tries(
    unknown: Mapping[str, Values], trust: Policy
) -> tuple[Mapping[str, tuple[str, ...]], ...]:
    """Every choice of the unknown keys; where they are too many, what each statement asks for."""
    if prod(len(values) for values in unknown.values()) <= _MOST_CHOICES:
        return tuple(_chosen(unknown, values) for values in product(*unknown.values()))
    found: dict[object, Mapping[str, tuple[str, ...]]] = {}
    for statement in trust.statements:
        of_it = {
            key: tuple(v for v in choices(key, asked, {})[0] if v not in {None, (FRESH,)})[:1]
            for key in unknown
            if (asked := [c for c in statement.conditions if c.key == key])
        }
        values = {key: some[0] for key, some in of_it.items() if some and some[0] is not None}
        found.setdefault(tuple(sorted(values.items())), values)
    return tuple(found.values())[:_MOST_CHOICES]


def _chosen(
    keys: Mapping[str, Values], values: tuple[tuple[str, ...] | None, ...]
) -> dict[str, tuple[str, ...]]:
    return {key: value for key, value in zip(keys, values, strict=True) if value is not None}


def fixed(minter: Principal) -> dict[str, tuple[str, ...]]:
    """The keys of every signed request of a minter, or of one that comes with a token."""
    known: dict[str, tuple[str, ...]] = {
        "aws:securetransport": ("true",),
        "aws:principalisawsservice": ("false",),
    }
    match minter.kind:
        case PrincipalKind.SERVICE:
            return known | {"aws:principalisawsservice": ("true",)}
        case PrincipalKind.FEDERATED:
            return known
    kind = "User" if minter.kind is PrincipalKind.USER else "AssumedRole"
    return known | {
        "aws:principalaccount": (minter.account,),
        "aws:principalarn": (minter.role_arn or minter.arn,),
        "aws:principaltype": (kind,),
    }
