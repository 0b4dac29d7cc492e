"""The state in pieces, each saved again only when it changed: a service in a region, our own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from tenantctl.domain.names import partition
from tenantctl.local.call import Change
from tenantctl.local.state.pickling import backend_at, dumps, in_use, loads

if TYPE_CHECKING:
    from tenantctl.local.cloud import Cloud

_KEYS = "tenantctl/keys"
_ENGINES = "tenantctl/engines"
_PLANES = "tenantctl/planes"
_MEMORIES = "tenantctl/memories"
_KNOWLEDGE = "tenantctl/knowledge"
OWN = frozenset({_KEYS, _ENGINES, _PLANES, _MEMORIES, _KNOWLEDGE})

_GLOBAL = frozenset({"iam", "s3", "s3vectors"})
# What this runs may write anywhere.
_REACHING = frozenset({"stepfunctions"})
# Of these, moto has nothing.
_OURS: Mapping[str, str] = {"bedrock-agent": _KNOWLEDGE, "bedrock-agent-runtime": _KNOWLEDGE}
_ALSO: Mapping[str, tuple[str, ...]] = {"ExportTableToPointInTime": ("s3",)}


def changed_by(change: Change) -> Iterator[str]:
    """The shards that a request may have changed."""
    if change.service in _REACHING:
        yield from _in_use()
    if change.service in _OURS:
        yield _OURS[change.service]
        return
    for service in (change.service, *_ALSO.get(change.operation, ())):
        region = partition(change.region) if service in _GLOBAL else change.region
        yield f"moto/{service}/{change.account}/{region}"
    if change.service == "bedrock-agentcore-control":
        yield from (_ENGINES, _PLANES)
    if change.service == "bedrock-agentcore":
        yield _MEMORIES


def dump(cloud: Cloud, names: Iterable[str]) -> dict[str, bytes]:
    """The bytes of some shards; raises `StateError`."""
    return {name: dumps(_content(cloud, name)) for name in names}


def restore(cloud: Cloud, shards: Mapping[str, bytes]) -> None:
    """Put a saved state in place of an empty one; raises `StateError`."""
    for name, data in shards.items():
        if name == _KEYS:
            cloud.keys = loads(data)
        elif name == _ENGINES:
            cloud.engines = loads(data)
        elif name == _PLANES:
            cloud.planes = loads(data)
        elif name == _MEMORIES:
            cloud.memories = loads(data)
        elif name == _KNOWLEDGE:
            cloud.knowledge = loads(data)
        else:
            _, service, account, region = name.split("/")
            backend_at(service, account, region).__dict__.update(loads(data))
    _claim_buckets()


def _content(cloud: Cloud, name: str) -> object:
    if name == _KEYS:
        return cloud.keys
    if name == _ENGINES:
        return cloud.engines
    if name == _PLANES:
        return cloud.planes
    if name == _MEMORIES:
        return cloud.memories
    if name == _KNOWLEDGE:
        return cloud.knowledge
    _, service, account, region = name.split("/")
    return backend_at(service, account, region).__dict__


def _in_use() -> Iterator[str]:
    for services in in_use():
        for account, region, _ in services.iter_backends():
            yield f"moto/{services.service_name}/{account}/{region}"


def _claim_buckets() -> None:
    """Moto keeps whose a bucket's name is beside the backends."""
    from moto.s3.models import s3_backends

    owners = cast("Any", s3_backends).bucket_accounts
    for account, of_partition, backend in s3_backends.iter_backends():
        for name in cast("Any", backend).buckets:
            owners[name] = (of_partition, account)
