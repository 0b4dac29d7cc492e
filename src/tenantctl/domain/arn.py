"""An Amazon Resource Name, taken apart and put together.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
"""

from __future__ import annotations

from dataclasses import dataclass

from tenantctl.errors import UsageError


@dataclass(frozen=True, slots=True)
class Arn:
    """The six parts; `resource` keeps its own colons and slashes. `str()` gives the text back."""

    partition: str
    service: str
    region: str
    account: str
    resource: str

    @classmethod
    def parse(cls, text: str) -> Arn:
        """Read `arn:partition:service:region:account:resource`.

        Raises `UsageError` when a part that every ARN has is missing.
        """
        prefix, *parts = text.split(":", 5)
        if prefix != "arn" or len(parts) != 5:  # noqa: PLR2004 - the parts after `arn:`
            raise UsageError(
                f"`{text}` is no ARN", hint="write arn:partition:service:region:account:resource"
            )
        arn = cls(*parts)
        if not (arn.partition and arn.service and arn.resource):
            raise UsageError(
                f"`{text}` lacks a part", hint="only region and account may be empty in an ARN"
            )
        return arn

    def __str__(self) -> str:
        """The ARN's text."""
        parts = (self.partition, self.service, self.region, self.account, self.resource)
        return ":".join(("arn", *parts))
