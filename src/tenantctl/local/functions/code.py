"""What a function is run from: its package and settings, as CreateFunction left them in moto."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tenantctl.local.call import ServiceError


@dataclass(frozen=True, slots=True)
class FunctionCode:
    """One function; `timeout` is in seconds, `sha256` is base64 as Lambda's CodeSha256 is."""

    name: str
    arn: str
    package: bytes = field(repr=False)
    handler: str
    runtime: str
    environment: Mapping[str, str] = field(repr=False)
    role_arn: str
    timeout: int
    memory_mb: int
    sha256: str


def code_of(account: str, region: str, function: str) -> FunctionCode:
    """A function by name or by an ARN of this account and region, without a qualifier.

    Raises `ServiceError` (ResourceNotFoundException) where there is none.
    """
    from moto.awslambda.models import lambda_backends

    backend = lambda_backends[account][region]
    for found in backend.list_functions():
        if function in {found.function_name, found.function_arn}:
            return _read(found)
    raise ServiceError("ResourceNotFoundException", f"Function not found: {function}", 404)


def _read(found: Any) -> FunctionCode:  # noqa: ANN401 - moto's own
    return FunctionCode(
        name=found.function_name,
        arn=found.function_arn,
        package=found.code_bytes,
        handler=found.handler,
        runtime=found.run_time,
        environment=dict(found.environment_vars),
        role_arn=found.role,
        timeout=int(found.timeout),
        memory_mb=int(found.memory_size),
        sha256=found.code_sha_256,
    )
