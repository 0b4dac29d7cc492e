"""Which sessions the trust policy lets in: with which tags, and what their values must be.

A session of a tenant needs both the action that enters the role and `sts:TagSession`. One without
the tenant's tag is no tenant's. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

from tenantctl.domain.names import Names
from tenantctl.iam.document import read
from tenantctl.iam.evaluate import Policies, evaluate
from tenantctl.iam.policy import Kind, Policy
from tenantctl.iam.request import Principal, Request
from tenantctl.proof.asking.keys import PRINCIPAL_TAG, REQUEST_TAG
from tenantctl.proof.entry.minters import entries, minters, speaking_to
from tenantctl.proof.entry.mintings import Circumstances, circumstances, fixed
from tenantctl.proof.entry.tagging import Tagging, TooManySessionsError, extra_tags, taggings
from tenantctl.proof.ways.constraint import Cube, in_order
from tenantctl.proof.ways.paths import TooManyWaysError, Ways, joined
from tenantctl.proof.ways.situation import Situation

TAG = "sts:TagSession"

_MOST_MINTERS = 64
_MOST_STEPS = 30_000
_MOST_JOINED = 5_000
_MOST_SESSIONS = 96
_MOST_REFUSED = 40
"""How much of a trust policy is looked at: principals, statements for each choice of tags, ways to
both actions, kinds of session, and values of tags that were refused."""


@dataclass(frozen=True, slots=True)
class Session:
    """Sessions of one kind.

    `tags` maps each tag that they carry to its variable; the tier's has the value `tier` instead.
    `lasting` are those tags, in lower case, that sessions chained from it keep and can't pass.
    `cube` is what the trust policy asks of the values; `minter` is one who may have made them by
    `entry`, passing `tagging`, in these `circumstances`.
    """

    tagging: Tagging
    cube: Cube
    minter: Principal
    entry: str
    circumstances: Circumstances = field(default_factory=Circumstances)
    _confirmed: dict[object, bool] = field(default_factory=dict, repr=False, compare=False)

    @property
    def tier(self) -> str | None:
        """The value of the tier's tag, if there is one."""
        return self.tagging.tier

    @property
    def tags(self) -> Mapping[str, str]:
        """The other tags, and their variables."""
        return self.tagging.tags

    @property
    def lasting(self) -> frozenset[str]:
        """The tags, in lower case, that chained sessions keep."""
        return self.tagging.lasting

    @property
    def principal_tags(self) -> dict[str, str]:
        """Condition keys of the tags that a variable fills."""
        return {PRINCIPAL_TAG + tag.lower(): variable for tag, variable in self.tags.items()}

    def covers(self, other: Session) -> bool:
        """Whether all that sessions like the other may do, sessions like this may do too."""
        return (
            self.cube <= other.cube
            and self.lasting <= other.lasting
            # What can't be confirmed must not hide what can.
            and (
                not self.circumstances.unknown
                or (self.minter.kind, self.circumstances)
                == (other.minter.kind, other.circumstances)
            )
        )


@cache
def _anything() -> Policy:
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [everything]}
    return read(document, name="the minter's own", kind=Kind.IDENTITY)


def sessions(names: Names, trust: Policy, policies: tuple[Policy, ...]) -> tuple[Session, ...]:
    """Every kind of tenant session that somebody may make; `policies` are all that count for it.

    Raises `TooManySessionsError`.
    """
    extra = extra_tags(names, policies)
    # A tag of which no policy speaks once the session is made makes no kind of its own.
    told = extra_tags(names, policies, stems=(PRINCIPAL_TAG,))
    own = names.pool.identity.tags.values()
    found: dict[object, list[Session]] = {}
    steps, number = 0, 0
    for minter, heard in _told_apart(names, trust):
        for tagging in taggings(names, heard.statements, extra):
            base = {**fixed(minter), **tagging.known(names)}
            around = circumstances(heard, minter, base, slots(tagging))
            steps += len(around) * len(heard.statements)
            if steps > _MOST_STEPS:
                raise TooManySessionsError("the trust policy says too much to be looked at")
            alike = found.setdefault(
                (tagging.tier, *(t for t in tagging.tags if t in told or t in own)), []
            )
            before = len(alike)
            for session in made(names, heard, minter, tagging, around):
                if not any(other.covers(session) for other in alike):
                    alike[:] = [other for other in alike if not session.covers(other)] + [session]
            number += len(alike) - before
            if number > _MOST_SESSIONS:
                raise TooManySessionsError("the trust policy lets in too many kinds of session")
    return tuple(session for alike in found.values() for session in alike)


def _told_apart(names: Names, trust: Policy) -> Iterator[tuple[Principal, Policy]]:
    """The minters, each with what the policy says of it; one of those of whom it says the same.

    Raises `TooManySessionsError`.
    """
    seen: set[object] = set()
    for minter in minters(names, trust):
        statements = speaking_to(trust, minter)
        personal = any(
            c.key.startswith("aws:principal") or c.key in {"aws:userid", "aws:username"}
            for s in statements
            for c in s.conditions
        )
        who = minter if personal else (minter.kind, entries(minter))
        if personal and len(seen) > _MOST_MINTERS:
            raise TooManySessionsError("the trust policy tells too many principals apart")
        same = (tuple(id(s) for s in statements), who)
        if same not in seen and any(s.allow for s in statements):
            seen.add(same)
            yield minter, Policy(trust.name, trust.kind, statements)


def confirmed(names: Names, trust: Policy, session: Session, values: Mapping[str, str]) -> bool:
    """Whether the evaluator lets the minter make this session.

    After many values that it doesn't, no others are tried.
    """
    known = session._confirmed  # noqa: SLF001 - its own memory of this
    key = tuple(values[variable] for variable in session.tags.values())
    if key not in known:
        hopeless = len(known) >= _MOST_REFUSED and not any(known.values())
        known[key] = not hopeless and _is_made(names, trust, session, values)
    return known[key]


def _is_made(names: Names, trust: Policy, session: Session, values: Mapping[str, str]) -> bool:
    tagging = session.tagging
    slots = {REQUEST_TAG + tag.lower(): (values[v],) for tag, v in session.tags.items()}
    base = {**fixed(session.minter), **tagging.known(names), **slots}
    policies = Policies(identity=(_anything(),), resource=trust)
    role = names.vending_role_arn
    return any(
        all(
            evaluate(Request(session.minter, action, role, {**base, **around}), policies).allowed
            for action in _actions(session.entry, tagging)
        )
        for around in session.circumstances.concrete()
    )


def made(
    names: Names,
    heard: Policy,
    minter: Principal,
    tagging: Tagging,
    around: tuple[Circumstances, ...],
) -> Iterator[Session]:
    """What the values must be, in each of the circumstances in which the session may be made."""
    policies = Policies(identity=(_anything(),), resource=heard)
    for circumstance in around:
        known = {**fixed(minter), **tagging.known(names), **circumstance.known}
        situation = Situation(
            minter,
            {key: value for key, value in known.items() if key not in circumstance.unknown},
            slots(tagging),
            open=frozenset(circumstance.unknown),
            resource=names.vending_role_arn,
        )
        for entry in entries(minter):
            try:
                for cube in in_order(_cubes(policies, situation, _actions(entry, tagging))):
                    yield Session(tagging, cube, minter, entry, circumstance)
            except TooManyWaysError as error:
                raise TooManySessionsError(
                    "the trust policy's statements combine in too many ways"
                ) from error


def _cubes(policies: Policies, situation: Situation, actions: tuple[str, ...]) -> frozenset[Cube]:
    """The ways in which all of the actions are allowed."""
    found: frozenset[Cube] = frozenset({frozenset()})
    for action in actions:
        cubes = Ways(policies, situation, action).cubes()
        if len(found) * len(cubes) > _MOST_JOINED:
            raise TooManyWaysError
        found = joined(found, cubes)
    return found


def _actions(entry: str, tagging: Tagging) -> tuple[str, ...]:
    return (entry, TAG) if tagging.keys else (entry,)


def slots(tagging: Tagging) -> dict[str, str]:
    """Condition keys of the passed tags that a variable fills."""
    return {REQUEST_TAG + tag.lower(): variable for tag, variable in tagging.tags.items()}
