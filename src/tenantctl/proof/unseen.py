"""What a proof doesn't look at, and why that opens nothing; what might, where documents hold it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tenantctl.domain.names import Names
from tenantctl.proof.asking.models import scarce
from tenantctl.proof.asking.reach import Reach, catalogue
from tenantctl.proof.documents import Documents

_POINTS = (
    "a request through an S3 access point must be permitted by the bucket's side too "
    "(https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-policies.html), so it is "
    "looked at where a policy asks for `s3:DataAccessPoint…` keys and can't differ elsewhere; "
    "functions of S3 Object Lambda may read more by their own roles"
)
_KEYS = (
    "no tenant has a key of its own in this layout, so no KMS action reaches another's data: "
    "DynamoDB, S3 and AgentCore hold the ciphertext and decrypt only for whom they let in "
    "(https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html); policies of "
    "keys aren't looked at, and could only refuse more"
)
_MODELS = (
    "a tier's models are those that the configuration names, the foundation models behind its "
    "inference profiles included, in any Region; a model that no tier names is nobody's"
)
_SERVICES = (
    "only actions of DynamoDB, S3, AgentCore memory, Bedrock models, KMS, STS and IAM's on the "
    "vending role are looked at; those of other services reach no tenant's data here"
)

_GRANTS = "s3:GetDataAccess"
_OTHER_ENDPOINT = "bedrock-mantle:CreateInference"


def unseen(documents: Documents, names: Names) -> Iterator[str]:
    """The sentences, those that depend on documents first."""
    limited = scarce(names)
    yield from _warnings(
        documents, (_GRANTS,), "what the locations' roles reach by access grants isn't looked at"
    )
    losing = (a.name for a in catalogue().values() if a.reach is Reach.KEY)
    yield from _warnings(
        documents, losing, "if it is the key of tenants' data, nobody may be able to read that"
    )
    if limited:
        yield from _warnings(
            documents, (_OTHER_ENDPOINT,), "its names of models aren't compared with the tiers'"
        )
    yield _POINTS
    yield _KEYS
    if limited:
        yield _MODELS
    yield _SERVICES


def _warnings(documents: Documents, actions: Iterable[str], why: str) -> Iterator[str]:
    """One for each statement that allows some of the actions."""
    asked = tuple(actions)
    for policy in documents.identity:
        for statement in policy.statements:
            covered = [a for a in asked if statement in policy.speaking_of(a)[0]]
            if covered:
                listed = ", ".join(f"`{action}`" for action in covered)
                where = f"`{policy.name}` ({statement.label})"
                yield f"warning: {where} allows sessions {listed}: {why}"
