"""The situations of an ask: what is fixed, what the caller may choose, what isn't known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice, product

from tenantctl.domain.names import Names
from tenantctl.iam.evaluate import Policies
from tenantctl.iam.policy import Statement
from tenantctl.iam.request import Principal
from tenantctl.proof.asking.asks import Ask
from tenantctl.proof.asking.keys import (
    PRINCIPAL_TAG,
    REQUEST_TAG,
    TAG_KEYS,
    Source,
    choices,
    source,
)
from tenantctl.proof.asking.points import KEYS
from tenantctl.proof.callers import callers, named_sessions
from tenantctl.proof.deciding.checks import REGION_KEY
from tenantctl.proof.documents import statements, variable_keys
from tenantctl.proof.entry.trust import Session
from tenantctl.proof.ways.situation import Situation

_MOST_CHOICES = 48


@dataclass(frozen=True, slots=True)
class Situations:
    """Works out the situations in which sessions of the vending role ask.

    With `names_bound` the trust policy has a say in the names of sessions.
    """

    names: Names
    names_bound: bool = False
    _relevant: dict[tuple[str, int], tuple[Statement, ...]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def of(self, ask: Ask, policies: Policies, session: Session) -> Iterator[Situation]:
        """The situations that together cover every request of this form by such a session.

        A session can't pass the tag that it inherits: then there are none.
        """
        if ask.also and ask.word.lower().removeprefix(REQUEST_TAG) in session.lasting:
            return
        for caller in callers(self.names, policies.resource):
            yield from self._by(caller, ask, policies, session)

    def _by(
        self, caller: Principal, ask: Ask, policies: Policies, session: Session
    ) -> Iterator[Situation]:
        known = {**self._fixed(ask, session), "aws:principalarn": (caller.role_arn or "",)}
        slots = session.principal_tags
        word = ask.word.lower()
        settled = {*known, *slots, word, *(key.lower() for key in ask.without)}
        chosen: dict[str, tuple[tuple[str, ...] | None, ...]] = {}
        unknown: set[str] = set()
        for key in self.keys(ask, policies):
            if key in settled or key.startswith(PRINCIPAL_TAG):
                continue
            match self._source(key, ask):
                case Source.STATE:
                    unknown.add(key)
                case Source.CALLER | Source.TIME:
                    values, complete = self.choices(key, ask, policies, known)
                    if complete:
                        chosen[key] = values
                    else:
                        unknown.add(key)
        combined = list(islice(product(*chosen.values()), _MOST_CHOICES + 1))
        if len(combined) > _MOST_CHOICES:
            unknown |= set(chosen)
            combined, chosen = [()], {}
        for values in combined:
            pairs = zip(chosen, values, strict=True)
            yield Situation(
                caller,
                {**known, **{key: value for key, value in pairs if value is not None}},
                slots,
                word=word,
                open=frozenset(unknown),
                resource=ask.resource,
                several=ask.resource is None and bool(ask.target.resources),
                companions=ask.companions,
            )

    def doubt(self, ask: Ask, policies: Policies, session: Session) -> str | None:
        """What isn't known of such a request by such a session; `None` if nothing."""
        if self.names_bound and named_sessions(self.names, policies.resource):
            return "the trust policy says how sessions are named, and a policy names some"
        inherited = session.lasting & {key.lower() for key in ask.known.get(TAG_KEYS, ())}
        if not ask.also or not inherited:
            return None
        # It can't pass them again, so the request passes if they count without that.
        which = ", ".join(f"`{tag}`" for tag in sorted(inherited))
        return f"whether tags that a chained session inherits ({which}) count as passed isn't known"

    def _source(self, key: str, ask: Ask) -> Source:
        """Who decides on a key in requests of this form."""
        if key in KEYS and ask.action.through_points:
            return Source.CALLER if ask.point else Source.ABSENT
        if ask.model is not None and key == REGION_KEY:
            return Source.STATE  # it goes with the resource's
        return source(key, ask.action)

    def _fixed(self, ask: Ask, session: Session) -> dict[str, tuple[str, ...]]:
        """The keys of a normal signed request of a session."""
        known: dict[str, tuple[str, ...]] = {
            "aws:securetransport": ("true",),
            "aws:principalaccount": (self.names.account,),
            "aws:principaltype": ("AssumedRole",),
            "aws:principalisawsservice": ("false",),
            "aws:viaawsservice": ("false",),
            "aws:requestedregion": (self.names.pool.region,),
            "aws:resourceaccount": (self.names.account,),
        }
        if ask.action.carries("s3:resourceaccount"):
            known["s3:resourceaccount"] = (self.names.account,)
        if session.tier is not None:
            tag = self.names.pool.identity.tier.tag.lower()
            known[PRINCIPAL_TAG + tag] = (session.tier,)
        if ask.model is not None:
            del known[REGION_KEY]
        return known | dict(ask.known)

    def statements(self, ask: Ask, policies: Policies) -> tuple[Statement, ...]:
        """Every statement that speaks of an ask's action."""
        key = (ask.action.name, id(policies))
        if key not in self._relevant:
            found = [*statements(policies, ask.action.name)]
            if ask.also:
                found += statements(policies, ask.also)
            self._relevant[key] = tuple(found)
        return self._relevant[key]

    def keys(self, ask: Ask, policies: Policies) -> dict[str, None]:
        """Every condition key that a statement on the action asks for."""
        found: dict[str, None] = {}
        for statement in self.statements(ask, policies):
            found |= dict.fromkeys(c.key for c in statement.conditions)
            found |= dict.fromkeys(variable_keys(statement))
        return found

    def choices(
        self, key: str, ask: Ask, policies: Policies, context: Mapping[str, tuple[str, ...]]
    ) -> tuple[tuple[tuple[str, ...] | None, ...], bool]:
        """What an open key may be, and whether that is all: see `keys.choices`."""
        relevant = self.statements(ask, policies)
        asked = [c for s in relevant for c in s.conditions if c.key == key]
        values, complete = choices(key, asked, context)
        if key.startswith(REQUEST_TAG) and ask.also:  # what isn't passed is left out by the ask
            values = tuple(value for value in values if value is not None)
        return values, complete and not any(key in variable_keys(s) for s in relevant)
