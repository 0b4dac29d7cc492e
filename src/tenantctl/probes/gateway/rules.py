"""What the gateway's policies decide: that they do, tools that none permits, and the hour.

A call that the policy engine lets pass has passed, whatever the tool says to it afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tenantctl.aws.failures import translated
from tenantctl.aws.session import Aws
from tenantctl.domain.clock import HOUR_INPUT, WEEKDAY_INPUT, WEEKDAYS
from tenantctl.domain.pool import Hours
from tenantctl.domain.tools import Tool
from tenantctl.probes.gateway.answer import Answer, By
from tenantctl.probes.gateway.ground import Ground, let_in
from tenantctl.probes.probe import Got, RefusedError, Trial, UnclearError

_ENFORCE = "attach the pool's policy engine to the gateway in mode ENFORCE"
_PERMIT = "permit the tool to whom the tier's policies mean, and to nobody else"
_CLOCK = (
    "let the interceptor overwrite `request_hour` and `request_weekday` in every call, from its "
    "own clock in the clinic's time zone"
)
_LAST_HOUR = 24


def trials(operator: Aws, ground: Ground, engine_arn: str) -> tuple[Trial, ...]:
    """All of one tier; `engine_arn` is the pool's policy engine."""
    tools = ground.endpoint.tools
    hidden = [tool for tool in tools if not _open(ground, tool)]
    timed = [(tool, hours) for tool in tools if (hours := _hours(ground, tool)) is not None]
    return (
        _engine(operator, ground, engine_arn),
        *(_hidden(ground, tool) for tool in hidden),
        *(_hour(ground, tool, hours) for tool, hours in timed if any(_outside(hours))),
    )


def passed(answer: Answer) -> bool:
    """Whether the policy engine let a call pass; raises `UnclearError` where it was never asked."""
    if answer.by is By.POLICY:
        return False
    if answer.by in {By.RESULT, By.TOOL, By.IAM}:
        return True
    raise UnclearError(f"the gateway answered {answer.said}")


def _open(ground: Ground, tool: Tool) -> bool:
    """Whether somebody without a role may call it, at some hour and with some input."""
    rule, tier = ground.rule(tool), ground.names.pool.tiers[ground.endpoint.tier]
    return rule is not None and not rule.disabled and not tier.disabled and not rule.roles


def _hours(ground: Ground, tool: Tool) -> Hours | None:
    rule = ground.rule(tool) if _open(ground, tool) else None
    return None if rule is None else rule.hours


def _engine(operator: Aws, ground: Ground, engine_arn: str) -> Trial:
    """What is looked at: where every tool is permitted, no call shows that policies count."""
    endpoint = ground.endpoint

    def attack() -> Got:
        client = operator.client("bedrock-agentcore-control")
        with translated("looking at the gateway's policy engine"):
            gateway = client.get_gateway(gatewayIdentifier=endpoint.id)
        engine = gateway.get("policyEngineConfiguration")
        if engine is None:
            return Got(detail="the gateway has no policy engine")
        if engine["arn"] != engine_arn:
            return Got(detail=f"the gateway asks another policy engine, `{engine['arn']}`")
        if engine["mode"] != "ENFORCE":
            return Got(detail=f"its policy engine is in mode {engine['mode']}")
        raise RefusedError("the gateway is configured to enforce the pool's policy engine")

    tries = "call every tool of the gateway, whatever the policies say"
    return ground.trial("GW-ENGINE", tries, _ENFORCE, attack, let_in(endpoint, ground.actor))


def _hidden(ground: Ground, tool: Tool) -> Trial:
    def attack() -> Got:
        answer = ground.endpoint.call(tool, ground.wanted(tool), [ground.actor.token])
        if passed(answer):
            return Got(detail="the policy engine let the call pass")
        raise RefusedError(f"refused by {answer.by}: {answer.said}")

    tries = f"call `{tool.name}`, which nothing permits to it"
    return ground.trial("GW-TOOL", tries, _PERMIT, attack, let_in(ground.endpoint, ground.actor))


def _hour(ground: Ground, tool: Tool, hours: Hours) -> Trial:
    """Declare another time: whatever it is now, the decision must stay the same.

    Within the hours a time outside is declared, which must not turn the call down; outside, one
    within, which must not let it pass. In either case a change shows whose word decides.
    """

    def called(claim: Mapping[str, object]) -> bool:
        given = {**ground.wanted(tool), **claim}
        return passed(ground.endpoint.call(tool, given, [ground.actor.token]))

    def attack() -> Got:
        before = called({})
        for claim in _outside(hours) if before else (_within(hours),):
            if called(claim) != before:
                if called({}) != before:
                    raise UnclearError("the clinic's hours began or ended meanwhile")
                now = "refused" if before else "let pass"
                return Got(detail=f"declaring {_told(claim)} got the call {now}")
        how = "let pass" if before else "refused by policy"
        raise RefusedError(f"the declared time changed nothing, the call was {how} either way")

    tries = f"decide by its own word at what time it calls `{tool.name}`"
    return ground.trial("GW-HOUR", tries, _CLOCK, attack, let_in(ground.endpoint, ground.actor))


def _within(hours: Hours) -> dict[str, object]:
    return {HOUR_INPUT: hours.start, WEEKDAY_INPUT: (hours.days or WEEKDAYS)[0]}


def _outside(hours: Hours) -> Iterator[dict[str, object]]:
    """A time at which the hours don't hold, by the hour and by the day, where there are such."""
    if hours.start > 0:
        yield {**_within(hours), HOUR_INPUT: hours.start - 1}
    elif hours.end < _LAST_HOUR:
        yield {**_within(hours), HOUR_INPUT: hours.end}
    for day in [d for d in WEEKDAYS if hours.days and d not in hours.days][:1]:
        yield {**_within(hours), WEEKDAY_INPUT: day}


def _told(claim: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in claim.items())
