"""The runtimes that the control plane keeps, and what a session of one begins with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenantctl.domain.names import partition
from tenantctl.local.call import ServiceError
from tenantctl.local.gateway.address import as_served
from tenantctl.local.keys import SERVICE
from tenantctl.local.recognise.runtimes import DEFAULT_ENDPOINT
from tenantctl.local.runtime.process import Program
from tenantctl.local.runtime.sessions import Start
from tenantctl.local.runtime.settings import Runtime, runtime_of
from tenantctl.local.service_role import Sessions

if TYPE_CHECKING:
    from tenantctl.local.cloud import Cloud

_CONTROL = "bedrock-agentcore-control"
_NOWHERE = "/dev/null"


class Runtimes:
    """The runtimes of a cloud that is served at `endpoint`; may be used from many threads."""

    def __init__(self, cloud: Cloud, endpoint: str) -> None:
        self._cloud = cloud
        self._endpoint = endpoint
        self._roles = Sessions(cloud)
        self._codes: dict[tuple[str, str], bytes] = {}

    def find(self, runtime_id: str, qualifier: str) -> Runtime:
        """The version of a runtime at one of its endpoints; raises `ServiceError`.

        The endpoint DEFAULT is always at the newest version.
        """
        named = {"agentRuntimeId": runtime_id}
        with self._cloud.lock:
            if qualifier != DEFAULT_ENDPOINT:
                endpoint = self._cloud.ask(
                    _CONTROL, "GetAgentRuntimeEndpoint", {**named, "endpointName": qualifier}
                )
                named["agentRuntimeVersion"] = endpoint["liveVersion"]
            return runtime_of(self._cloud.ask(_CONTROL, "GetAgentRuntime", named))

    def start(self, runtime: Runtime) -> Start:
        """What a session begins with; raises `RefusedError` where AgentCore can't be the role."""
        with self._cloud.lock:
            version = (runtime.id, runtime.version)
            code = self._codes.get(version) or self._code(runtime)
            self._codes[version] = code  # a version stays what it is, whatever S3 then holds
            program = Program(code, runtime.entry_point, self._environ(runtime))
        return Start(program, runtime.idle, runtime.lifetime)

    def _code(self, runtime: Runtime) -> bytes:
        from moto.s3.exceptions import S3ClientError
        from moto.s3.models import s3_backends

        cloud = self._cloud
        backend = s3_backends[cloud.account][partition(cloud.region)]
        try:
            found = backend.get_object(runtime.bucket, runtime.key, runtime.object_version)
        except S3ClientError:
            found = None
        if found is None or not isinstance(found.value, bytes):
            raise ServiceError("RuntimeClientError", "The agent's code is no longer in S3", 424)
        return found.value

    def _environ(self, runtime: Runtime) -> dict[str, str]:
        """A runtime's own variables, and over them AgentCore's."""
        cloud, region = self._cloud, self._cloud.region
        source = (
            f"arn:{partition(region)}:bedrock-agentcore:{region}:{cloud.account}"
            f":runtime/{runtime.id}"
        )
        keys = self._roles.session(
            SERVICE, runtime.role_arn, "BedrockAgentCore", source_arn=source
        ).credentials
        return {
            **{name: as_served(self._endpoint, text) for name, text in runtime.environment.items()},
            "AWS_ACCESS_KEY_ID": keys.access_key_id,
            "AWS_SECRET_ACCESS_KEY": keys.secret_access_key,
            "AWS_SESSION_TOKEN": keys.session_token or "",
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_ENDPOINT_URL": self._endpoint,
            "AWS_CONFIG_FILE": _NOWHERE,
            "AWS_SHARED_CREDENTIALS_FILE": _NOWHERE,
            "AWS_EC2_METADATA_DISABLED": "true",
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
        }
