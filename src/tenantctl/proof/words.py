"""A witness in words, and as a request that anybody can put before IAM."""

from __future__ import annotations

from collections.abc import Container, Mapping

from tenantctl.domain.names import Names
from tenantctl.iam.request import Request
from tenantctl.proof.asking.asks import (
    ACTOR,
    FULL_SCAN,
    LEADING_KEYS,
    NAMESPACE,
    NAMESPACE_PATH,
    PREFIX,
    Ask,
)
from tenantctl.proof.asking.keys import PRINCIPAL_TAG, REQUEST_TAG, TAG_KEYS
from tenantctl.proof.asking.knowledge import METADATA
from tenantctl.proof.asking.models import PROFILE
from tenantctl.proof.asking.values import TENANT
from tenantctl.proof.deciding.obligation import Witness
from tenantctl.proof.documents import SESSION_NAME, session_of
from tenantctl.proof.entry.tagging import TRANSITIVE

_SPELT = {
    key.lower(): key
    for key in (
        *(LEADING_KEYS, PREFIX, ACTOR, NAMESPACE, NAMESPACE_PATH),
        PROFILE,
        "aws:CurrentTime",
        "aws:EpochTime",
        "aws:PrincipalAccount",
        "aws:PrincipalArn",
        "aws:PrincipalIsAWSService",
        "aws:PrincipalType",
        "aws:RequestedRegion",
        "aws:ResourceAccount",
        "aws:SecureTransport",
        "aws:TagKeys",
        "aws:TokenIssueTime",
        "aws:ViaAWSService",
        "sts:TransitiveTagKeys",
        "dynamodb:FullTableScan",
        "s3:AccessPointNetworkOrigin",
        "s3:DataAccessPointAccount",
        "s3:DataAccessPointArn",
        "s3:ResourceAccount",
    )
}
_USUAL = ("aws:", "s3:resourceaccount")
_SEVERAL = {LEADING_KEYS.lower(), TAG_KEYS, TRANSITIVE}
"""Keys whose values are a list even when there is one."""


def request_of(request: Request, names: Names, asked: Container[str]) -> dict[str, object]:
    """`action`, `resource` and the context, as `tenantctl iam simulate` takes it.

    Of what every signed request carries only the keys that are `asked` for are shown: the others
    make no difference to any statement. The tags of the session, and those that it passes, always;
    the session itself as `principal` only where a policy knows it by its name.
    """
    named = request.principal != session_of(names)
    return {
        "action": request.action,
        "resource": request.resource,
        **({"principal": request.principal.arn} if named else {}),
        "context": {
            _spelt(key, names): list(values) if key in _SEVERAL or len(values) != 1 else values[0]
            for key, values in sorted(request.context.items())
            if key in asked
            or not key.startswith(_USUAL)
            or key.startswith((PRINCIPAL_TAG, REQUEST_TAG))
        },
    }


def sentence(ask: Ask, witness: Witness) -> str:
    """What the witness does, in one sentence."""
    candidate = witness.candidate
    actor, owner = candidate.values[TENANT], candidate.owner[TENANT]
    who = f"a session of `{actor}`"
    name = witness.request.principal.arn.rpartition("/")[2]
    if not name.startswith(SESSION_NAME):
        who += f" that is called `{name}`"
    action = f"`{ask.action.name}`"
    if ask.also:
        again = f"as `{owner}`" if ask.target.owners else "without its session policy"
        return f"{who} may take the vending role again {again}, by {action}"
    if ask.model is not None:
        through = f" through `{candidate.word}`" if ask.model.routed else ""
        has = f"which tier `{ask.model.tier}` has and `{witness.session.tier}` hasn't"
        if witness.session.tier is None:
            has = "though it carries no tier"
        return f"{who} may use {action} on `{witness.request.resource}`{through}, {has}"
    if ask.point:
        action += " through an access point"
    if not ask.target.owners:
        return f"{who} may use {action}{_on_all(ask, owner)}"
    if not ask.word:
        return f"{who} may use {action} on `{_after_bucket(candidate.word)}`, which is `{owner}`'s"
    if ask.target.prefix:
        return (
            f"{who} may use {action} with `{ask.word}` = `{candidate.word}`, "
            f"under which `{candidate.whole}` of `{owner}` lies"
        )
    return f"{who} may use {action} with `{ask.word}` = `{candidate.word}`, which is `{owner}`'s"


def _on_all(ask: Ask, owner: str) -> str:
    """What follows an action that takes in everybody's."""
    if ask.rule == METADATA:
        return f" on a document's metadata: naming `{owner}` there files its text as `{owner}`'s"
    lacks = f" without `{ask.without[0]}`" if len(ask.without) == 1 else ""
    return f"{lacks} on the whole of it, `{owner}`'s included"


def _after_bucket(word: str | None) -> str:
    """The key of an object's ARN."""
    return (word or "").partition("/")[2]


def _spelt(key: str, names: Names) -> str:
    """A key as AWS and the configuration spell it."""
    tags: Mapping[str, str] = {t.lower(): t for t in names.pool.identity.tags.values()}
    for stem, shown in ((PRINCIPAL_TAG, "aws:PrincipalTag/"), (REQUEST_TAG, "aws:RequestTag/")):
        if key.startswith(stem):
            tag = key.removeprefix(stem)
            return shown + tags.get(tag, tag)
    if key == FULL_SCAN:
        return "dynamodb:FullTableScan"
    return _SPELT.get(key, key)
