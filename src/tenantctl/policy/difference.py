"""What a push changes for the pool's callers: which calls are newly allowed, and newly refused."""

from __future__ import annotations

from dataclasses import replace

from tenantctl.aws.lookup import find_gateways
from tenantctl.aws.session import Aws
from tenantctl.cedar.diff import Comparison, compare
from tenantctl.cedar.known import Known
from tenantctl.policy.push import Push


def difference(aws: Aws, push: Push) -> Comparison:
    """Compare what decides now with what will, policies of others included.

    What isn't plain Cedar can't be compared: it is named in `beyond`.
    """
    names = push.names
    arns = {names.gateway_arn(tier): tier for tier in names.pool.tiers}
    arns |= {gateway.arn: tier for tier, gateway in find_gateways(aws, names).items()}
    known = Known(tuple(names.pool.tiers), names.pool.identity.tier.claim, arns)
    before, after = push.before, push.after
    found = compare(
        {label: text for label, text in before.items() if text},
        {label: text for label, text in after.items() if text},
        known=known,
    )
    unread = sorted(label for label, text in (before | after).items() if not text)
    more = tuple(f"the policy `{label}` isn't plain Cedar" for label in unread)
    return replace(found, beyond=found.beyond + more)
