"""Policy documents are read when they are put in place, as AWS does; moto takes nearly anything.

A document that couldn't be read later would deny everything, and nobody would know why.
"""

from __future__ import annotations

from collections.abc import Mapping

from tenantctl.errors import PolicyInvalidError
from tenantctl.iam.policy import Kind
from tenantctl.local.call import Call, ServiceError
from tenantctl.local.principals import compiled

# (service, operation): (parameter, kind, error code)
_DOCUMENTS: Mapping[tuple[str, str], tuple[str, Kind, str]] = {
    **{
        ("iam", operation): ("PolicyDocument", Kind.IDENTITY, "MalformedPolicyDocument")
        for operation in (
            "CreatePolicy",
            "CreatePolicyVersion",
            "PutGroupPolicy",
            "PutRolePolicy",
            "PutUserPolicy",
        )
    },
    ("iam", "CreateRole"): ("AssumeRolePolicyDocument", Kind.TRUST, "MalformedPolicyDocument"),
    ("iam", "UpdateAssumeRolePolicy"): ("PolicyDocument", Kind.TRUST, "MalformedPolicyDocument"),
    ("s3", "PutBucketPolicy"): ("Policy", Kind.RESOURCE, "MalformedPolicy"),
}


def check(call: Call) -> None:
    """Raise `ServiceError` for a policy document that isn't one."""
    found = _DOCUMENTS.get((call.service, call.operation))
    if found is None:
        return
    parameter, kind, code = found
    document = call.params.get(parameter)
    text = document.decode("utf-8", "replace") if isinstance(document, bytes) else str(document)
    try:
        compiled(text, parameter, kind)
    except PolicyInvalidError as error:
        raise ServiceError(code, str(error)) from error
