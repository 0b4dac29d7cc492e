"""Tier, clinic and user of a call: which claims and session tags name them, and their format.

`TENANTCTL_IDENTITY` holds it as JSON, as `tenantctl.yaml` declares it:
`{"tier": {"tag": "Tier", "claim": "custom:tier", "pattern": null}, "tenant": …, "user": …}`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

# Letters, digits, spaces and `_ . : + = @ -`, at most 256: never a wildcard, nor a line's end.
# A session tag may also hold `/`, but here it joins the parts of a prefix.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_know
_TAG_VALUE = re.compile(r"[\w .:=+\-@]{1,256}")


class IdentityError(ValueError):
    """A value can't be what it is given as; the text never holds the value."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of an identity."""

    tag: str
    claim: str
    pattern: str | None

    def checked(self, value: object) -> str:
        """The value, if it has the format. Raises `IdentityError`."""
        if not isinstance(value, str) or _TAG_VALUE.fullmatch(value) is None:
            raise IdentityError(f"`{self.claim}` can't be a session tag")
        if self.pattern is not None and re.fullmatch(self.pattern, value) is None:
            raise IdentityError(f"`{self.claim}` has not the form that the pool declares")
        return value


@dataclass(frozen=True, slots=True)
class Identity:
    """What names a caller."""

    tier: Part
    tenant: Part
    user: Part

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Identity:
        """As `TENANTCTL_IDENTITY` declares it; a function without it runs for nobody."""
        declared = json.loads(environment["TENANTCTL_IDENTITY"])
        return cls(**{name: Part(**part) for name, part in declared.items()})


@dataclass(frozen=True, slots=True)
class Caller:
    """One user of one clinic."""

    tier: str
    clinic: str
    user: str

    def fill(self, template: str) -> str:
        """`{tier}-tier/{tenant}/` for this caller; no part can hold a brace."""
        values = {"{tier}": self.tier, "{tenant}": self.clinic, "{user}": self.user}
        for variable, value in values.items():
            template = template.replace(variable, value)
        return template
