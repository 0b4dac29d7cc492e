"""The embedded cloud: authenticate, recognise, authorize, and only then let moto answer.

One lock is held from the caller's policies to the answer: what was authorized is what is done,
and moto's backends aren't safe under threads.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tenantctl.domain.names import partition
from tenantctl.local import documents
from tenantctl.local.agentcore.api import ControlPlane
from tenantctl.local.agentcore.surroundings import Surroundings
from tenantctl.local.agents import Agents, Later
from tenantctl.local.authorize import authorize, request_context
from tenantctl.local.behind import forward, inside
from tenantctl.local.call import Call, Change, Check, ServiceError, UnrecognisedError
from tenantctl.local.cognito import rules as cognito_rules
from tenantctl.local.facts import MotoFacts, check_upload
from tenantctl.local.failure import Failure, Protocol, RefusedError, as_service_error
from tenantctl.local.functions import rules as function_rules
from tenantctl.local.keys import Keys
from tenantctl.local.knowledge.api import KnowledgeBases
from tenantctl.local.memory.api import Memories
from tenantctl.local.policy_engine.api import PolicyEngines
from tenantctl.local.principals import ANONYMOUS, Caller, caller
from tenantctl.local.recognise import recognise
from tenantctl.local.recognise.dynamodb.partiql import answer as partiql
from tenantctl.local.recognise.runtimes import OPERATIONS as AGENT_OPERATIONS
from tenantctl.local.sts import service as sts
from tenantctl.local.wire import answers, chunked, sigv4
from tenantctl.local.wire.incoming import HOSTS, Answer, Incoming
from tenantctl.local.wire.reading import parse
from tenantctl.local.wire.services import COGNITO, S3, Parsed, Service, by_signing_name

_log = logging.getLogger(__name__)
_log.addHandler(logging.NullHandler())  # nobody's terminal, unless somebody asks for logs

_WELL_KNOWN = re.compile(
    r"/(?P<region>[a-z0-9-]+)_[A-Za-z0-9]+/\.well-known/(?:jwks\.json|openid-configuration)"
)
_READS = re.compile(
    r"(?:BatchGet|Describe|Get|Head|List|Query|Retrieve|Scan|Select|TransactGet)[A-Z]?"
)
_SCOPE = re.compile(r"/([a-z0-9.-]+)/aws4_request")
_COGNITO_TARGET = "AWSCognitoIdentityProviderService."


@dataclass
class Cloud:
    """One embedded cloud: its own secrets and services, and moto's behind it.

    `changed` is told of every request that may have changed something, under the lock, before it
    is answered; `save` puts on disk what isn't there yet. `torn` is set when a request was
    interrupted half way. `clock` is in seconds since the epoch. `served_at` is the address on which
    it listens now, `agents` who answers for runtimes there; `writes` counts the requests by service
    that may have changed something.
    """

    region: str
    account: str
    keys: Keys = field(repr=False)
    engines: dict[tuple[str, str], PolicyEngines] = field(repr=False, default_factory=dict)
    planes: dict[tuple[str, str], ControlPlane] = field(repr=False, default_factory=dict)
    memories: dict[tuple[str, str], Memories] = field(repr=False, default_factory=dict)
    knowledge: dict[tuple[str, str], KnowledgeBases] = field(repr=False, default_factory=dict)
    changed: Callable[[Change], None] = field(repr=False, default=lambda _change: None)
    save: Callable[[], None] = field(repr=False, default=lambda: None)
    clock: Callable[[], float] = field(repr=False, default=time.time)
    torn: bool = False
    served_at: str | None = None
    agents: Agents | None = field(repr=False, default=None)
    writes: Counter[str] = field(repr=False, default_factory=Counter)
    lock: threading.RLock = field(repr=False, default_factory=threading.RLock)

    def answer(self, request: Incoming) -> Answer:
        """The answer to one request; an error is an answer too."""
        protocol = _protocol(request)
        try:
            return self._answer(request)
        except RefusedError as error:
            failed = as_service_error(error, protocol)
        except ServiceError as error:
            failed = error
        except UnrecognisedError as error:
            refused = RefusedError(Failure.DENIED, f"not recognised, so not allowed: {error}")
            failed = as_service_error(refused, protocol)
        except Exception as error:  # noqa: BLE001 - our own defect, told as AWS tells of its own
            _log.exception("the embedded cloud failed")
            refused = RefusedError(
                Failure.INTERNAL, f"The embedded cloud failed: {type(error).__name__}"
            )
            failed = as_service_error(refused, protocol)
        return answers.error(failed, protocol, method=request.method)

    # -- who calls ----------------------------------------------------------------------------

    def _answer(self, request: Incoming) -> Answer:
        if request.host not in HOSTS:
            raise RefusedError(Failure.DENIED, "The embedded cloud answers to 127.0.0.1 alone")
        signature = sigv4.read(request)
        with self.lock:
            found = self._signed(request, signature) if signature else self._unsigned(request)
        return found if isinstance(found, Answer) else found()

    def _signed(self, request: Incoming, signature: sigv4.Signature) -> Answer | Later:
        now = self.clock()
        services = by_signing_name(signature.service)
        if not services:
            raise RefusedError(
                Failure.DENIED, f"The embedded cloud has no service `{signature.service}`"
            )
        if signature.url_seconds is not None and services[0] is not S3:
            raise RefusedError(Failure.BAD_URL, "Only S3 takes presigned URLs here")
        who = caller(
            self.keys, signature.access_key, signature.token, region=signature.region, now=now
        )
        payload = sigv4.verify(request, signature, who.secret, now)
        request = chunked.decode(request, signature, who.secret, payload)
        if services[0] is S3:
            chunked.check_checksums(request)
        parsed = parse(services, request, forward.environ_of(request))
        region = self._region(parsed.service, signature.region)
        return self._run(self._asked(request, parsed, who, region, now=now))

    def _unsigned(self, request: Incoming) -> Answer | Later:
        """Keys of user pools, Cognito's public operations, and what a bucket gives to everyone."""
        known = _WELL_KNOWN.fullmatch(request.path)
        if known and request.method == "GET" and not request.query:
            region = self._region(COGNITO, known["region"])
            return forward.forward_well_known(request.path, region=region, account=self.account)
        if request.headers.get("x-amz-target", "").startswith(_COGNITO_TARGET):
            parsed = parse((COGNITO,), request, {})
            if parsed.model.auth_type != "none":
                raise RefusedError(Failure.UNSIGNED, "Missing Authentication Token")
        elif _protocol(request) is Protocol.S3:
            parsed = parse((S3,), request, forward.environ_of(request))
        else:
            raise RefusedError(Failure.UNSIGNED, "Missing Authentication Token")
        return self._run(self._asked(request, parsed, ANONYMOUS, self.region, now=self.clock()))

    def _region(self, service: Service, region: str) -> str:
        """The region to act in; a global service has none of its own."""
        if region == self.region:
            return region
        if service.is_global and partition(region) == partition(self.region):
            return self.region
        raise RefusedError(
            Failure.DENIED,
            f"The embedded cloud is in {self.region}; nothing of `{region}` is there",
        )

    # -- what for -----------------------------------------------------------------------------

    def _asked(
        self, request: Incoming, parsed: Parsed, who: Caller, region: str, *, now: float
    ) -> _Asked:
        account = who.principal.account or self.account
        call = Call(
            service=parsed.service.name,
            operation=parsed.operation,
            params=parsed.params,
            region=region,
            account=account,
            principal=who.principal,
            caller_context=who.context,
        )
        facts = MotoFacts(region, account, self.knowledge_bases(account, region))
        return _Asked(request, parsed, who, call, facts, now)

    def _run(self, asked: _Asked) -> Answer | Later:
        call, who = asked.call, asked.who
        context = {**request_context(asked.request, call, asked.now), **who.context}
        authorize(call, who, _checks(asked), asked.facts, context)
        if call.service == "bedrock-agentcore" and call.operation in AGENT_OPERATIONS:
            if self.agents is None:
                raise RefusedError(
                    Failure.NOT_IMPLEMENTED, "Agents run only while the embedded cloud is served"
                )
            return self.agents.signed(call, asked.request)
        if call.service == "cognito-idp":
            cognito_rules.check(call)
        documents.check(call)
        if call.service == "s3":
            check_upload(call)
        elif call.service == "lambda":
            function_rules.check(call)
        if _READS.match(call.operation) or call.service == "sts":
            return self._served(asked)
        self.torn = True
        try:
            answered = self._served(asked)
            self.torn = False
        except Exception:  # a failed request may have changed something, but it has ended
            self.torn = False
            raise
        finally:
            self.writes[call.service] += 1
            self.changed(Change(call.service, call.operation, call.account, call.region))
        return answered

    def _served(self, asked: _Asked) -> Answer:
        call, parsed = asked.call, asked.parsed
        own = self._own(asked)
        if own is not None:
            return answers.result(parsed, own)
        return forward.forward(parsed, asked.request, region=call.region, account=call.account)

    def _own(self, asked: _Asked) -> Mapping[str, Any] | None:
        """The output of an operation that the embedded cloud carries out itself."""
        call = asked.call
        region, account = call.region, call.account
        if call.service == "sts":
            return sts.handle(call, asked.who, key=self.keys.session_key, now=asked.now)
        if call.service == "bedrock-agentcore-control":
            return self._controlled(call)
        if call.service == "bedrock-agentcore" and call.operation in Memories.operations:
            memories = self.memories.setdefault((account, region), Memories())
            existing = self.control_plane(account, region).memory_ids()
            return memories.handle(call.operation, call.params, existing=existing, now=asked.now)
        if call.service in KnowledgeBases.services:
            bases = self.knowledge_bases(account, region)
            return bases.handle(call.service, call.operation, call.params)
        if call.service == "dynamodb" and call.operation in partiql.operations:

            def run(operation: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
                return forward.invoke("dynamodb", operation, params, region, account)

            return partiql.answer(call, asked.facts, run)
        return None

    def _controlled(self, call: Call) -> Mapping[str, Any] | None:
        """The same for AgentCore's control plane."""
        engines = self.policy_engines(call.account, call.region)
        if engines.owns(call.operation, call.params):
            return engines.handle(call.operation, call.params)
        plane = self.control_plane(call.account, call.region)
        if call.operation in plane.operations:
            around = Surroundings(call.region, call.account, engines, self.served_at)
            return plane.handle(call.operation, call.params, around)
        return None

    def knowledge_bases(self, account: str, region: str) -> KnowledgeBases:
        """The knowledge bases of an account in a region."""
        found = self.knowledge.get((account, region))
        if found is None:
            found = self.knowledge[account, region] = KnowledgeBases(region, account)
        return found

    def ask(self, service: str, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """What a service answers to the embedded cloud's own parts, whom no policy binds.

        `params` and the answer are as boto3 has them. Raises `ServiceError`. Call it with the lock
        held.
        """
        request, parsed = inside.request_of(service, operation, params)
        call = Call(
            service, operation, parsed.params, self.region, self.account, ANONYMOUS.principal
        )
        facts = MotoFacts(self.region, self.account)
        asked = _Asked(request, parsed, ANONYMOUS, call, facts, self.clock())
        return inside.output_of(parsed, self._served(asked))

    def control_plane(self, account: str, region: str) -> ControlPlane:
        """AgentCore's control plane of an account in a region, but for its policy engines."""
        found = self.planes.get((account, region))
        if found is None:
            found = self.planes[account, region] = ControlPlane(region, account)
        return found

    def policy_engines(self, account: str, region: str) -> PolicyEngines:
        """The policy engines of an account in a region."""
        found = self.engines.get((account, region))
        if found is None:
            found = self.engines[account, region] = PolicyEngines(region, account)
        return found


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request that has been read, and who made it."""

    request: Incoming
    parsed: Parsed
    who: Caller
    call: Call
    facts: MotoFacts
    now: float


def _checks(asked: _Asked) -> tuple[Check, ...]:
    if asked.call.service != "sts":
        return recognise(asked.call, asked.facts)
    sts.check_request(asked.call, asked.who)
    return (*recognise(asked.call, asked.facts), *sts.inherited_checks(asked.call, asked.who))


def _protocol(request: Incoming) -> Protocol:
    """How to word an error: by the service that the signature names, or by the request's form."""
    scope = _SCOPE.search(request.headers.get("authorization", ""))
    services = by_signing_name(scope[1]) if scope else ()
    if services:
        return services[0].protocol
    kind = request.headers.get("content-type", "")
    if "x-amz-target" in request.headers:
        return Protocol.JSON
    if kind.startswith("application/x-www-form-urlencoded"):
        return Protocol.QUERY
    return Protocol.REST_JSON if kind.startswith("application/json") else Protocol.S3
