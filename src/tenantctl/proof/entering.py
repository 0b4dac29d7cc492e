"""Whether somebody may enter the vending role at all, tagged or not."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, product

from tenantctl.domain.names import Names
from tenantctl.iam.policy import Policy
from tenantctl.iam.request import Principal
from tenantctl.proof.keys import REQUEST_TAG
from tenantctl.proof.minters import speaking_to
from tenantctl.proof.mintings import circumstances, fixed
from tenantctl.proof.tagging import Tagging, TooManySessionsError, extra_tags, taggings
from tenantctl.proof.trust import confirmed, made, slots

_MOST_TRIES = 64


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
                doubt = True
                if any(confirmed(names, trust, session, v) for v in _examples(trust, tagging)):
                    return True
    except TooManySessionsError:
        doubt = True
    return None if doubt else False


def _any_tagging(names: Names, heard: Policy) -> Iterator[Tagging]:
    yield Tagging(None, {}, ())
    yield from taggings(names, heard.statements, extra_tags(names, (heard,)))


def _examples(trust: Policy, tagging: Tagging) -> Iterator[dict[str, str]]:
    """Values for the variables of a tagging, as the policy spells them and as people do."""
    choices: list[list[str]] = []
    for tag in tagging.tags:
        key = REQUEST_TAG + tag.lower()
        written = [
            v for s in trust.statements for c in s.conditions if c.key == key for v in c.values
        ]
        examples = (v.replace("*", "x").replace("?", "x") for v in written if "${" not in v)
        choices.append(list(dict.fromkeys(("clinic-1", *examples))))
    for values in islice(product(*choices), _MOST_TRIES):
        yield dict(zip(tagging.tags.values(), values, strict=True))
