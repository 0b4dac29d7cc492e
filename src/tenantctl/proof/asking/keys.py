"""Condition keys: which a request carries, and who says what is in them.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from enum import Enum, auto
from itertools import pairwise

from tenantctl.iam.conditions.comparison import Arn, Exact, Folded, Ip, Like, Ordered, Truth
from tenantctl.iam.conditions.condition import Condition, Null
from tenantctl.iam.pattern import Pattern
from tenantctl.proof.asking.reach import Action
from tenantctl.proof.ways.situation import variables_of

PRINCIPAL_TAG = "aws:principaltag/"
REQUEST_TAG = "aws:requesttag/"
TAG_KEYS = "aws:tagkeys"
FRESH = "tenantctl-proof"
"""A value that no policy names."""


class Source(Enum):
    """Who decides on a key's value."""

    CALLER = auto()  # anything, or absent
    TIME = auto()  # any moment after 2020
    STATE = auto()  # the resource or the organization: unknown here
    ABSENT = auto()


_CALLER = frozenset(
    """aws:referer aws:useragent aws:sourceip aws:vpcsourceip aws:sourcevpc aws:sourcevpce
    aws:sourcevpcarn aws:vpceaccount aws:vpceorgid aws:vpceorgpaths aws:userid
    aws:sourceidentity aws:multifactorauthpresent sts:rolesessionname sts:sourceidentity
    sts:externalid sts:transitivetagkeys""".split()  # noqa: SIM905 - a list of words reads better than one of quotes
)
_TIME = frozenset({"aws:currenttime", "aws:epochtime", "aws:tokenissuetime"})
_STATE = frozenset(
    """aws:principalorgid aws:principalorgpaths aws:resourceorgid aws:resourceorgpaths
    aws:calledvia aws:calledviafirst aws:calledvialast""".split()  # noqa: SIM905 - the same
)
_STATE_STEMS = ("aws:resourcetag/", "s3:existingobjecttag/", "s3:buckettag/", "iam:resourcetag/")

_YEAR_2020 = Decimal(1_577_836_800)
_TODAY = Decimal(1_800_000_000)


OF_THE_OWNER = "s3:existingobjecttag/"
"""Tags of the object itself: each owner's may differ, so a witness can't just assume them."""


def source(key: str, action: Action) -> Source:
    """Who decides on a key of lower case that is neither fixed nor a session's tag."""
    if key in _TIME:
        return Source.TIME
    if key in _STATE or key.startswith(_STATE_STEMS):
        return Source.STATE
    if key in _CALLER or (action.carries(key) and not key.startswith("dynamodb:leadingkeys")):
        return Source.CALLER
    return Source.ABSENT


def choices(  # noqa: C901, PLR0912 - one case for each kind of comparison
    key: str, conditions: Iterable[Condition | Null], context: Mapping[str, tuple[str, ...]]
) -> tuple[tuple[tuple[str, ...] | None, ...], bool]:
    """Values of a key between which these conditions can tell, `None` for absent.

    The second says whether there are no others: then each can be looked at by itself.
    """
    found: dict[tuple[str, ...] | None, None] = {None: None}
    complete = True
    moments: set[Decimal] = set()
    for condition in conditions:
        if isinstance(condition, Null):
            continue
        comparison = condition.comparison
        complete = complete and not variables_of(comparison)
        match comparison:
            case Exact() | Folded():
                found |= dict.fromkeys((text,) for text in sorted(comparison.texts))
                found |= dict.fromkeys(_rendered(comparison.patterns, context))
            case Like():
                found |= dict.fromkeys(_rendered(comparison.patterns, context))
                complete = complete and all(p.exact is not None for p in comparison.patterns)
            case Truth():
                found |= {("true",): None, ("false",): None}
            case Ordered():
                moments |= set(comparison.bounds)
            case Ip():
                found |= dict.fromkeys((str(n.network_address),) for n in comparison.networks)
                complete = False
            case Arn():
                found |= dict.fromkeys(_joined(comparison, context))
                complete = False
            case _:
                complete = False
    if key in _TIME:
        del found[None]
        moments |= {_TODAY}
    if moments:
        found |= dict.fromkeys((text,) for text in _around(moments, time=key in _TIME))
    if key not in _TIME:
        found[FRESH,] = None
    if key == "aws:multifactorauthpresent":
        found = {None: None, ("false",): None}
    return tuple(found), complete


def _around(bounds: set[Decimal], *, time: bool) -> list[str]:
    """Numbers on, beside and between the bounds."""
    ordered = sorted(bounds)
    near = {b + d for b in ordered for d in (-1, 0, 1)}
    near |= {(a + b) / 2 for a, b in pairwise(ordered)}
    if time:
        near = {n for n in near if n >= _YEAR_2020} | {_YEAR_2020}
    return [f"{n:f}" for n in sorted(near)]


def _joined(comparison: Arn, context: Mapping[str, tuple[str, ...]]) -> list[tuple[str, ...]]:
    """An example of each ARN."""
    found: list[tuple[str, ...]] = []
    for pattern in comparison.patterns:
        fields = [field.example(context) for field in pattern.fields]
        if None not in fields:
            found.append((":".join(f for f in fields if f is not None),))
    return found


def _rendered(
    patterns: Iterable[Pattern], context: Mapping[str, tuple[str, ...]]
) -> list[tuple[str, ...]]:
    """An example of each pattern, its wildcards filled with something."""
    found: list[tuple[str, ...]] = []
    for pattern in patterns:
        texts = pattern.example(context)
        if texts is not None:
            found.append((texts,))
    return found
