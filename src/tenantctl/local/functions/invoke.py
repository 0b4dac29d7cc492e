"""Invoke a function of the embedded cloud: may the caller, and as whom does it run.

The cloud is held while that is found out, and free while the function runs: it calls back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tenantctl.local.call import Check, ServiceError
from tenantctl.local.functions.code import FunctionCode, code_of
from tenantctl.local.functions.run import Processes, Program, Result
from tenantctl.local.principals import Caller
from tenantctl.local.service_role import Sessions, require

if TYPE_CHECKING:
    from tenantctl.local.cloud import Cloud

LAMBDA = "lambda.amazonaws.com"
CLOCK = "TENANTCTL_CLOCK"
"""The variable that sets the clock of functions; it counts only beside an address of this machine.
"""

_NOWHERE = "/dev/null"


class Functions:
    """The functions of a cloud that is served at `endpoint`; `clock` is ISO 8601, or real time."""

    def __init__(self, cloud: Cloud, endpoint: str, *, clock: str | None = None) -> None:
        self._cloud = cloud
        self._endpoint = endpoint
        self._clock = clock
        self._sessions = Sessions(cloud)
        self._processes = Processes()

    def invoke(
        self,
        who: Caller,
        arn: str,
        event: object,
        *,
        client_context: Mapping[str, Any] | None = None,
    ) -> Result:
        """Call a function as `who`, and wait for its answer.

        Raises `RefusedError` where the caller may not, or Lambda may not be the function's role,
        and `ServiceError` where there is no such function.
        """
        with self._cloud.lock:
            require(self._cloud, who, "lambda", "Invoke", (Check("lambda:InvokeFunction", arn),))
            code = code_of(self._cloud.account, self._cloud.region, arn)
            environ = self._environ(code)
        if not code.runtime.startswith("python"):
            raise ServiceError(
                "InvalidRuntimeException", f"The embedded cloud doesn't run {code.runtime}", 502
            )
        return self._processes.call(
            Program(code.arn, code.package, code.handler, environ),
            event,
            client_context=client_context,
            timeout=code.timeout,
        )

    def close(self) -> None:
        """End the processes."""
        self._processes.close()

    def _environ(self, code: FunctionCode) -> dict[str, str]:
        """A function's own variables, and over them Lambda's.

        https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
        """
        keys = self._sessions.session(LAMBDA, code.role_arn, code.name).credentials
        region = self._cloud.region
        around = {
            "AWS_ACCESS_KEY_ID": keys.access_key_id,
            "AWS_SECRET_ACCESS_KEY": keys.secret_access_key,
            "AWS_SESSION_TOKEN": keys.session_token or "",
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_ENDPOINT_URL": self._endpoint,
            "AWS_CONFIG_FILE": _NOWHERE,
            "AWS_SHARED_CREDENTIALS_FILE": _NOWHERE,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{code.runtime}",
            "AWS_LAMBDA_FUNCTION_NAME": code.name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(code.memory_mb),
            "_HANDLER": code.handler,
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
        }
        if self._clock is not None:
            around[CLOCK] = self._clock
        return {**code.environment, **around}
