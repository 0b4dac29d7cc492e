"""What is tried on a memory: an actor's events, a namespace's records, and lists of either.

An actor id and a namespace are strings that the caller names; only conditions on
`bedrock-agentcore:actorId` and `bedrock-agentcore:namespace` hold them to the session's tags.
https://docs.aws.amazon.com/service-authorization/latest/reference/list_bedrock-agentcore.html
"""

from __future__ import annotations

from collections.abc import Callable

from tenantctl.aws.session import Aws
from tenantctl.probes.memory import calls
from tenantctl.probes.probe import Attack, Context, ControlBy, Got, MemorySpot, Probe

ACTOR = "bedrock-agentcore:actorId"
SESSION = "bedrock-agentcore:sessionId"
NAMESPACE = "bedrock-agentcore:namespace"
PATH = "bedrock-agentcore:namespacePath"

NOT_FOUND = frozenset({"ResourceNotFoundException"})
"""How the service refuses a record that isn't in the namespace that the request names."""

_ACTORS = (
    "allow event actions only where `bedrock-agentcore:actorId` equals the session's own actor id"
)
_RECORDS = (
    "allow record actions only where `bedrock-agentcore:namespace` is like the session's own "
    "namespace, up to and including its last `/`, followed by `*`"
)
_NO_ACTORS = "don't grant it: no condition key narrows it, so it always shows every actor"
_NO_PATHS = (
    "don't grant by `bedrock-agentcore:namespacePath`, or only where it is like the session's own "
    "namespace, up to and including its last `/`, followed by `*`"
)
_BOUND = "report it to AWS: the namespace that IAM was asked about isn't where the record lies"

_A = Attack[MemorySpot]
_P = Probe[MemorySpot]


def _arn(a: _A) -> str:
    return a.other.arn


def _in_session(what: str) -> Callable[[_A], Context]:
    return lambda a: {ACTOR: a.other.actor, SESSION: a.other.session(what)}


def _actor(a: _A) -> Context:
    return {ACTOR: a.other.actor}


def _nothing(_: _A) -> Context:
    return {}


def _named(key: str, value: Callable[[_A], str | None]) -> Callable[[_A], Context]:
    return lambda a: {key: value(a) or ""}


def _probe(  # noqa: PLR0913, PLR0917 - the columns of the table below
    rule: str,
    action: str,
    tries: str,
    attempt: Callable[[_A], Got],
    context: Callable[[_A], Context],
    fix: str,
    *,
    control: ControlBy = ControlBy.OWNER,
    applies: Callable[[_A], bool] = lambda _: True,
    refusals: frozenset[str] = frozenset(),
) -> _P:
    return Probe(
        rule=f"MEM-{rule}",
        action=f"bedrock-agentcore:{action}",
        tries=tries,
        attempt=attempt,
        resource=_arn,
        context=context,
        fix=fix,
        control=control,
        applies=applies,
        refusals=refusals,
    )


_BY_OPERATOR = ControlBy.OPERATOR
_OF_ACTOR: tuple[_P, ...] = (
    _probe(
        "GET-EVENT",
        "GetEvent",
        "read an event of {owner}",
        calls.get_event,
        _in_session(calls.READ),
        _ACTORS,
    ),
    _probe(
        "LIST-EVENTS",
        "ListEvents",
        "list the events of {owner}",
        calls.list_events,
        _in_session(calls.READ),
        _ACTORS,
    ),
    _probe(
        "LIST-SESSIONS",
        "ListSessions",
        "list the sessions of {owner}",
        calls.list_sessions,
        _actor,
        _ACTORS,
    ),
    _probe(
        "CREATE-EVENT",
        "CreateEvent",
        "put an event into the conversation of {owner}",
        calls.create_event,
        _in_session("write"),
        _ACTORS,
    ),
    _probe(
        "LIST-ACTORS",
        "ListActors",
        "list the actors of the memory, with {owner} among them",
        calls.list_actors,
        _nothing,
        _NO_ACTORS,
        control=_BY_OPERATOR,
    ),
)

_IN_NAMESPACE: tuple[_P, ...] = (
    _probe(
        "GET-RECORD",
        "GetMemoryRecord",
        "read a record of {owner}",
        calls.get_record,
        _named(NAMESPACE, calls.own_space),
        _RECORDS,
    ),
    _probe(
        "GET-RECORD-AS-OWN",
        "GetMemoryRecord",
        "read a record of {owner} as if it lay in its own namespace",
        calls.get_record_as_own,
        _named(NAMESPACE, lambda a: a.own.spaces.own),
        _BOUND,
        applies=lambda a: a.own.spaces.own != a.other.spaces.own,
        refusals=NOT_FOUND,
    ),
    _probe(
        "GET-RECORD-BARE",
        "GetMemoryRecord",
        "read a record of {owner} without naming a namespace",
        calls.get_record_bare,
        _nothing,
        _RECORDS,
        control=_BY_OPERATOR,
    ),
    _probe(
        "LIST-RECORDS",
        "ListMemoryRecords",
        "list the records of {owner}",
        calls.list_records(calls.own_space),
        _named(NAMESPACE, calls.own_space),
        _RECORDS,
    ),
    _probe(
        "RETRIEVE",
        "RetrieveMemoryRecords",
        "search the records of {owner}",
        calls.retrieve(calls.own_space),
        _named(NAMESPACE, calls.own_space),
        _RECORDS,
    ),
    _probe(
        "LIST-PATH",
        "ListMemoryRecords",
        "list the records of {owner} by a namespace path",
        calls.list_below(calls.own_space),
        _named(PATH, calls.own_space),
        _NO_PATHS,
        control=_BY_OPERATOR,
    ),
    _probe(
        "RETRIEVE-PATH",
        "RetrieveMemoryRecords",
        "search the records of {owner} by a namespace path",
        calls.retrieve_below(calls.own_space),
        _named(PATH, calls.own_space),
        _NO_PATHS,
        control=_BY_OPERATOR,
    ),
    _probe(
        "LIST-STEM",
        "ListMemoryRecords",
        "list below its own id without the slash, as namesakes begin",
        calls.list_below(calls.stem),
        _named(PATH, calls.stem),
        _NO_PATHS,
        control=_BY_OPERATOR,
        applies=lambda a: a.own.spaces.stem is not None,
    ),
    _probe(
        "LIST-PARENT",
        "ListMemoryRecords",
        "list the records of the tier of {owner}",
        calls.list_below(calls.parent),
        _named(PATH, calls.parent),
        _NO_PATHS,
        control=_BY_OPERATOR,
        applies=lambda a: a.other.spaces.parent is not None,
    ),
)


def probes(operator: Aws) -> tuple[Probe[MemorySpot], ...]:
    """All of them, reads first. What is deleted the operator writes just before."""
    event = _probe(
        "DELETE-EVENT",
        "DeleteEvent",
        "delete an event of {owner}",
        calls.delete_event(operator),
        _in_session("delete"),
        _ACTORS,
    )
    record = _probe(
        "DELETE-RECORD",
        "DeleteMemoryRecord",
        "delete a record of {owner}",
        calls.delete_record(operator),
        _named(NAMESPACE, calls.own_space),
        _RECORDS,
    )
    return (*_OF_ACTOR, event, *_IN_NAMESPACE, record)


JOIN = "join the parts of the layout by `/`, which no tag may hold"

EVENTS, RECORDS = _OF_ACTOR[1], _IN_NAMESPACE[3]
"""How it shows that somebody else's name is one's own."""
