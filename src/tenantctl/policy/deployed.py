"""What decides at the gateways now, whoever put it there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tenantctl.aws.lookup import Gateway, find_gateways, policy_engine
from tenantctl.aws.session import Aws
from tenantctl.cedar.statement import Statement, parse
from tenantctl.domain.names import Names
from tenantctl.errors import ConflictError, PolicyInvalidError
from tenantctl.policy import history
from tenantctl.policy.attach import unattached
from tenantctl.policy.drift import ours
from tenantctl.policy.present import enforced, read


@dataclass(frozen=True, slots=True)
class Deployed:
    """The statements in force by label (`basic.patient_context`, or a stranger's name).

    `gateways` are the ARNs of the gateways that exist, by tier.
    """

    statements: Mapping[str, Statement]
    gateways: Mapping[str, str]


def deployed(aws: Aws, names: Names) -> Deployed:
    """Read what the engine enforces.

    Raises `NotFoundError` without an engine, `ConflictError` where the engine's policies don't
    decide, or can't be read: what comes of a call isn't known then.
    """
    engine, gateways = policy_engine(aws, names), find_gateways(aws, names)
    _refuse_open(aws, gateways, engine.arn)
    present = ours(read(aws, engine.id), history.record(aws, names))
    statements = {label: _statement(label, text) for label, text in enforced(present).items()}
    return Deployed(statements, {tier: gateway.arn for tier, gateway in gateways.items()})


def _refuse_open(aws: Aws, gateways: Mapping[str, Gateway], engine_arn: str) -> None:
    """A gateway that doesn't enforce lets everybody call everything, whatever policies say."""
    found = unattached(aws, gateways, engine_arn)
    if found:
        named = ", ".join(f"`{to.gateway.name}`" for to in found)
        raise ConflictError(
            f"the engine's policies don't decide at {named}: it isn't attached, or in ENFORCE mode",
            hint="`tenantctl policy push` attaches it",
        )


def _statement(label: str, text: str) -> Statement:
    try:
        return parse(text, label)
    except PolicyInvalidError as error:
        raise ConflictError(
            f"the policy `{label}` is in force and can't be read: {error.message}",
            hint="what it decides isn't known: look at it in the engine",
        ) from error
