"""What must be allowed for a request to pass: mostly one check, for some requests two.

The vending role is entered with tags by two actions; a model is reached through an inference
profile, and an object through an access point, when both are allowed.
"""

from __future__ import annotations

from dataclasses import replace

from tenantctl.domain.names import Names
from tenantctl.iam.evaluate import Policies
from tenantctl.iam.request import Request
from tenantctl.proof.asking.asks import Ask
from tenantctl.proof.asking.points import both
from tenantctl.proof.ways.paths import Ways
from tenantctl.proof.ways.situation import Situation

REGION_KEY = "aws:requestedregion"
_REGION_FIELD = 3

Check = tuple[Request, Policies]


def ways(ask: Ask, policies: Policies, situation: Situation, *, crosses: bool) -> list[Ways]:
    """The ways through each check whose texts are those of the ask; all must be passed.

    The check of an access point is left out: its ARN is another text.
    """
    made = [Ways(policies, situation, ask.action.name, crosses)]
    if ask.also:
        made.append(Ways(policies, situation, ask.also, crosses))
    if ask.model is not None and ask.model.routed:
        profile = replace(situation, resource=None, several=False)
        made.append(Ways(policies, profile, ask.action.name))
    return made


def checks(
    names: Names, ask: Ask, request: Request, policies: Policies, alone: Policies
) -> tuple[Check, ...]:
    """Every check of a request, the one that is shown first; none if there is no such request.

    `alone` are the session's own policies, without any resource's.
    """
    if ask.point:
        seen = both(names, request)
        if seen is None:
            return ()
        bucket, point = seen
        return ((bucket, policies), (point, alone))
    if ask.model is not None:
        found = [_located(request, request.resource)]
        if ask.model.routed:
            found.append(_located(request, request.context[ask.word.lower()][0]))
        return tuple((one, policies) for one in found)
    if ask.also:
        return ((request, policies), (request._replace(action=ask.also), policies))
    return ((request, policies),)


def _located(request: Request, resource: str) -> Request:
    """The same for a resource, sent to its Region; one that names none takes the request's."""
    fields = resource.split(":")
    chosen = request.context.get(REGION_KEY, ("",))
    region = fields[_REGION_FIELD] = fields[_REGION_FIELD] or chosen[0]
    context = {**request.context, **({REGION_KEY: (region,)} if region else {})}
    return request._replace(resource=":".join(fields), context=context)
