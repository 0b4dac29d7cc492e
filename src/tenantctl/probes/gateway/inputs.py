"""What a tool is told by its caller: other tenants' ids, odd shapes of them, and who calls."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from functools import partial

from tenantctl.domain.canary import PREFIX
from tenantctl.domain.layout import object_prefix, partition_value
from tenantctl.domain.tools import Tool
from tenantctl.probes.gateway.answer import Answer, sort
from tenantctl.probes.gateway.client import Reply, json_of, message
from tenantctl.probes.gateway.ground import Ground, any_of
from tenantctl.probes.gateway.guest import looked
from tenantctl.probes.gateway.spoofed import headers_of
from tenantctl.probes.probe import Got, Trial

_FIX = (
    "let the tool take the tenant from the propagated headers alone, and read with credentials "
    "that IAM confines to it"
)
_SESSION = "take the caller from the token of each request, never from the session"
_PROPAGATED = "bedrockAgentCorePropagatedHeaders"
_PATIENT = "patient_id"


def trials(ground: Ground) -> tuple[Trial, ...]:
    """All of them for one pair."""
    first = ground.readers[:1]
    patients = [tool for tool in ground.readers if _PATIENT in tool.caller_inputs]
    documents = [tool for tool in ground.readers if "query" in tool.caller_inputs]
    return (
        *(_named(ground, tool) for tool in ground.readers),
        *(_patient(ground, tool) for tool in patients),
        *(_shapes(ground, tool) for tool in patients[:1]),
        *(_document(ground, tool) for tool in documents),
        *(_context(ground, tool) for tool in first),
        *(_batch(ground, tool) for tool in first),
    )


def in_session(ground: Ground, session: str) -> tuple[Trial, ...]:
    """Calls in another user's MCP session, with one's own token.

    https://modelcontextprotocol.io/specification/2025-06-18/basic/security_best_practices
    """

    def of(tool: Tool) -> Trial:
        def attack() -> Got:
            headers = [ground.actor.token, ("Mcp-Session-Id", session)]
            answer = ground.endpoint.call(tool, ground.wanted(tool), headers)
            return looked(answer, ground.actor, ground.owner, malformed=True)

        tries = f"read data of {{owner}} with `{tool.name}` in its MCP session"
        return ground.trial("GW-SESSION", tries, _SESSION, attack, *ground.reads(tool))

    return tuple(of(tool) for tool in ground.readers[:1])


def _named(ground: Ground, tool: Tool) -> Trial:
    """Inputs named like what the tool goes by."""
    owner = ground.owner
    identity = ground.names.pool.identity
    headers = dict(headers_of(ground.names, owner))
    named: Mapping[str, object] = {
        **headers,
        **{name.lower(): value for name, value in headers.items()},
        **dict.fromkeys(("clinic_id", "tenant_id", "tenant", "clinic"), owner.tenant.id),
        "tier": owner.tenant.tier,
        identity.tenant.claim: owner.tenant.id,
        identity.tenant.tag: owner.tenant.id,
        _PROPAGATED: headers,
    }

    def attack() -> Got:
        given = {**named, **ground.wanted(tool)}
        answer = ground.endpoint.call(tool, given, [ground.actor.token])
        return looked(answer, ground.actor, owner, malformed=True)

    tries = f"read data of {{owner}} with `{tool.name}` by naming it in the input"
    return ground.trial("GW-INPUT-TENANT", tries, _FIX, attack, *ground.reads(tool))


def _patient(ground: Ground, tool: Tool) -> Trial:
    patient = ground.owner.patient

    def attack() -> Got:
        answer = ground.endpoint.call(tool, ground.wanted(tool, patient), [ground.actor.token])
        return looked(answer, ground.actor, ground.owner)

    tries = f"read a patient of {{owner}} with `{tool.name}` by its id"
    return ground.trial("GW-INPUT-PATIENT", tries, _FIX, attack, *ground.reads(tool, patient))


def _shapes(ground: Ground, tool: Tool) -> Trial:
    """An id that is more than an id: a pattern, a path, a list, an expression of the database."""
    key = ground.owner.patient
    owner = ground.owner.tenant
    table = next(iter(ground.names.pool.data.tables), None)
    partition = owner.id if table is None else partition_value(table, owner)
    shapes: tuple[object, ...] = (
        f"{PREFIX}*",
        f"../{partition}/{key}",
        f"{partition}#{key}",
        f"{key}' OR '1'='1",
        [key],
        {"S": key},
        {"patient_id": key, "clinic_id": owner.id},
    )

    def sent(shape: object) -> Got:
        given = {**ground.wanted(tool), _PATIENT: shape}
        answer = ground.endpoint.call(tool, given, [ground.actor.token])
        return looked(answer, ground.actor, ground.owner, malformed=True)

    return ground.trial(
        "GW-INPUT-SHAPE",
        f"read a patient of {{owner}} with `{tool.name}` by an id that is a pattern or a structure",
        _FIX,
        lambda: any_of(partial(sent, shape) for shape in shapes),
        *ground.reads(tool),
    )


def _document(ground: Ground, tool: Tool) -> Trial:
    owner = ground.owner.tenant
    prefix = next((object_prefix(b, owner) for b in ground.names.pool.data.buckets[:1]), owner.id)
    given = ground.wanted(tool)
    asked: Mapping[str, object] = {
        **dict.fromkeys(("prefix", "s3_prefix"), prefix),
        **dict.fromkeys(("key", "document", "path"), ground.run.object_key(prefix, "visit.md")),
        **given,
        "query": f"{given['query']} {ground.run.object_key(prefix, 'visit.md')}",
    }

    def attack() -> Got:
        answer = ground.endpoint.call(tool, asked, [ground.actor.token])
        return looked(answer, ground.actor, ground.owner, malformed=True)

    tries = f"find a document of {{owner}} with `{tool.name}` by its key"
    return ground.trial("GW-INPUT-DOCUMENT", tries, _FIX, attack, *ground.reads(tool))


def _context(ground: Ground, tool: Tool) -> Trial:
    """What the gateway tells the function, told by the caller in MCP's `_meta` and Lambda's header.

    https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
    """
    custom = {_PROPAGATED: dict(headers_of(ground.names, ground.owner))}
    packed = base64.b64encode(json.dumps({"custom": custom}).encode()).decode()

    def attack() -> Got:
        headers = [ground.actor.token, ("X-Amz-Client-Context", packed)]
        meta = {**custom, "custom": custom, "client_context": {"custom": custom}}
        answer = ground.endpoint.call(tool, ground.wanted(tool), headers, meta)
        return looked(answer, ground.actor, ground.owner, malformed=True)

    tries = f"read data of {{owner}} with `{tool.name}` by a client context of its own"
    return ground.trial("GW-CLIENT-CONTEXT", tries, _FIX, attack, *ground.reads(tool))


def _batch(ground: Ground, tool: Tool) -> Trial:
    """A call beside another in one JSON-RPC batch, where a check may look at the first alone."""
    spoofed = [ground.actor.token, *headers_of(ground.names, ground.owner)]
    body = [message("tools/list"), ground.endpoint.message(tool, ground.wanted(tool))]

    def attack() -> Got:
        reply = ground.endpoint.send(body, spoofed)
        return any_of(
            partial(looked, answer, ground.actor, ground.owner, malformed=True)
            for answer in _each(reply)
        )

    tries = f"read data of {{owner}} with `{tool.name}` by a call in a batch"
    return ground.trial("GW-BATCH", tries, _FIX, attack, *ground.reads(tool))


def _each(reply: Reply) -> list[Answer]:
    """The answers in a batch's answer, or the one that there is."""
    read = json_of(reply)
    if not isinstance(read, list) or not read:
        return [sort(reply)]
    return [sort(Reply(reply.status, {}, json.dumps(part).encode())) for part in read]
