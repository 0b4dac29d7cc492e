"""`{tier}-tier/{tenant}/`: one pattern that is a key, a prefix or an actor id, and also a policy.

The same template fills in a tenant's own name (to seed and to probe) and turns into the text of
an IAM policy that speaks of the session's tags. Both readings come from here, so the data layout
and the policy that guards it can't drift apart.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from tenantctl.errors import UsageError


class Variable(StrEnum):
    """What a template may stand for."""

    TIER = "tier"
    TENANT = "tenant"
    USER = "user"


@dataclass(frozen=True, slots=True)
class Template:
    """Literal text and variables, in order; e.g. `(TIER, "-tier/", TENANT, "/")`."""

    parts: tuple[str | Variable, ...]

    @classmethod
    def parse(cls, text: str) -> Template:
        """Read `{tier}`, `{tenant}` and `{user}`; any other brace is an error.

        Raises `UsageError` that names the unknown variable or the stray brace.
        """
        parts: list[str | Variable] = []
        for piece in re.split(r"(\{[^{}]*\})", text):
            if not piece:
                continue
            if piece.startswith("{") and piece.endswith("}"):
                name = piece[1:-1]
                if name not in set(Variable):
                    known = ", ".join(f"{{{v}}}" for v in Variable)
                    raise UsageError(f"unknown variable `{piece}`", hint=f"use one of {known}")
                parts.append(Variable(name))
            elif "{" in piece or "}" in piece:
                raise UsageError(f"stray brace in `{text}`", hint="write variables as {tenant}")
            else:
                parts.append(piece)
        return cls(tuple(parts))

    @property
    def variables(self) -> frozenset[Variable]:
        """Which variables occur."""
        return frozenset(p for p in self.parts if isinstance(p, Variable))

    def fill(self, *, tier: str, tenant: str, user: str | None = None) -> str:
        """The concrete text for one tenant (and user).

        Raises `UsageError` when the template needs a user and none is given.
        """
        values = {Variable.TIER: tier, Variable.TENANT: tenant, Variable.USER: user}
        out: list[str] = []
        for part in self.parts:
            value = values[part] if isinstance(part, Variable) else part
            if value is None:
                raise UsageError(f"`{self}` needs a user")
            out.append(value)
        return "".join(out)

    def policy_text(self, tags: Mapping[Variable, str]) -> str:
        """The same pattern under a session's tags: `${aws:PrincipalTag/Tier}-tier/…`.

        `tags` gives the session tag's name of each variable. Literal `*`, `?` and `$` are
        escaped as IAM asks (`${*}`, `${?}`, `${$}`), so that data can't turn into a wildcard.
        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
        """
        return "".join(
            f"${{aws:PrincipalTag/{tags[part]}}}"
            if isinstance(part, Variable)
            else re.sub(r"[*?$]", lambda m: f"${{{m.group()}}}", part)
            for part in self.parts
        )

    def __str__(self) -> str:
        """The text it was parsed from."""
        return "".join(f"{{{p}}}" if isinstance(p, Variable) else p for p in self.parts)
