"""What policies change for the pool's callers: which calls are newly allowed or newly refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tenantctl.aws.lookup import Gateway, find_gateways
from tenantctl.aws.session import Aws
from tenantctl.cedar.diff.compare import Comparison, compare
from tenantctl.cedar.diff.known import Known
from tenantctl.cedar.statement import on_gateway, parse
from tenantctl.domain.names import Names
from tenantctl.policy import history
from tenantctl.policy.push import Push
from tenantctl.policy.wanted import Source


def difference(aws: Aws, push: Push) -> Comparison:
    """Compare what decides now with what will, policies of others included.

    What isn't plain Cedar can't be compared: it is named in `beyond`.
    """
    before, after = push.before, push.after
    found = compare(
        {label: text for label, text in before.items() if text},
        {label: text for label, text in after.items() if text},
        known=known(push.names, find_gateways(aws, push.names)),
    )
    unread = sorted(label for label, text in (before | after).items() if not text)
    more = tuple(f"the policy `{label}` isn't plain Cedar" for label in unread)
    return replace(found, beyond=found.beyond + more)


def since_version(aws: Aws, names: Names, policies: Source, number: int) -> Comparison:
    """Compare a pushed version with the reviewed policies; raises `NotFoundError`.

    What the version had in LOG_ONLY mode decided nothing and is left out.
    """
    version = history.version(aws, names, number)
    statements = history.statements(aws, names, version)
    old = {held.label: statements[held.digest] for held in version.holds if held.enforced}
    return since(names, policies, old, find_gateways(aws, names))


def since(
    names: Names,
    policies: Source,
    old: Mapping[str, str],
    gateways: Mapping[str, Gateway] | None = None,
) -> Comparison:
    """Compare statements by id with the reviewed policies, both about the gateways that exist."""
    there = {} if gateways is None else gateways
    arns = {names.gateway_arn(tier): gateway.arn for tier, gateway in there.items()}
    new = {policy.key.annotation: policy.statement.text for policy in policies.policies}
    return compare(
        {label: _moved(text, label, arns) for label, text in old.items()},
        {label: _moved(text, label, arns) for label, text in new.items()},
        known=known(names, there),
    )


def known(names: Names, gateways: Mapping[str, Gateway]) -> Known:
    """The pool's tiers and their gateways, those that exist by their own ARN too."""
    arns = {names.gateway_arn(tier): tier for tier in names.pool.tiers}
    arns |= {gateway.arn: tier for tier, gateway in gateways.items()}
    return Known(tuple(names.pool.tiers), names.pool.identity.tier.claim, arns)


def _moved(text: str, label: str, arns: Mapping[str, str]) -> str:
    statement = parse(text, label)
    arn = arns.get(statement.gateway or "")
    return text if arn is None else on_gateway(statement, arn).text
