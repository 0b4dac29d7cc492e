"""Values for the variables of a witness that nothing asks anything of: such as people can read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tenantctl.proof.asking.question import Asker
from tenantctl.proof.asking.values import TENANT, USER
from tenantctl.proof.ways.constraint import Value

NAMESAKES = (
    ("clinic-1", "clinic-10"),
    ("clinic-10", "clinic-1"),
    ("clinic-a", "clinic-b"),
    ("clinic", "clinic-a"),
    ("clinic-a", "clinic"),
    ("clinic", "clinic/a"),
    ("Clinic-A", "clinic-a"),
    ("clinic1", "clinic10"),
    ("101", "102"),
)
"""Pairs of tenants that are tried first: witnesses are read by people."""

USERS = (
    "11111111-1111-4111-8111-111111111111",
    "22222222-2222-4222-8222-222222222222",
    "dr.smith",
    "u1",
)

SHORTEST = 4
"""How many of the shortest values are tried where none that is known has the format."""


def tenants(asker: Asker, narrowed: tuple[Value, ...]) -> Iterator[str]:
    """A few tenants that a session may have."""
    names = dict.fromkeys(name for pair in NAMESAKES for name in pair)
    yield from (n for n in names if asker.actor.accepts(TENANT, n, narrowed))
    words = asker.actor.all(narrowed)[TENANT].words(SHORTEST)
    yield from (asker.alphabet.word(word) for word in words)


def completed(
    asker: Asker, values: Mapping[str, str], narrowed: tuple[Value, ...]
) -> dict[str, str] | None:
    """A value for every variable; `None` where one has none."""
    made = dict(values)
    for name in asker.actor.formats:
        if name in made:
            continue
        mine = tuple(v for v in narrowed if v.variable == name)
        texts = (*USERS, *(n for pair in NAMESAKES for n in pair))
        friendly = next((u for u in texts if asker.actor.accepts(name, u, mine)), None)
        if friendly is None:
            words = asker.actor.of(name, mine).words(1)
            friendly = next((asker.alphabet.word(w) for w in words), None)
        if friendly is None:
            return None
        made[name] = friendly
    return made


def filled(
    asker: Asker, actor: dict[str, str], other: str, narrowed: tuple[Value, ...]
) -> Iterator[dict[str, str]]:
    """The session's variables, where a parse names some: the others friendly, or empty.

    A tag without any text leaves no trace in a parse.
    """
    free = [actor]
    if TENANT not in actor:
        friendly = next((n for n in tenants(asker, narrowed) if n != other), None)
        free = [] if friendly is None else [{**actor, TENANT: friendly}]
    empty = {
        name: ""
        for name in (TENANT, USER)
        if name not in actor and asker.actor.accepts(name, "", narrowed)
    }
    for values in (*free, *([{**actor, **empty}] if TENANT in {**actor, **empty} else [])):
        chosen = completed(asker, values, narrowed)
        if chosen is not None:
            yield chosen
