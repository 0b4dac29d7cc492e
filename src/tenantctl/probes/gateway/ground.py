"""Where an attack on a gateway takes place, and what makes a refusal there believable."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tenantctl.domain.canary import Run
from tenantctl.domain.names import Names
from tenantctl.domain.pool import ToolRule
from tenantctl.domain.tools import Tool
from tenantctl.probes.gateway.endpoints import Endpoint
from tenantctl.probes.gateway.guest import SHARED, Guest, arguments, read
from tenantctl.probes.probe import Control, Got, Plane, RefusedError, Trial, UnclearError

ACTION = "bedrock-agentcore:InvokeGateway"


@dataclass(frozen=True, slots=True)
class Ground:
    """An actor at a gateway, and whose data it is after.

    `readers` are the tools that answer whoever may call them; `home` is the owner's own gateway.
    """

    names: Names
    run: Run
    endpoint: Endpoint
    actor: Guest
    owner: Guest
    readers: tuple[Tool, ...]
    home: Endpoint

    def rule(self, tool: Tool) -> ToolRule | None:
        """Under what rule the gateway's tier may call a tool."""
        return self.names.pool.tiers[self.endpoint.tier].tools.get(tool.name)

    def trial(
        self,
        rule: str,
        tries: str,
        fix: str,
        attack: Callable[[], Got],
        *controls: Control,
        at: Endpoint | None = None,
    ) -> Trial:
        """An attack as a trial; `at` is the gateway that is attacked, if not the actor's own."""
        return Trial(
            rule=rule,
            plane=Plane.GATEWAY,
            action=ACTION,
            tries=tries,
            fix=fix,
            actor=self.actor.party,
            owner=self.owner.party,
            resource=(at or self.endpoint).arn,
            context={},
            attack=attack,
            controls=controls,
        )

    def reads(self, tool: Tool, patient: str | None = None) -> tuple[Control, ...]:
        """Both get their own data by a tool: the owner at its own gateway, if it has a user.

        `patient` is the owner's own, where the attack asks for that one.
        """
        shared = self.run.sort_key(SHARED)
        own = self._reads(self.endpoint, tool, self.actor, shared, "the caller itself")
        if not self.owner.id_token or tool not in self.home.tools:
            return (own,)
        return (self._reads(self.home, tool, self.owner, patient or shared, "the owner"), own)

    def _reads(self, at: Endpoint, tool: Tool, guest: Guest, patient: str, who: str) -> Control:
        key = ("GW-READ", at.tier, tool.name, guest.tenant.id, patient)
        return Control(key, who, lambda: read(at, tool, guest, patient))

    def wanted(self, tool: Tool, patient: str | None = None) -> dict[str, object]:
        """The arguments that bring a canary back: by default of the patient whom all have."""
        return arguments(tool, patient or self.run.sort_key(SHARED))


def let_in(at: Endpoint, guest: Guest) -> Control:
    """The gateway takes a genuine token of its tier."""

    def attempt() -> Got:
        at.listed([guest.token]).must()
        return Got()

    return Control(("GW-LISTED", at.tier, guest.tenant.id), "the genuine token", attempt)


def any_of(attempts: Iterable[Callable[[], Got]]) -> Got:
    """Try several forms of one attack; it is refused only if each of them is.

    Raises `UnclearError`, `RefusedError`.
    """
    refused: list[str] = []
    unclear: list[str] = []
    for attempt in attempts:
        try:
            return attempt()
        except RefusedError as error:
            refused.append(str(error))
        except UnclearError as error:
            unclear.append(str(error))
    if unclear:
        raise UnclearError(unclear[0])
    raise RefusedError("; ".join(dict.fromkeys(refused)))
