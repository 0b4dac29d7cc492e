"""What is asked about models: that a tier's sessions invoke none which only other tiers have.

A foundation model is the same one in every Region, and may be invoked by itself or through an
inference profile; then both must be allowed, the model with the profile's ARN in
`bedrock:InferenceProfileArn`. What no tier names is nobody's, so it is not asked about.
https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-prereq.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tenantctl.domain.model import GEOGRAPHIES, Model, model
from tenantctl.domain.names import Names
from tenantctl.proof.asking.asks import Access, Ask
from tenantctl.proof.asking.question import Target
from tenantctl.proof.asking.reach import Action, Reach
from tenantctl.proof.asking.values import PART
from tenantctl.proof.automata.shape import Form, Slot

PROFILE = "bedrock:InferenceProfileArn"
RULE = "MODEL-TIER"

_DOUBT = "it depends on where an application inference profile routes to, of which nothing is known"


@dataclass(frozen=True, slots=True)
class Scarce:
    """A model that not every tier may invoke: `of` is one that may, `own` all that may."""

    model: Model
    of: str
    own: frozenset[str]


def scarce(names: Names) -> tuple[Scarce, ...]:
    """Every model that is some tiers' and not others', in the order of the configuration.

    A tier that has a profile may invoke the foundation model behind it, so that is its own.
    """
    tiers = {
        tier.name: tuple(model(text) for text in tier.models) for tier in names.pool.tiers.values()
    }
    wanted: dict[Model, str] = {}
    for tier, models in tiers.items():
        for one in models:
            wanted.setdefault(Model(one.foundation, arn=one.arn), tier)
            wanted.setdefault(one, tier)
    found: list[Scarce] = []
    for one, tier in wanted.items():
        own = frozenset(t for t, models in tiers.items() if any(_same(one, m) for m in models))
        if one.profile:
            # Of a tier without the foundation model, that is asked; and then through any profile.
            own |= {
                t for t, ms in tiers.items() if one.foundation not in {m.foundation for m in ms}
            }
        if own != set(tiers):
            found.append(Scarce(one, tier, own))
    return tuple(found)


def _same(one: Model, other: Model) -> bool:
    if one.profile:
        return one.profile == other.profile
    return (one.foundation, one.arn) == (other.foundation, other.arn)


def spelt(names: Names, model: Scarce) -> Iterator[str]:
    """Texts with every character of the ARNs that are asked about."""
    known = model.model
    yield known.arn
    yield names.foundation_model_arn(known.foundation, names.pool.region)
    yield names.profile_arn(known.profile)
    yield from (names.application_profiles, *GEOGRAPHIES, ".")


def of_model(action: Action, names: Names, model: Scarce) -> Iterator[Ask]:
    """The asks of an action on a model."""
    if action.reach is not Reach.MODEL:
        return
    known = model.model
    own, tier = model.own, model.of
    if known.arn:
        here: tuple[Form, ...] = ((known.arn,),)
        yield Ask(action, RULE, Target((), here), known.arn, model=Access(tier, own))
        return
    models = _everywhere(known.foundation, names.foundation_model_arn, names.pool.region)
    if known.profile:
        profiles: tuple[str, ...] = (known.profile,)
    else:
        yield Ask(action, RULE, Target((), models), without=(PROFILE,), model=Access(tier, own))
        profiles = tuple(f"{geography}.{known.foundation}" for geography in GEOGRAPHIES)
    routes = tuple(
        (tier, form)
        for profile in profiles
        for form in _everywhere(profile, names.profile_arn, names.pool.region)
    )
    routed = Access(tier, own, routed=True)
    yield Ask(action, RULE, Target(routes, models), word=PROFILE, model=routed)
    if not known.profile:
        applied = ((tier, (names.application_profiles, Slot(PART))),)
        doubtful = Access(tier, own, routed=True, doubt=_DOUBT)
        yield Ask(action, RULE, Target(applied, models), word=PROFILE, model=doubtful)


def _everywhere(name: str, arn: Callable[[str, str], str], region: str) -> tuple[Form, ...]:
    """The ARN in the pool's Region, and in any."""
    before, _, after = arn(name, "*").partition("*")
    return (arn(name, region),), (before, Slot(PART), after)
