"""The Lambda functions: exactly the packaged code, with exactly the settings that it needs.

Another code, role or environment would say for itself which clinic calls, so all of that is drift.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from tenantctl.aws.session import Aws
from tenantctl.domain.names import Names
from tenantctl.errors import AwsError
from tenantctl.pool import ownership
from tenantctl.pool.consistency import unless_absent, until, when_consistent
from tenantctl.pool.function_spec import KIND, FunctionSpec
from tenantctl.pool.ownership import Tags
from tenantctl.pool.settings import compared
from tenantctl.pool.step import Change, Field, Part, Step, missing

if TYPE_CHECKING:
    from mypy_boto3_lambda.type_defs import GetFunctionResponseTypeDef

_ABSENT = "ResourceNotFoundException"
_TAKEN = "ResourceConflictException"
_ROLE_IS_NEW = "cannot be assumed by Lambda"
"""https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-deployment.html"""
_BUSY = _TAKEN
"""Said of a function that is being changed, too."""


def observe(aws: Aws, spec: FunctionSpec) -> Part:
    """The function as it is, with the steps on the way to what it must be."""
    found = _found(aws, spec.name)
    if found is None:
        return missing(KIND, spec.name, _create(spec))
    now: dict[str, Any] = dict(found["Configuration"])
    steps = (*_code(spec, now), *_settings(spec, now))
    claim = ownership.claim(
        spec.resource,
        found.get("Tags", {}),
        spec.tags,
        lambda aws: aws.client("lambda").tag_resource(
            Resource=now["FunctionArn"], Tags=dict(spec.tags)
        ),
    )
    return Part(KIND, spec.name, now["FunctionArn"], steps, tuple(problems(now)), claim)


def observe_unused(aws: Aws, names: Names, name: str) -> tuple[Part, ...]:
    """The pool's function for a tool that no tier has any more, with the step that deletes it."""
    found = _found(aws, name)
    if found is None or ownership.foreign(found.get("Tags", {}), names.tags) is not None:
        return ()
    step = delete_step(name, names.tags, "no tier may call its tool")
    return (Part(KIND, name, found["Configuration"]["FunctionArn"], (step,)),)


def delete_step(name: str, tags: Tags, why: str = "with its code") -> Step:
    """Delete the function, if it bears `tags`. Its logs stay."""

    def run(aws: Aws) -> None:
        found = _found(aws, name)
        if found is None:
            return
        ownership.refuse_foreign(f"{KIND} `{name}`", found.get("Tags", {}), tags)
        client = aws.client("lambda")
        unless_absent(lambda: client.delete_function(FunctionName=name), _ABSENT)

    return Step(Change.DELETE, f"{KIND} `{name}`", why, (), run)


def _create(spec: FunctionSpec) -> Step:
    def run(aws: Aws) -> None:
        client = aws.client("lambda")
        call: dict[str, Any] = {
            **spec.settings,
            "Code": {"ZipFile": spec.package.content},
            "Tags": dict(spec.tags),
        }
        # A run killed while the function was being made has made it.
        when_consistent(
            lambda: unless_absent(
                lambda: client.create_function(FunctionName=spec.name, **call), _TAKEN
            ),
            _ROLE_IS_NEW,
        )
        ownership.confirm(
            spec.resource, lambda: client.get_function(FunctionName=spec.name)["Tags"], spec.tags
        )
        _settle(aws, spec)

    shown = (
        Field("code", None, spec.package.sha256),
        *compared({}, spec.settings),
    )
    return Step(Change.CREATE, spec.resource, "it doesn't exist", shown, run)


def _code(spec: FunctionSpec, now: dict[str, Any]) -> Iterator[Step]:
    if now.get("CodeSha256") == spec.package.sha256:
        return

    def run(aws: Aws) -> None:
        _settle(aws, spec)
        when_consistent(
            lambda: aws.client("lambda").update_function_code(
                FunctionName=spec.name, ZipFile=spec.package.content
            ),
            _BUSY,
        )
        _settle(aws, spec)

    changed = (Field("code", now.get("CodeSha256"), spec.package.sha256),)
    why = "what it runs is what was reviewed"
    yield Step(Change.UPDATE, spec.resource, why, changed, run)


def _settings(spec: FunctionSpec, now: dict[str, Any]) -> Iterator[Step]:
    changed = compared({key: now.get(key) for key in spec.settings}, spec.settings, whole=True)
    if not changed:
        return

    def run(aws: Aws) -> None:
        _settle(aws, spec)
        when_consistent(
            lambda: aws.client("lambda").update_function_configuration(
                FunctionName=spec.name, **spec.settings
            ),
            _BUSY,
            _ROLE_IS_NEW,
        )
        _settle(aws, spec)

    why = "it knows its pool by its settings alone"
    yield Step(Change.UPDATE, spec.resource, why, changed, run)


def problems(now: Mapping[str, Any]) -> Iterator[str]:
    """What no step brings right, in a function's configuration as Lambda answers it."""
    if now.get("State") == "Failed":
        yield f"its state is Failed: {now.get('StateReason', 'no reason is given')}"
    if now.get("PackageType", "Zip") != "Zip":
        yield "it runs a container image, and Lambda can't change that"
    layers = [str(layer.get("Arn")) for layer in now.get("Layers", [])]
    if layers:
        yield f"it has layers, whose code runs before its own: {', '.join(layers)}"


def _found(aws: Aws, name: str) -> GetFunctionResponseTypeDef | None:
    return unless_absent(lambda: aws.client("lambda").get_function(FunctionName=name), _ABSENT)


def _settle(aws: Aws, spec: FunctionSpec) -> None:
    """Wait until the function can be changed and called; raises `AwsError` when it can't be."""

    def ready() -> bool:
        found = _found(aws, spec.name)
        now: dict[str, Any] = {} if found is None else dict(found["Configuration"])
        if now.get("State") == "Failed" or now.get("LastUpdateStatus") == "Failed":
            reason = now.get("LastUpdateStatusReason") or now.get("StateReason", "")
            raise AwsError(
                f"{spec.resource} failed: {reason}", code="Failed", operation="GetFunction"
            )
        state, update = now.get("State", "Active"), now.get("LastUpdateStatus", "Successful")
        return found is not None and state != "Pending" and update == "Successful"

    until(ready, spec.resource)
