"""One frozen value that reaches AWS, or the embedded cloud; an argument everywhere, never a global.

A boto3 Session is made once (a second one costs some 130 ms of model loading); clients are made
on first use and kept. Acting as somebody else is another `Aws` on the same Session.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, overload

from tenantctl import __version__
from tenantctl.domain.pool import Target

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_bedrock_agentcore import BedrockAgentCoreClient
    from mypy_boto3_bedrock_agentcore_control import BedrockAgentCoreControlClient
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sts import STSClient


@dataclass(frozen=True, slots=True)
class Credentials:
    """An access key; `session_token` is there for temporary ones. Never shown."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


class _Clients:
    """Clients by service, made once. boto3's factory isn't safe under threads; clients are."""

    def __init__(self) -> None:
        self._made: dict[str, Any] = {}
        self._lock = threading.Lock()

    def get(self, service: str, make: Callable[[], Any]) -> Any:  # noqa: ANN401 - boto3 is untyped here
        made = self._made.get(service)
        if made is None:
            with self._lock:
                made = self._made.get(service)
                if made is None:
                    made = self._made[service] = make()
        return made


@dataclass(frozen=True, slots=True)
class Aws:
    """A way to call AWS as one principal.

    `endpoint` is the embedded cloud's address, `None` on AWS. `credentials` override the
    Session's own chain. `runtime` are the keys with which the AgentCore service itself calls
    STS; only the embedded cloud lends them.
    """

    session: boto3.Session = field(repr=False)
    target: Target
    region: str
    account: str
    endpoint: str | None = None
    credentials: Credentials | None = None
    runtime: Credentials | None = None
    pool_connections: int = 32
    _clients: _Clients = field(default_factory=_Clients, repr=False, compare=False)

    def acting_as(self, credentials: Credentials) -> Aws:
        """The same cloud as another principal, with clients of its own."""
        return replace(self, credentials=credentials, _clients=_Clients())

    @overload
    def client(self, service: Literal["sts"]) -> STSClient: ...
    @overload
    def client(self, service: Literal["iam"]) -> IAMClient: ...
    @overload
    def client(self, service: Literal["s3"]) -> S3Client: ...
    @overload
    def client(self, service: Literal["dynamodb"]) -> DynamoDBClient: ...
    @overload
    def client(self, service: Literal["cognito-idp"]) -> CognitoIdentityProviderClient: ...
    @overload
    def client(self, service: Literal["lambda"]) -> LambdaClient: ...
    @overload
    def client(self, service: Literal["bedrock-agentcore"]) -> BedrockAgentCoreClient: ...
    @overload
    def client(
        self, service: Literal["bedrock-agentcore-control"]
    ) -> BedrockAgentCoreControlClient: ...
    @overload
    def client(
        self, service: Literal["bedrock-agent", "bedrock-agent-runtime", "s3vectors"]
    ) -> Any: ...  # noqa: ANN401 - their stubs aren't installed
    def client(self, service: str) -> Any:
        """The client of a service, made on first use."""
        return self._clients.get(service, lambda: self._make(service))

    def _make(self, service: str) -> Any:  # noqa: ANN401 - see the overloads of `client`
        from botocore.config import Config

        keys = self.credentials
        config = Config(
            retries={"mode": "adaptive", "max_attempts": 8},
            user_agent_extra=f"tenantctl/{__version__}",
            max_pool_connections=self.pool_connections,
            s3={"addressing_style": "path"} if self.endpoint else None,
        )
        # mypy can't match a plain str against boto3-stubs' literals.
        return self.session.client(  # type: ignore[call-overload]
            service,
            region_name=self.region,
            endpoint_url=self.endpoint,
            config=config,
            aws_access_key_id=keys.access_key_id if keys else None,
            aws_secret_access_key=keys.secret_access_key if keys else None,
            aws_session_token=keys.session_token if keys else None,
        )
