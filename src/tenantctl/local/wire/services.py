"""Which services the embedded cloud has, and what botocore's models say of their operations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from moto.core.model import OperationModel, ServiceModel
from moto.core.utils import get_service_model

from tenantctl.local.failure import Protocol


@dataclass(frozen=True, slots=True)
class Service:
    """One service: botocore's name, the name it signs with, how it speaks."""

    name: str
    signing: str
    protocol: Protocol
    is_global: bool = False

    @property
    def model(self) -> ServiceModel:
        """Botocore's model, in moto's classes."""
        return get_service_model(self.name)


SERVICES = (
    Service("s3", "s3", Protocol.S3, is_global=True),
    Service("dynamodb", "dynamodb", Protocol.JSON),
    Service("dynamodbstreams", "dynamodb", Protocol.JSON),
    Service("iam", "iam", Protocol.QUERY, is_global=True),
    Service("sts", "sts", Protocol.QUERY, is_global=True),
    Service("cognito-idp", "cognito-idp", Protocol.JSON),
    Service("bedrock-agentcore-control", "bedrock-agentcore", Protocol.REST_JSON),
    Service("bedrock-agentcore", "bedrock-agentcore", Protocol.REST_JSON),
    Service("bedrock-agent", "bedrock", Protocol.REST_JSON),
    Service("bedrock-agent-runtime", "bedrock", Protocol.REST_JSON),
    Service("bedrock-runtime", "bedrock", Protocol.REST_JSON),  # models: all refused by name
    Service("s3vectors", "s3vectors", Protocol.REST_JSON),
    Service("kms", "kms", Protocol.JSON),
    Service("lambda", "lambda", Protocol.REST_JSON),
    Service("stepfunctions", "states", Protocol.JSON),
)

COGNITO = next(s for s in SERVICES if s.name == "cognito-idp")
S3 = SERVICES[0]


@dataclass(frozen=True, slots=True)
class Parsed:
    """A request that names one operation of one service; `params` as in botocore's input shape.

    `query` holds the form of a query request or the URL's parameters, `document` a JSON body.
    """

    service: Service
    model: OperationModel
    params: Mapping[str, Any] = field(repr=False)
    query: tuple[tuple[str, str], ...] = ()
    document: Mapping[str, Any] | None = field(default=None, repr=False)

    @property
    def operation(self) -> str:
        """The operation's name."""
        return str(self.model.name)


def by_signing_name(name: str) -> tuple[Service, ...]:
    """The services that sign with this name; none, where the embedded cloud doesn't have it."""
    return tuple(s for s in SERVICES if s.signing == name)


@lru_cache(maxsize=4096)
def operation_model(service: str, name: str) -> OperationModel | None:
    """An operation's model; `None` where the service has none of that name."""
    model = get_service_model(service)
    return model.operation_model(name) if name in model.operation_names else None


@lru_cache(maxsize=4096)
def query_names(service: str, operation: str) -> Mapping[str, bool]:
    """The query parameters that an operation has, and whether each may be repeated."""
    model = get_service_model(service).operation_model(operation)
    names = dict.fromkeys(model.http_trait.query_args, False)
    shape = model.input_shape
    for member in shape.members.values() if shape is not None else ():
        if member.serialization.get("location") == "querystring":
            names[member.serialization["name"]] = member.type_name == "list"
    return names


@lru_cache(maxsize=4096)
def header_names(service: str, operation: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """The headers that an operation has, by name and by prefix; lower case."""
    shape = get_service_model(service).operation_model(operation).input_shape
    names, prefixes = set(), set()
    for member in shape.members.values() if shape is not None else ():
        where = member.serialization.get("location")
        if where == "header":
            names.add(member.serialization["name"].lower())
        elif where == "headers":
            prefixes.add(member.serialization["name"].lower())
    return frozenset(names), tuple(prefixes)
