"""The pool's IAM documents, rendered from `templates/iam/` and the configuration's data layout.

Pure: names in, documents out, as JSON values. A layout that leaks by the shape of its own ids is
rendered as it is, so that a proof can show the breach; `plan` refuses it: see `layout_check`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tenantctl.domain.files import template
from tenantctl.domain.layout import SIDECAR, tenant_key
from tenantctl.domain.names import POOL_TAG, Names
from tenantctl.domain.pool import Bucket
from tenantctl.errors import PolicyInvalidError, UsageError

Document = dict[str, Any]

MAX_ROLE_CHARACTERS = 10_240
"""All inline policies of one role together, white space not counted.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

MAX_TRUST_CHARACTERS = 2_048
"""A trust policy, white space not counted; the default of an adjustable quota."""


def trust_document(names: Names, *, beside: Path | None = None) -> Document:
    """The vending role's trust policy: the agent role alone, with all three tags and no other."""
    identity = names.pool.identity
    document = _render(
        "vending-trust",
        beside,
        agent_role_arn=names.agent_role_arn,
        tiers=_tiers(names),
        tags={"tier": identity.tier.tag, "tenant": identity.tenant.tag, "user": identity.user.tag},
    )
    return _within(document, MAX_TRUST_CHARACTERS, "the vending role's trust policy")


def vending_documents(names: Names, *, beside: Path | None = None) -> dict[str, Document]:
    """The vending role's identity policies by policy name; a plane without data has none.

    Raises `UsageError` for more resources than one role's policies can name.
    """
    data, pool = names.pool.data, names.pool
    tables = [
        {
            "sid": _sid("Table", number, table.name),
            "arns": [names.table_arn(table), *(names.index_arn(table, i) for i in table.indexes)],
            "value": names.policy_pattern(table.value),
        }
        for number, table in enumerate(data.tables, 1)
    ]
    buckets = [
        {
            "sid": _sid("Bucket", number, bucket.name),
            "arn": names.bucket_arn(bucket),
            "prefix": names.policy_pattern(bucket.prefix),
            "searched": data.searched(bucket),
        }
        for number, bucket in enumerate(data.buckets, 1)
    ]
    memories = [
        {
            "sid": _sid("Memory", number, memory.name),
            "arn": names.memory_arn(memory),
            "arns": list(names.memory_arns(memory)),
            "actor": names.policy_pattern(memory.actor),
            "namespace": names.policy_pattern(memory.namespace),
        }
        for number, memory in enumerate(data.memories, 1)
    ]
    tiers = [
        {
            "sid": _sid("Tier", number, tier.name),
            "name": tier.name,
            "models": [arn for model in tier.models for arn in names.model_arns(model)],
        }
        for number, tier in enumerate(pool.tiers.values(), 1)
        if tier.models
    ]
    made: dict[str, Document] = {}
    if tables:
        made["tables"] = _render("vending-tables", beside, tables=tables)
    if buckets:
        made["buckets"] = _render("vending-buckets", beside, buckets=buckets, sidecar=SIDECAR)
    if memories:
        made["memories"] = _render("vending-memories", beside, memories=memories)
    if tiers:
        tag = f"aws:PrincipalTag/{pool.identity.tier.tag}"
        made["models"] = _render("vending-models", beside, tiers=tiers, tag=tag)
    return _within(made, MAX_ROLE_CHARACTERS, "the vending role's policies")


def agent_trust(names: Names, *, beside: Path | None = None) -> Document:
    """The agent role's trust policy: the AgentCore service, and the operators if any are named."""
    document = _render(
        "agent-trust",
        beside,
        account=names.account,
        agentcore_arns=names.agentcore_arns,
        operators=list(names.pool.roles.operators),
    )
    return _within(document, MAX_TRUST_CHARACTERS, "the agent role's trust policy")


def agent_documents(names: Names, *, beside: Path | None = None) -> dict[str, Document]:
    """The agent role's identity policies by policy name: to vend, and to be observed."""
    made = {
        "vend": _render("agent-vend", beside, vending_role_arn=names.vending_role_arn),
        "runtime": _render(
            "agent-runtime",
            beside,
            runtime_logs_arn=names.runtime_logs_arn,
            repository_arn=names.repository_arn,
        ),
    }
    bases = names.pool.data.knowledge_bases
    if bases:
        own = {names.knowledge_base_pattern(base) for base in bases if base.arn is None}
        made["knowledge"] = _render(
            "agent-knowledge",
            beside,
            own=sorted(own),
            given=[base.arn for base in bases if base.arn is not None],
            tag=POOL_TAG,
            pool=names.pool.name,
        )
    tools = [names.function(tool) for tool in names.pool.tools]
    if tools:
        made["functions"] = _logs(names, beside, *tools)
    return _within(made, MAX_ROLE_CHARACTERS, "the agent role's policies")


def gateway_trust(names: Names, *, beside: Path | None = None) -> Document:
    """The gateways' role's trust policy: the AgentCore service, for the pool's gateways."""
    document = _render(
        "gateway-trust", beside, account=names.account, gateways=list(names.gateway_patterns)
    )
    return _within(document, MAX_TRUST_CHARACTERS, "the gateways' role's trust policy")


def gateway_documents(names: Names, *, beside: Path | None = None) -> dict[str, Document]:
    """The gateways' role's identity policies: to call the functions, and to ask the engine."""
    functions = [names.interceptor, *(names.function(tool) for tool in names.pool.tools)]
    made = {
        "gateway": _render(
            "gateway",
            beside,
            functions=[names.function_arn(name) for name in functions],
            engine=names.policy_engine_pattern,
            gateways=list(names.gateway_patterns),
        )
    }
    return _within(made, MAX_ROLE_CHARACTERS, "the gateways' role's policies")


def interceptor_trust(*, beside: Path | None = None) -> Document:
    """The interceptor's role's trust policy: Lambda."""
    return _render("interceptor-trust", beside)


def interceptor_documents(names: Names, *, beside: Path | None = None) -> dict[str, Document]:
    """The interceptor's role's identity policies: to look a clinic up, and to be observed."""
    registry = names.table_arn(names.registry_table)
    return {
        "registry": _render("interceptor", beside, registry=registry, key=tenant_key("*")),
        "functions": _logs(names, beside, names.interceptor),
    }


def knowledge_trust(names: Names, *, beside: Path | None = None) -> Document:
    """The knowledge bases' role's trust policy: Bedrock."""
    bases = f"{names.knowledge_bases}*"
    return _render("knowledge-trust", beside, account=names.account, bases=bases)


def knowledge_documents(names: Names, *, beside: Path | None = None) -> dict[str, Document]:
    """The knowledge bases' role's identity policies: to read, to embed, to keep vectors."""
    data = names.pool.data
    own = [base for base in data.knowledge_bases if base.arn is None]
    buckets = [names.bucket_arn(bucket) for bucket in data.buckets if data.searched(bucket)]
    made = {
        "knowledge": _render(
            "knowledge",
            beside,
            account=names.account,
            buckets=buckets,
            objects=[f"{arn}/*" for arn in buckets],
            embeddings=names.embeddings_arn,
            indexes=[names.vector_index_arn(base) for base in own],
        )
    }
    return _within(made, MAX_ROLE_CHARACTERS, "the knowledge bases' role's policies")


def _logs(names: Names, beside: Path | None, *functions: str) -> Document:
    logs = [arn for function in functions for arn in names.function_logs(function)]
    return _render("function-logs", beside, logs=logs)


def bucket_document(names: Names, bucket: Bucket | str, *, beside: Path | None = None) -> Document:
    """A bucket's own policy: TLS or nothing."""
    return _render("bucket", beside, arn=names.bucket_arn(bucket))


def canonical(document: object) -> object:
    """The same document in one form, so that two can be compared.

    A list of one means its element, lists of strings are sets, and statements go by their Sids
    (where all have one) and not by their order.
    """
    if isinstance(document, Mapping):
        return {
            str(key): _statements(value) if key == "Statement" else canonical(value)
            for key, value in document.items()
        }
    if isinstance(document, list):
        if all(isinstance(item, str) for item in document):
            unique = sorted(set(document))
            return unique[0] if len(unique) == 1 else unique
        return [canonical(item) for item in document]
    return document


def _statements(value: object) -> object:
    listed = value if isinstance(value, list) else [value]
    sids = [s.get("Sid") for s in listed if isinstance(s, Mapping)]
    if len(set(sids)) != len(listed) or not all(isinstance(sid, str) for sid in sids):
        return [canonical(statement) for statement in listed]
    return {str(sid): canonical(statement) for sid, statement in zip(sids, listed, strict=True)}


def _tiers(names: Names) -> list[str]:
    if not names.pool.tiers:
        raise UsageError("the pool has no tiers", hint="declare one under `tiers`")
    return list(names.pool.tiers)


def _sid(plane: str, number: int, name: str) -> str:
    """A statement id that says what it is about; ids hold letters and digits only."""
    words = re.split(r"[^A-Za-z0-9]+", name)
    return f"{plane}{number}{''.join(w[:1].upper() + w[1:] for w in words)}"


def _render(name: str, beside: Path | None, **values: object) -> Document:
    import jinja2

    path = f"iam/{name}.json.j2"
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 - JSON, and every value passes through `tojson`
    )
    try:
        document = json.loads(environment.from_string(template(path, beside=beside)).render(values))
    except (jinja2.TemplateError, json.JSONDecodeError) as error:
        raise PolicyInvalidError(
            f"template `{path}` renders no IAM document: {error}",
            hint="compare it with the one that `tenantctl init` writes",
        ) from error
    if not isinstance(document, dict) or "Statement" not in document:
        raise PolicyInvalidError(
            f"template `{path}` renders no IAM document: it has no `Statement`",
            hint="compare it with the one that `tenantctl init` writes",
        )
    return document


def _within(made: dict[str, Any], limit: int, what: str) -> dict[str, Any]:
    size = sum(len(re.sub(r"\s", "", json.dumps(document))) for document in _parts(made))
    if size > limit:
        raise UsageError(
            f"{what} would have {size} characters, and IAM takes {limit}",
            hint="name fewer resources in one pool",
        )
    return made


def _parts(made: dict[str, Any]) -> Iterable[object]:
    return [made] if "Statement" in made else made.values()
