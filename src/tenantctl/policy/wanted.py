"""Which policies the engine should hold: the reviewed folder's, about the gateways that exist."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tenantctl.aws.lookup import Gateway
from tenantctl.cedar.rendering import folder
from tenantctl.cedar.rendering.render import Rendered, render
from tenantctl.cedar.statement import Effect, on_gateway
from tenantctl.domain.names import Names
from tenantctl.domain.policies import MAX_POLICIES, NAME, PolicyKey
from tenantctl.errors import PolicyInvalidError


@dataclass(frozen=True, slots=True)
class Source:
    """The policies to push and where they come from.

    `directory` is the reviewed folder, `None` when there is none and the policies were rendered
    from the configuration. `differing` are the folder's files that rendering would change.
    """

    policies: tuple[Rendered, ...]
    directory: Path | None
    differing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """One policy as the engine should hold it."""

    key: PolicyKey
    text: str
    effect: Effect

    @property
    def name(self) -> str:
        """Its name in the engine, as long as nothing else has it."""
        return self.key.name(self.text)


def source(names: Names, directory: Path | None, *, beside: Path | None = None) -> Source:
    """The policies of the reviewed folder, or without one those that the configuration yields.

    `beside` is the directory of tenantctl.yaml. Raises `PolicyInvalidError`.
    """
    rendered = render(names, beside=beside)
    found = () if directory is None else folder.read(directory, names)
    if directory is None or not found:
        return Source(rendered, None)
    changes = folder.compare(directory, rendered)
    differing = (p for p, change in changes.items() if change is not folder.Difference.UNCHANGED)
    return Source(found, directory, tuple(differing))


def wanted(
    policies: Sequence[Rendered], gateways: Mapping[str, Gateway], *, tier: str | None = None
) -> tuple[Wanted, ...]:
    """What the engine should hold, of all tiers or one.

    Statements name the gateway's own ARN where the gateway exists. Raises `PolicyInvalidError`
    before anything is sent.
    """
    made: list[Wanted] = []
    for policy in policies:
        if tier is not None and policy.key.tier != tier:
            continue
        gateway = gateways.get(policy.key.tier)
        statement = policy.statement
        if gateway is not None:
            statement = on_gateway(statement, gateway.arn)
        made.append(Wanted(policy.key, statement.text, statement.effect))
        if NAME.fullmatch(made[-1].name) is None:
            raise PolicyInvalidError(f"`{made[-1].name}` can't name a policy")
    if len(made) > MAX_POLICIES:
        raise PolicyInvalidError(
            f"{len(made)} policies are more than an engine takes",
            hint=f"at most {MAX_POLICIES}; speak of tiers, not of tenants",
        )
    return tuple(made)
