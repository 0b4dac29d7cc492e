"""What a service says of a resource, against what it must be, setting by setting.

Services add members of their own to what they are given, in the elements of lists too, so those
that nobody asked for are left alone, unless the settings are wanted `whole`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tenantctl.pool.step import Field


def compared(
    now: object, wanted: object, path: str = "", *, whole: bool = False
) -> tuple[Field, ...]:
    """In which settings `now` isn't as `wanted`; both are JSON values.

    A member that is `None` is one that isn't there.
    """
    return tuple(_compared(now, wanted, path, whole=whole))


def _compared(now: object, wanted: object, path: str, *, whole: bool) -> Iterator[Field]:
    members = _members(now, wanted, path, whole=whole)
    if members is None and now != wanted:
        yield Field(path, now, wanted)
    for below, old, new in members or ():
        yield from _compared(old, new, below, whole=whole)


def _members(
    now: object, wanted: object, path: str, *, whole: bool
) -> list[tuple[str, object, object]] | None:
    """What is to be compared one by one, each with its path; `None` for what is compared at once.

    Lists of objects go by their order; other lists are values.
    """
    if isinstance(now, Mapping) and isinstance(wanted, Mapping):
        keys = [*wanted, *(key for key in now if whole and key not in wanted)]
        start = f"{path}." if path else ""
        return [(f"{start}{key}", now.get(key), wanted.get(key)) for key in keys]
    if isinstance(now, list) and isinstance(wanted, list) and len(now) == len(wanted):
        pairs = list(zip(now, wanted, strict=True))
        if all(isinstance(item, Mapping) for pair in pairs for item in pair):
            return [(f"{path}[{n}]", old, new) for n, (old, new) in enumerate(pairs)]
    return None
