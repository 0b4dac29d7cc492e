"""The parties of an attack on a gateway: signed-in users, and what tells whose data came back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from tenantctl.domain.finding import Party
from tenantctl.domain.tenant import Tenant
from tenantctl.domain.tools import Tool
from tenantctl.probes.gateway.answer import Answer
from tenantctl.probes.gateway.client import Header, bearer
from tenantctl.probes.gateway.endpoints import Endpoint
from tenantctl.probes.probe import Got, RefusedError

SHARED = "patient"
"""The canary patient whom every party has, so that one call tells by its answer whose it is."""

WORD = "tenantctlcanaryword"
"""What a search of the canary documents asks for."""


@dataclass(frozen=True, slots=True)
class Guest:
    """A tenant's user; one of a made-up tenant has no token, because nobody could sign it in.

    `patient` is the id of a canary patient that this tenant alone has. `secret` stands in the
    tenant's canary records and document, and nowhere else.
    """

    tenant: Tenant
    user: str
    patient: str
    secret: str = field(repr=False)
    id_token: str = field(default="", repr=False)
    access_token: str = field(default="", repr=False)

    @property
    def party(self) -> Party:
        """The same, for a finding."""
        return Party(self.tenant.tier, self.tenant.id, self.user)

    @property
    def token(self) -> Header:
        """Its genuine token, presented as it should be."""
        return bearer(self.id_token)

    def is_in(self, content: object) -> bool:
        """Whether a tool's answer holds something that is this tenant's."""
        if isinstance(content, Mapping) and content.get("clinic_id") == self.tenant.id:
            return True
        return self.secret in json.dumps(content, ensure_ascii=False)


def arguments(tool: Tool, patient: str) -> dict[str, object]:
    """What a tool is asked for, so that its answer tells whose it is."""
    known: Mapping[str, object] = {"patient_id": patient, "query": WORD}
    return {name: known[name] for name in tool.caller_inputs if name in known}


def read(endpoint: Endpoint, tool: Tool, guest: Guest, patient: str) -> Got:
    """The genuine call, for controls: its data is there when the answer is the guest's own."""
    content = endpoint.call(tool, arguments(tool, patient), [guest.token]).must()
    return Got(data=guest.is_in(content))


def looked(answer: Answer, actor: Guest, owner: Guest, *, malformed: bool = False) -> Got:
    """What an attempt to read the owner's data came to; see `Answer.must`."""
    content = answer.must(malformed=malformed)
    if owner.is_in(content):
        return Got(detail=f"the tool answered with what is `{owner.tenant.id}`'s")
    whose = "its own data" if actor.is_in(content) else "nothing of the other's"
    raise RefusedError(f"the tool answered it with {whose}")
