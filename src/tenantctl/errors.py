"""What can go wrong, and the exit code that says so.

Every failure that a user can cause or mend is a `TenantctlError`: a message (lower case, no
period, user input in backticks), a hint that says what to do next, and an exit code. Anything
else that reaches `__main__` is a defect of the tool and exits with 1, never with a verdict.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """The contract with scripts and CI; a crash never looks like a verdict."""

    OK = 0
    FAILED = 1
    USAGE = 2
    BREACH = 10
    INCONCLUSIVE = 11
    DENIED = 12
    POLICY_INVALID = 13
    DIFFERENCES = 14
    CANNOT_EXECUTE = 126  # these two as shells have them, for `creds exec`
    COMMAND_NOT_FOUND = 127
    INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a user's file an error sits; `line` counts from 1."""

    file: str
    line: int | None = None
    key: str | None = None

    def __str__(self) -> str:
        """Render as compilers do: `file:line: key`."""
        at = self.file if self.line is None else f"{self.file}:{self.line}"
        return at if self.key is None else f"{at}: {self.key}"


class TenantctlError(Exception):
    """The tool could not do what was asked."""

    exit_code: ClassVar[ExitCode] = ExitCode.FAILED

    def __init__(
        self, message: str, *, hint: str | None = None, place: Place | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.place = place

    def __str__(self) -> str:
        """One line, with its place in front."""
        return self.message if self.place is None else f"{self.place}: {self.message}"


class InterruptError(TenantctlError):
    """Ctrl-C or SIGTERM ended the command; every `with` block has cleaned up."""

    exit_code = ExitCode.INTERRUPTED


class UsageError(TenantctlError):
    """The command line, an input file or a value in one is wrong."""

    exit_code = ExitCode.USAGE


class ConfigError(UsageError):
    """`tenantctl.yaml` or a manifest doesn't say what it must."""


class ConfirmationNeededError(UsageError):
    """A question would have to be asked, and there is no terminal to ask it on."""


class PolicyInvalidError(TenantctlError):
    """A Cedar or IAM policy can't be read, or says what it must not."""

    exit_code = ExitCode.POLICY_INVALID


class DeniedError(TenantctlError):
    """A policy refused what was asked of it."""

    exit_code = ExitCode.DENIED


class NotFoundError(TenantctlError):
    """Something named by the user doesn't exist."""


class ConflictError(TenantctlError):
    """Something exists already, and differs."""


class DriftError(TenantctlError):
    """What is deployed isn't what the tool left there; somebody else changed it."""

    exit_code = ExitCode.DIFFERENCES


class StateError(TenantctlError):
    """The embedded cloud's state on disk can't be used."""


class TokenError(TenantctlError):
    """A token is not what it claims to be; the message says which check failed."""


class CommandNotFoundError(TenantctlError):
    """The command to run with vended credentials doesn't exist."""

    exit_code = ExitCode.COMMAND_NOT_FOUND


class CannotExecuteError(TenantctlError):
    """The command to run with vended credentials exists, and can't be started."""

    exit_code = ExitCode.CANNOT_EXECUTE


class AwsError(TenantctlError):
    """AWS (or the embedded cloud) refused or failed a call."""

    def __init__(self, message: str, *, code: str, operation: str, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.code = code
        self.operation = operation


class CredentialsError(UsageError):
    """There are no usable AWS credentials, or the region is not one."""
