"""Whether somebody may enter the vending role at all, tagged or not."""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping
from itertools import islice, product

from tenantctl.domain.names import Names
from tenantctl.iam.policy import Policy
from tenantctl.iam.request import Principal
from tenantctl.proof.asking.keys import REQUEST_TAG
from tenantctl.proof.asking.question import of_variable, values_in
from tenantctl.proof.asking.values import Values
from tenantctl.proof.automata.formats import ANY_TAG
from tenantctl.proof.automata.letters import Alphabet, UnsupportedError
from tenantctl.proof.documents import texts
from tenantctl.proof.entry.minters import speaking_to
from tenantctl.proof.entry.mintings import circumstances, fixed
from tenantctl.proof.entry.tagging import Tagging, TooManySessionsError, extra_tags, taggings
from tenantctl.proof.entry.trust import confirmed, made, slots
from tenantctl.proof.ways.constraint import Cube

_MOST_TRIES = 64
_MOST_EXAMPLES = 2


def lets_in(
    names: Names, trust: Policy, minter: Principal, *, stranger: bool = False
) -> bool | None:
    """Whether somebody may make any session at all, tagged or not; `None` if that isn't known.

    A `stranger` is in no organization that a policy could name.
    """
    heard = Policy(trust.name, trust.kind, speaking_to(trust, minter))
    if not any(s.allow for s in heard.statements):
        return False
    doubt = False
    try:
        for tagging in _any_tagging(names, heard):
            base = {**fixed(minter), **tagging.known(names)}
            around = circumstances(heard, minter, base, slots(tagging), stranger=stranger)
            for session in made(names, heard, minter, tagging, around):
                known = _values(trust, tagging, session.cube)
                if known is None:
                    continue
                doubt = True
                examples = _examples(trust, tagging, known)
                if any(confirmed(names, trust, session, values) for values in examples):
                    return True
    except TooManySessionsError:
        doubt = True
    return None if doubt else False


def _any_tagging(names: Names, heard: Policy) -> Iterator[Tagging]:
    yield Tagging(None, {}, ())
    yield from taggings(names, heard.statements, extra_tags(names, (heard,)))


def _values(trust: Policy, tagging: Tagging, cube: Cube) -> dict[str, tuple[str, ...]] | None:
    """A few values of each variable that a policy asks for; `None` where no tag's value is such.

    `StringEquals` with `?*` asks for these two signs, which no tag may hold.
    """
    alphabet = Alphabet.of((*texts(trust), string.ascii_letters), ())
    names = tagging.tags.values()
    values = Values(alphabet, dict.fromkeys(names, ANY_TAG), frozenset(names))
    asked = values_in(cube)
    found: dict[str, tuple[str, ...]] = {}
    try:
        for name in names:
            words = values.of(name, of_variable(name, asked)).words(_MOST_EXAMPLES)
            found[name] = tuple(map(alphabet.word, words))
    except UnsupportedError:
        return {}
    return found if all(found.values()) else None


def _examples(
    trust: Policy, tagging: Tagging, known: Mapping[str, tuple[str, ...]]
) -> Iterator[dict[str, str]]:
    """Values for the variables of a tagging, as the policy spells them and as people do."""
    choices: list[list[str]] = []
    for tag, variable in tagging.tags.items():
        key = REQUEST_TAG + tag.lower()
        written = [
            v for s in trust.statements for c in s.conditions if c.key == key for v in c.values
        ]
        examples = (v.replace("*", "x").replace("?", "x") for v in written if "${" not in v)
        choices.append(list(dict.fromkeys(("clinic-1", *known.get(variable, ()), *examples))))
    for values in islice(product(*choices), _MOST_TRIES):
        yield dict(zip(tagging.tags.values(), values, strict=True))
