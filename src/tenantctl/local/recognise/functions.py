"""Lambda: what a function is made of takes permissions of its own.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tenantctl.domain.names import partition
from tenantctl.local.call import Call, Check, Facts
from tenantctl.local.recognise.rules import Table, table, unrecognised

_PLAIN = table(
    "lambda",
    {
        "function:{FunctionName}": """
            AddPermission CreateFunction DeleteFunction GetFunction
            GetFunctionConfiguration GetPolicy Invoke:InvokeFunction PutFunctionConcurrency
            RemovePermission UpdateFunctionCode UpdateFunctionConfiguration
        """,
        "{Resource}": "ListTags TagResource UntagResource",
        "*": "ListFunctions",
    },
)

LAMBDA: Table = _PLAIN | {
    operation: replace(_PLAIN[operation], passes=("Role",), to="lambda.amazonaws.com")
    for operation in ("CreateFunction", "UpdateFunctionConfiguration")
}

# The first would let a function reach something that the checks here say nothing of; moto would
# pass over the others, and change what should only be tried or should have been as it was before.
_UNMODELLED = (
    "CapacityProviderConfig",
    "CodeSigningConfigArn",
    "DeadLetterConfig",
    "FileSystemConfigs",
    "KMSKeyArn",
    "Layers",
    "VpcConfig",
    "DryRun",
    "Publish",
    "RevisionId",
)


def recognise(call: Call, _facts: Facts) -> tuple[Check, ...] | None:
    """The table's checks, and those for tags at creation and for a package that lies in S3."""
    rule = LAMBDA.get(call.operation)
    if rule is None:
        return None
    for name in _UNMODELLED:
        if call.params.get(name):
            raise unrecognised(call, f"`{name}` isn't modelled")
    if call.params.get("Qualifier", "$LATEST") != "$LATEST":
        raise unrecognised(call, "versions and aliases aren't modelled")
    checks = rule.checks(call)
    if call.operation == "AddPermission":
        context = {"lambda:principal": (str(call.params.get("Principal", "")),)}
        return tuple(replace(c, context={**c.context, **context}) for c in checks)
    if call.operation == "CreateFunction" and call.params.get("Tags"):
        # https://docs.aws.amazon.com/lambda/latest/dg/configuration-tags.html
        checks += (replace(checks[0], action="lambda:TagResource"),)
    code = call.params.get("Code", {}) if call.operation == "CreateFunction" else call.params
    return (*checks, *_package(call, code))


def _package(call: Call, code: Mapping[str, Any]) -> tuple[Check, ...]:
    """The permission to read a package from S3: Lambda does it as the caller."""
    if code.get("ImageUri"):
        raise unrecognised(call, "images aren't modelled")
    if not code.get("S3Bucket"):
        return ()
    if code.get("S3ObjectVersion"):
        raise unrecognised(call, "versions of objects aren't modelled")
    where = f"arn:{partition(call.region)}:s3:::{code['S3Bucket']}/{code.get('S3Key', '')}"
    return (Check("s3:GetObject", where),)
