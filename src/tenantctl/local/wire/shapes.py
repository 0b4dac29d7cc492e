"""Check a request's parameters against botocore's model, as AWS's front end does.

boto3 itself checks types, required members and some lengths; patterns, enumerations and unions
reach the service unchecked. https://smithy.io/2.0/spec/constraint-traits.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StringShape, StructureShape

from tenantctl.local.call import ServiceError

_PLAIN: Mapping[str, tuple[type, ...]] = {
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "timestamp": (datetime, int, float, str),
    "blob": (bytes, str),
}
"""What the parser makes of a value, by its type in the model."""


@cache
def model(service: str) -> ServiceModel:
    """A service's model, as botocore ships it."""
    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


def check(service: str, operation: str, params: Mapping[str, Any]) -> None:
    """Raise `ServiceError` (ValidationException) for parameters that the model doesn't admit."""
    shape = model(service).operation_model(operation).input_shape
    found = list(_problems(shape, params, "")) if shape is not None else []
    if found:
        noun = "error" if len(found) == 1 else "errors"
        raise ServiceError(
            "ValidationException",
            f"{len(found)} validation {noun} detected: {'; '.join(found)}",
        )


def _problems(shape: Shape, value: object, path: str) -> Iterator[str]:
    if getattr(shape, "is_document_type", False):
        return  # any JSON
    if isinstance(shape, StructureShape):
        yield from _structure(shape, value, path)
    elif isinstance(shape, MapShape) and isinstance(value, Mapping):
        yield from _range(shape, len(value), path, "length")
        for key, item in value.items():
            yield from _problems(shape.key, key, f"{path}/{key}")
            yield from _problems(shape.value, item, f"{path}/{key}")
    elif isinstance(shape, ListShape) and isinstance(value, list | tuple):
        yield from _range(shape, len(value), path, "length")
        for number, item in enumerate(value):
            yield from _problems(shape.member, item, f"{path}/{number}")
    elif isinstance(shape, StringShape) and isinstance(value, str):
        yield from _string(shape, value, path)
    elif _is_plain(shape, value):
        if isinstance(value, int | float):
            yield from _range(shape, value, path, "value")
    else:
        yield f"Value at '{path}' failed to satisfy constraint: Member must be a {shape.type_name}"


def _is_plain(shape: Shape, value: object) -> bool:
    if isinstance(value, bool):  # which is an int to Python
        return shape.type_name == "boolean"
    return isinstance(value, _PLAIN.get(shape.type_name, ()))


def _structure(shape: StructureShape, value: object, path: str) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield f"Value at '{path}' failed to satisfy constraint: Member must be a structure"
        return
    for name in shape.required_members:
        if value.get(name) is None:
            yield f"Value at '{path}/{name}' failed to satisfy constraint: Member must not be null"
    given = [name for name in shape.members if value.get(name) is not None]
    if getattr(shape, "is_tagged_union", False) and len(given) != 1:
        yield f"Value at '{path}' failed to satisfy constraint: Exactly one member must be set"
    for name in given:
        yield from _problems(shape.members[name], value[name], f"{path}/{name}")


def _string(shape: StringShape, value: str, path: str) -> Iterator[str]:
    wrong = list(_range(shape, len(value), path, "length"))
    yield from wrong
    start = f"Value at '{path}' failed to satisfy constraint: Member must satisfy"
    if shape.enum and value not in shape.enum:
        yield f"{start} enum value set: [{', '.join(shape.enum)}]"
    pattern = shape.metadata.get("pattern")
    # Some patterns take quadratic time, which a length within its bounds keeps short.
    if not wrong and pattern is not None and not _fits(pattern, value):
        yield f"{start} regular expression pattern: {pattern}"


@cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern)
    except re.error:
        return None


def _fits(pattern: str, value: str) -> bool:
    """Whether a value fits; patterns that Python can't read are passed over, as those of tags."""
    found = _compiled(pattern)
    return found is None or found.fullmatch(value) is not None


def _range(shape: Shape, size: float, path: str, what: str) -> Iterator[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if (low is None or size >= low) and (high is None or size <= high):
        return
    yield (
        f"Value with {what} {size} at '{path}' failed to satisfy constraint: "
        f"Member must have {what} between {low} and {high}, inclusive"
    )
