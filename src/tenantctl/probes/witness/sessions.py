"""Sessions of the vending role with the tags that a witness has, each made once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tenantctl.aws.failures import translated
from tenantctl.aws.session import Aws
from tenantctl.domain.names import Names
from tenantctl.errors import AwsError
from tenantctl.probes.parties import warm
from tenantctl.probes.sts import Minting, mint

_DENIED = "AccessDenied"


class NoSessionError(Exception):
    """STS gave no session with these tags; `refused` if it was an authorization's decision."""

    def __init__(self, why: str, *, refused: bool) -> None:
        super().__init__(why)
        self.refused = refused


@dataclass(frozen=True, slots=True)
class Sessions:
    """Vended by the agent role, as tenants' are: with transitive tags, or carelessly, without."""

    agent: Aws
    names: Names
    _made: dict[object, Aws | NoSessionError] = field(default_factory=dict)

    def of(self, tags: Mapping[str, str], *, careless: bool = False) -> Aws:
        """The cloud as a session with these tags sees it; raises `NoSessionError`."""
        key = (careless, frozenset(tags.items()))
        if key not in self._made:
            self._made[key] = self._vended(tags, () if careless else tuple(tags))
        made = self._made[key]
        if isinstance(made, NoSessionError):
            raise made
        return made

    def _vended(self, tags: Mapping[str, str], transitive: tuple[str, ...]) -> Aws | NoSessionError:
        shown = ", ".join(f"{k}={v}" for k, v in tags.items())
        try:
            with translated(f"vending a session with {shown}"):
                keys = mint(Minting(self.agent, self.names.vending_role_arn, tags, transitive))
        except AwsError as error:
            return NoSessionError(error.message, refused=error.code == _DENIED)
        aws = self.agent.acting_as(keys)
        warm(aws)
        aws.client("sts")
        return aws
