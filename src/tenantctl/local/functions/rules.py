"""What Lambda refuses, and moto takes: packages that are none, roles that Lambda can't assume.

moto runs functions in containers of its own, with nobody's permissions; that is never reached.
https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
"""

from __future__ import annotations

import base64
import io
import zipfile
from binascii import Error as Base64Error
from collections.abc import Mapping
from typing import Any

from tenantctl.errors import PolicyInvalidError
from tenantctl.iam.evaluate import Policies, evaluate
from tenantctl.iam.request import Principal, PrincipalKind, Request
from tenantctl.local.call import Call, ServiceError
from tenantctl.local.failure import Failure, RefusedError
from tenantctl.local.principals import trust_policy
from tenantctl.local.sts import service as sts
from tenantctl.local.wire import shapes

_INVALID = "InvalidParameterValueException"
_SERVICE = Principal(PrincipalKind.SERVICE, "lambda.amazonaws.com")


def check(call: Call) -> None:
    """Raise `ServiceError` for what Lambda wouldn't take, `RefusedError` for what isn't served."""
    shapes.check("lambda", call.operation, call.params)
    if call.operation == "Invoke":
        raise RefusedError(
            Failure.NOT_IMPLEMENTED, "lambda:Invoke isn't implemented by the embedded cloud"
        )
    if call.operation in {"CreateFunction", "UpdateFunctionConfiguration"}:
        _check_role(call.params.get("Role"))
    if call.operation == "CreateFunction":
        _check_package(call.params["Code"])
    elif call.operation == "UpdateFunctionCode":
        _check_package(call.params)


def _check_role(arn: str | None) -> None:
    """Lambda assumes the role once to see that it can."""
    if arn is None:
        return
    role = sts.role_named(arn)
    try:
        trusted = role is not None and _trusts(role, arn)
    except PolicyInvalidError:
        trusted = False
    if not trusted:
        raise ServiceError(
            _INVALID, "The role defined for the function cannot be assumed by Lambda."
        )


def _trusts(role: Any, arn: str) -> bool:  # noqa: ANN401 - moto's own
    policies = Policies(resource=trust_policy(role))
    return evaluate(Request(_SERVICE, "sts:AssumeRole", arn, {}), policies).allowed


def _check_package(code: Mapping[str, Any]) -> None:
    """Only a package that comes with the request is looked at; moto reads others itself."""
    package = code.get("ZipFile")
    if package is None:
        return
    try:
        data = package if isinstance(package, bytes) else base64.b64decode(package, validate=True)
        with zipfile.ZipFile(io.BytesIO(data)) as found:
            broken = found.testzip()
    except (zipfile.BadZipFile, Base64Error, ValueError, NotImplementedError, RuntimeError) as e:
        raise _unreadable() from e
    if broken is not None:
        raise _unreadable()


def _unreadable() -> ServiceError:
    return ServiceError(
        _INVALID,
        "Could not unzip uploaded file. Please check your file, then try to upload again.",
    )
