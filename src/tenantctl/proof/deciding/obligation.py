"""Whether one ask is granted to a session of another tenant: proved not, shown, or unknown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice, product

from tenantctl.domain.finding import Decider
from tenantctl.domain.names import Names
from tenantctl.iam.conditions.condition import Condition
from tenantctl.iam.evaluate import Policies, evaluate
from tenantctl.iam.request import Request
from tenantctl.proof.asking.asks import Ask
from tenantctl.proof.asking.candidates import Candidate, Finder
from tenantctl.proof.asking.keys import FRESH, OF_THE_OWNER, Source, source
from tenantctl.proof.asking.points import KEYS, UNSEEN, usable
from tenantctl.proof.asking.question import Asker
from tenantctl.proof.asking.values import TENANT, USER
from tenantctl.proof.automata.letters import UnsupportedError
from tenantctl.proof.automata.parses import TooLargeError
from tenantctl.proof.deciding.checks import checks, ways
from tenantctl.proof.deciding.situations import Situations
from tenantctl.proof.documents import Documents
from tenantctl.proof.entry.trust import Session, confirmed
from tenantctl.proof.ways.constraint import Cube, in_order
from tenantctl.proof.ways.paths import TooManyWaysError, joined
from tenantctl.proof.ways.situation import Situation

_MOST_CANDIDATES = 120
_MOST_THROUGH_POINTS = 24
_MOST_TRIES = 64


@dataclass(frozen=True, slots=True)
class Witness:
    """A request that the evaluator allows, by a session of one tenant, on what is another's."""

    candidate: Candidate
    session: Session
    request: Request
    decided_by: tuple[Decider, ...]


@dataclass(frozen=True, slots=True)
class Unknown:
    """What kept an ask from being decided."""

    reason: str


@dataclass(frozen=True, slots=True)
class Prover:
    """Decides asks about one set of documents.

    Witnesses are looked for among tenants that aren't `taken` first.
    """

    names: Names
    documents: Documents
    sessions: tuple[Session, ...]
    asker: Asker
    finder: Finder
    situations: Situations
    taken: frozenset[str] = frozenset()
    _alone: Policies = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Made once: what policies say of an action is worked out once for each of these.
        object.__setattr__(self, "_alone", self.documents.for_resource(""))

    def decide(self, ask: Ask, policies: Policies) -> Witness | Unknown | None:
        """`None` is a proof that no session of any tenant reaches another's data by this ask."""
        unknown: Unknown | None = None
        if ask.point and KEYS.isdisjoint(self.situations.keys(ask, policies)):
            return None  # the bucket's side sees no difference, and refuses what isn't its own
        for session in self.sessions:
            if ask.model is not None and session.tier in ask.model.own:
                continue
            for situation in self.situations.of(ask, policies, session):
                try:
                    for cube in self._suspects(ask, policies, session, situation):
                        doubt = self.situations.doubt(ask, policies, session)
                        if doubt is not None:
                            unknown = Unknown(doubt)
                            break
                        witness = self._witness(cube, ask, policies, session, situation)
                        if witness is not None:
                            return witness
                        unknown = self._why(situation, ask, policies)
                except (TooManyWaysError, TooLargeError) as error:
                    unknown = Unknown(_TOO_MUCH[type(error)])
                except UnsupportedError as error:
                    unknown = Unknown(str(error))
        return unknown

    def _suspects(
        self, ask: Ask, policies: Policies, session: Session, situation: Situation
    ) -> Iterator[Cube]:
        """The ways for which nothing is proved, the simplest first."""
        found = ways(ask, policies, situation, crosses=self._crosses(ask))
        bases: frozenset[Cube] = frozenset({session.cube})
        for way in found:
            bases = joined(bases, way.bases())
        denials: list[tuple[tuple[Cube, ...], ...]] | None = None
        for base in in_order(bases):
            # What the Allows alone keep apart needs no Deny: most statements are settled here.
            if self.asker.separated(base, ask.target):
                continue
            denials = [way.denials() for way in found] if denials is None else denials
            left = frozenset({base})
            for way, denied in zip(found, denials, strict=True):
                left = way.spared(left, denied)
            for cube in in_order(left):
                if not self.asker.separated(cube, ask.target):
                    yield cube

    def _crosses(self, ask: Ask) -> bool:
        fields = (ask.resource or ask.shown).split(":", 5)
        owner = fields[4] if len(fields) > 4 else ""  # noqa: PLR2004 - an ARN's account
        return bool(owner) and owner != self.names.account

    def _witness(
        self, cube: Cube, ask: Ask, policies: Policies, session: Session, situation: Situation
    ) -> Witness | None:
        if (ask.model is not None and ask.model.doubt) or (
            ask.point and not usable(self.names, policies, ask.action.name)
        ):
            return None  # none can be shown
        for candidate in self._candidates(cube, ask):
            if not self._real(candidate) or not confirmed(
                self.names, self.documents.trust, session, candidate.values
            ):
                continue
            for request in islice(self._requests(candidate, ask, policies, situation), _MOST_TRIES):
                made = checks(self.names, ask, request, policies, self._alone)
                if made and all(evaluate(*check).allowed for check in made):
                    decided_by = evaluate(*made[0]).decided_by
                    return Witness(candidate, session, made[0][0], decided_by)
        return None

    def _candidates(self, cube: Cube, ask: Ask) -> Iterator[Candidate]:
        """Those of tenants that aren't taken, then the others; each is made only if asked for."""
        aside: list[Candidate] = []
        # What an access point permits has no say in which candidates are found, so few are enough.
        most = _MOST_THROUGH_POINTS if ask.point else _MOST_CANDIDATES
        for candidate in islice(self.finder.candidates(cube, ask.target), most):
            tenants = (candidate.values[TENANT], candidate.owner[TENANT])
            if self.taken.isdisjoint(tenants):
                yield candidate
            else:
                aside.append(candidate)
        yield from aside

    def _real(self, candidate: Candidate) -> bool:
        """Whether both are tenants whose ids have the declared formats, as onboarding has it."""
        identity = self.names.pool.identity
        claims = {TENANT: identity.tenant, USER: identity.user}
        return candidate.values[TENANT] != candidate.owner[TENANT] and all(
            claim.takes(values[name])
            for name, claim in claims.items()
            for values in (candidate.values, candidate.owner)
            if name in values
        )

    def _requests(
        self, candidate: Candidate, ask: Ask, policies: Policies, situation: Situation
    ) -> Iterator[Request]:
        """The candidate as requests, with the open keys one way and another."""
        tags = {key: (candidate.values[v],) for key, v in situation.slots.items()}
        context = {**situation.known, **tags}
        resource = ask.resource or candidate.resource or candidate.word
        if resource is None:
            return
        word = candidate.word
        open_ = {
            key: self._open_choices(key, ask, policies, context) for key in sorted(situation.open)
        }
        words: list[tuple[str, ...]] = [()]
        if situation.word and word is not None:
            words = [(word,)]
            if ask.companions:
                words = [(other, word) for other in self._companions(ask, policies, context)]
        for values in words:
            for chosen in product(*open_.values()):
                pairs = zip(open_, chosen, strict=True)
                made = {**context, **{key: value for key, value in pairs if value is not None}}
                if situation.word:
                    made[situation.word] = values
                yield Request(situation.caller, ask.action.name, resource, made)

    def _open_choices(
        self, key: str, ask: Ask, policies: Policies, context: Mapping[str, tuple[str, ...]]
    ) -> tuple[tuple[str, ...] | None, ...]:
        """What an open key may be in a witness.

        The account's organization and a shared resource's tags are taken to be what the policies
        name, or those would grant nothing to anybody; never to be one tenant's.
        """
        if key.startswith(OF_THE_OWNER):
            return (None,)
        known = {} if source(key, ask.action) is Source.STATE else context
        return self.situations.choices(key, ask, policies, known)[0]

    def _companions(
        self, ask: Ask, policies: Policies, context: Mapping[str, tuple[str, ...]]
    ) -> list[str]:
        """Values for the rest of a batch: what the policies would have."""
        values, _ = self.situations.choices(ask.word.lower(), ask, policies, context)
        found = [value[0] for value in values if value]
        return list(dict.fromkeys((*found, FRESH)))

    def _why(self, situation: Situation, ask: Ask, policies: Policies) -> Unknown:
        if ask.point:
            return Unknown(UNSEEN)
        if ask.model is not None and ask.model.doubt:
            return Unknown(ask.model.doubt)
        if situation.open:
            keys = ", ".join(f"`{key}`" for key in sorted(situation.open))
            return Unknown(f"it depends on {keys}, of which nothing is known here")
        kinds = sorted(
            {
                c.operator
                for s in self.situations.statements(ask, policies)
                for c in s.conditions
                if isinstance(c, Condition) and not c.operator.startswith("String")
            }
        )
        also = f" (conditions by {', '.join(kinds)})" if kinds else ""
        return Unknown(f"neither a proof nor a witness was found{also}")


_TOO_MUCH = {
    TooManyWaysError: "the statements combine in too many ways",
    TooLargeError: "the patterns combine in too many ways",
}
