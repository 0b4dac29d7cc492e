"""Document sets as data, written to a directory as users keep them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tenantctl.domain.config import parse
from tenantctl.domain.names import Names
from tenantctl.domain.pool import Pool
from tenantctl.pool.documents import trust_document, vending_documents

CONFIG: dict[str, Any] = {
    "version": 1,
    "pool": "clinic-agent",
    "region": "us-east-1",
    "data": {
        "tables": [{"name": "patient-records", "partition_key": "tenant_id"}],
        "buckets": [{"name": "clinic-documents"}],
        "memories": [{"name": "conversations"}],
    },
    "tiers": {"basic": {}, "premium": {}},
}


def config(layout: Mapping[str, Any]) -> str:
    """A configuration with this layout; `tenant` and `user` are the formats.

    `models` are the tiers with their models, in place of `basic` and `premium` without any.
    """
    made = json.loads(json.dumps(CONFIG))
    data = made["data"]
    data["tables"][0]["value"] = layout.get("value", "{tenant}")
    data["buckets"][0]["prefix"] = layout.get("prefix", "{tier}-tier/{tenant}/")
    data["memories"][0]["actor"] = layout.get("actor", "{tier}/{tenant}/{user}")
    data["memories"][0]["namespace"] = layout.get("namespace", "clinic/{tier}/{tenant}/{user}/")
    tenant = layout.get("tenant", "[a-z0-9][a-z0-9-]{0,61}[a-z0-9]")
    user = layout.get("user", "[0-9a-f-]{36}")
    made["identity"] = {
        "tenant": {"pattern": tenant} if tenant else {"tag": "ClinicId"},
        "user": {"pattern": user},
    }
    if "models" in layout:
        made["tiers"] = {tier: {"models": models} for tier, models in layout["models"].items()}
    return yaml.safe_dump(made)


def pool(layout: Mapping[str, Any] | None = None) -> Pool:
    return parse(config(layout or {}), "tenantctl.yaml")


def write(directory: Path, case: Mapping[str, Any], pool: Pool) -> Path:
    """The documents of a case; what it doesn't give is the pool's own."""
    names = Names(pool, "123456789012")
    (directory / "identity").mkdir(parents=True)
    if "trust" in case:
        _put(directory / "trust.json", _document(case["trust"]))
    else:
        _put(directory / "trust.json", trust_document(names))
    if "document" in case:
        _put(directory / "identity" / "tvm.json", case["document"])
    elif case.get("identity"):
        _put(directory / "identity" / "tvm.json", _document(case["identity"]))
    elif "identity" not in case:
        for name, document in vending_documents(names).items():
            _put(directory / "identity" / f"{name}.json", document)
    for name in ("boundary", "session"):
        if name in case:
            _put(directory / f"{name}.json", _document(case[name]))
    if "resource" in case:
        (directory / "resource").mkdir()
        _put(directory / "resource" / "policy.json", _document(case["resource"]))
    return directory


def _document(statements: list[Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": statements}


def _put(path: Path, document: object) -> None:
    path.write_text(json.dumps(document, indent=1), "utf-8")


@pytest.fixture
def write_documents() -> Callable[[Path, Mapping[str, Any], Pool], Path]:
    """Writes the documents of a case into a new directory; gives it back."""
    return write


@pytest.fixture
def pool_of() -> Callable[[Mapping[str, str | None] | None], Pool]:
    """The pool with a layout."""
    return pool


@pytest.fixture
def config_of() -> Callable[[Mapping[str, str | None]], str]:
    """The text of a configuration with a layout."""
    return config
