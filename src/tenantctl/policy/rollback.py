"""Go back to policies that were in force before: their kept texts are pushed as a new version."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tenantctl.aws.lookup import find_gateways
from tenantctl.aws.session import Aws
from tenantctl.cedar.statement import on_gateway, parse
from tenantctl.domain.names import Names
from tenantctl.errors import ConflictError, NotFoundError, PolicyInvalidError
from tenantctl.policy import history
from tenantctl.policy.ensure import as_pushed
from tenantctl.policy.history import Kind, Progress, Version
from tenantctl.policy.push import Push, Request, prepare
from tenantctl.policy.wanted import Wanted, source, wanted


def roll_back(aws: Aws, names: Names, number: int | None = None) -> Push:
    """See what going back would do; `push.apply` does it.

    Without a `number`: to the version before the one in force, or out of a push that was killed
    to the one before it. Raises `NotFoundError` where there is no such version, `ConflictError`
    for one about a gateway that isn't there any more.
    """
    target = _before(aws, names) if number is None else history.version(aws, names, number)
    gateways = find_gateways(aws, names)
    arns = {tier: gateway.arn for tier, gateway in gateways.items()}
    policies = tuple(_here(want, names, arns, target) for want in as_pushed(aws, names, target))
    return prepare(aws, names, Request(policies, Kind.ROLLBACK, of=target.number))


def would_be_undone(aws: Aws, names: Names, push: Push, at: tuple[Path, Path]) -> bool:
    """Whether pushing the reviewed folder would make something else of the engine than `push`.

    `at` are the directory of tenantctl.yaml and the folder. What can't be pushed is something else.
    """
    beside, folder = at
    try:
        policies = wanted(source(names, folder, beside=beside).policies, find_gateways(aws, names))
    except PolicyInvalidError:
        return True
    return {(p.key, p.text) for p in policies} != {(p.key, p.text) for p in push.request.wanted}


def _before(aws: Aws, names: Names) -> Version:
    """The version that a rollback without a number goes back to."""
    found = [version for version in history.versions(aws, names) if not version.trial]
    if found and found[-1].kind is Kind.ROLLBACK and found[-1].progress is Progress.STARTED:
        return history.version(aws, names, found[-1].of or 0)
    done = [version for version in found if version.progress is Progress.DONE]
    killed = bool(found) and found[-1].progress is Progress.STARTED
    if len(done) < (1 if killed else 2):
        raise NotFoundError(
            "there is no version to go back to", hint="see `tenantctl policy history`"
        )
    return done[-1 if killed else -2]


def _here(want: Wanted, names: Names, arns: dict[str, str], target: Version) -> Wanted:
    """The policy about the tier's gateway as it is now.

    A policy that was pushed before its gateway was made names it without the id that the service
    assigned later; it is about the same gateway.
    """
    statement = parse(want.text, want.key.annotation)
    tier = want.key.tier
    known = tier in names.pool.tiers
    unmade = names.gateway_arn(tier)
    arn = arns.get(tier, unmade)
    if not known or statement.gateway not in {arn, unmade}:
        gone = f"`{statement.gateway}`" if known else f"the tier `{tier}`"
        raise ConflictError(
            f"version {target.number} is about {gone}, which isn't there any more",
            hint="go back to a later version, or change the configuration and push",
        )
    return want if statement.gateway == arn else replace(want, text=on_gateway(statement, arn).text)
