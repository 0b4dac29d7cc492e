"""Turn moto's backends into bytes and back.

A backend's `__dict__` pickles, but for what isn't data: locks, and references to other backends,
which must come back as those backends and not as copies.
"""

from __future__ import annotations

import copyreg
import io
import pickle
import tempfile
import threading
import weakref
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from tenantctl.errors import StateError


def dumps(value: object) -> bytes:
    """Pickle a value; references to backends become their addresses.

    Raises `StateError` for what can't be saved.
    """
    out = io.BytesIO()
    pickler = pickle.Pickler(out, protocol=pickle.HIGHEST_PROTOCOL)
    pickler.dispatch_table = {
        **copyreg.dispatch_table,
        type(threading.Lock()): lambda _lock: (threading.Lock, ()),
        type(threading.RLock()): lambda _lock: (threading.RLock, ()),
        tempfile.SpooledTemporaryFile: _spooled,
        defaultdict: _defaulting,
        weakref.WeakValueDictionary: lambda found: (weakref.WeakValueDictionary, (dict(found),)),
        **dict.fromkeys(_key_classes(), _private_key),
        _key_store(): _versions,
        **_references(),
    }
    try:
        pickler.dump(value)
    except (pickle.PicklingError, TypeError, AttributeError, RecursionError) as error:
        raise StateError(f"the embedded cloud's state can't be saved: {error}") from error
    return out.getvalue()


def loads(data: bytes) -> Any:  # noqa: ANN401 - whatever was dumped
    """Restore a value from bytes that this user's own process wrote.

    Raises `StateError` when the classes no longer fit.
    """
    try:
        return pickle.loads(data)  # noqa: S301 - own file: owner, mode and digest were checked
    except Exception as error:  # unpickling may raise anything
        raise StateError(
            f"the embedded cloud's state can't be read: {type(error).__name__}: {error}",
            hint="start anew with `tenantctl local reset`",
        ) from error


def _references() -> dict[type, Any]:
    names: dict[int, tuple[str, str, str]] = {}
    classes: set[type] = set()
    for services in in_use():
        for account, region, backend in services.iter_backends():
            names[id(backend)] = (services.service_name, account, region)
            classes.add(type(backend))

    def reduce(backend: Any) -> tuple[Any, tuple[str, str, str]]:  # noqa: ANN401 - moto's own
        return backend_at, names[id(backend)]

    return dict.fromkeys(classes, reduce)


def in_use() -> list[Any]:
    """Moto's register of the services that have any backend."""
    from moto.core.base_backend import BackendDict

    return list(getattr(BackendDict, "_instances"))  # noqa: B009 - generic, so mypy can't tell


def backend_at(service: str, account: str, region: str) -> Any:  # noqa: ANN401 - moto's own
    """The live backend of a service; made empty where it wasn't there."""
    from typing import cast

    from moto.backends import get_backend

    return get_backend(cast("Any", service))[account][region]


def _key_classes() -> tuple[type, ...]:
    """The classes of private keys, which cryptography hides behind its interfaces."""
    from cryptography.hazmat.bindings._rust import openssl

    return openssl.rsa.RSAPrivateKey, openssl.ec.ECPrivateKey


def _private_key(key: Any) -> tuple[Any, tuple[bytes]]:  # noqa: ANN401 - one of `_key_classes`
    from cryptography.hazmat.primitives import serialization as form

    pem = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
    return _read_key, (pem,)


def _read_key(pem: bytes) -> Any:  # noqa: ANN401 - one of `_key_classes`
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    return load_pem_private_key(pem, None)


def _key_store() -> type:
    """Moto's dict of an object's versions, which shows only the last of each as its items."""
    from moto.s3.utils import _VersionedKeyStore

    return _VersionedKeyStore


def _versions(store: Any) -> tuple[Any, tuple[dict[str, Any]]]:  # noqa: ANN401 - moto's own
    return _store_of, ({key: store.getlist(key) for key in store},)


def _store_of(lists: dict[str, Any]) -> Any:  # noqa: ANN401 - moto's own
    store = _key_store()()
    for key, versions in lists.items():
        dict.__setitem__(store, key, versions)
    return store


def _defaulting(
    found: defaultdict[Any, Any],
) -> tuple[Any, tuple[Any], None, None, Iterator[tuple[Any, Any]]]:
    """A factory that pickle can't name, as `lambda: {}`, becomes the class of what it makes."""
    factory = found.default_factory
    if factory is not None and not isinstance(factory, type):
        made = factory()
        if made in ({}, [], set()):
            factory = type(made)
    return defaultdict, (factory,), None, None, iter(found.items())


def _spooled(file: Any) -> tuple[Any, tuple[bytes, int]]:  # noqa: ANN401 - untyped in typeshed
    at = file.tell()
    file.seek(0)
    content = file.read()
    file.seek(at)
    return _unspooled, (content, at)


def _unspooled(content: bytes, at: int) -> Any:  # noqa: ANN401 - the same
    file = tempfile.SpooledTemporaryFile(max_size=len(content) + 1)  # noqa: SIM115 - its owner closes it
    file.write(content)
    file.seek(at)
    return file
