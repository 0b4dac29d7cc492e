"""What a plan is made of: parts of the pool, and the steps that bring each to what it must be.

A step says what and why in words and fields before it does anything; `run` is idempotent, so that
a plan cut short anywhere is finished by planning and applying again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from tenantctl.aws.session import Aws


class Change(StrEnum):
    """What a step does to its part."""

    ADOPT = "adopt"
    """It takes over what the pool didn't make."""
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


class Health(StrEnum):
    """How a part stands against what it must be."""

    OK = "ok"
    MISSING = "missing"
    DRIFTED = "drifted"
    FOREIGN = "foreign"
    """It bears the right name, and isn't the pool's."""
    BROKEN = "broken"
    """It can't be brought right in place."""


@dataclass(frozen=True, slots=True)
class Field:
    """One setting; `old` or `new` is `None` where it isn't there. Values are JSON's."""

    name: str
    old: object
    new: object


@dataclass(frozen=True, slots=True)
class Step:
    """One change, with its reason."""

    change: Change
    resource: str
    why: str
    fields: tuple[Field, ...]
    run: Callable[[Aws], None] = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Part:
    """One resource of the pool. `id` is its ARN or service-given id; `None` when it is missing.

    `claim` would take it over, and is there when it isn't the pool's: until then no step runs,
    nor any of its `parts`, which are what goes with it: a gateway's targets.
    """

    kind: str
    name: str
    id: str | None
    steps: tuple[Step, ...] = ()
    problems: tuple[str, ...] = ()
    claim: Step | None = None
    parts: tuple[Part, ...] = ()

    @property
    def resource(self) -> str:
        """How messages name it."""
        return f"{self.kind} `{self.name}`"

    @property
    def health(self) -> Health:
        """What its owner, steps and problems amount to."""
        if self.claim is not None:
            return Health.FOREIGN
        if self.problems:
            return Health.BROKEN
        if self.id is None:
            return Health.MISSING
        return Health.DRIFTED if self.steps else Health.OK

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why nothing of it may be changed; empty, when it may."""
        return (*((self.claim.why,) if self.claim else ()), *self.problems)

    @property
    def all_steps(self) -> tuple[Step, ...]:
        """Its own, and those of its parts after them; none while it isn't the pool's."""
        if self.claim is not None:
            return ()
        return (*self.steps, *(step for part in self.parts for step in part.all_steps))

    @property
    def everything(self) -> tuple[Part, ...]:
        """It and its parts, and theirs."""
        return (self, *(found for part in self.parts for found in part.everything))

    def adopted(self) -> Part:
        """The same, to be taken over first where it isn't the pool's."""
        if self.claim is None:
            return self
        return replace(self, steps=(self.claim, *self.steps), claim=None)


def missing(kind: str, name: str, *steps: Step, parts: tuple[Part, ...] = ()) -> Part:
    """A part that isn't there, with the steps that make it: each of them creates something."""
    made = tuple(replace(step, change=Change.CREATE) for step in steps)
    return Part(kind, name, None, made, parts=parts)


def differences(old: object, new: object, path: str = "") -> tuple[Field, ...]:
    """The settings in which `old` isn't as `new` wants it; both are JSON values.

    Keys that `new` doesn't speak of are left alone: services add settings of their own.
    """
    return tuple(_differences(old, new, path))


def _differences(old: object, new: object, path: str) -> Iterator[Field]:
    if isinstance(new, Mapping) and isinstance(old, Mapping):
        for key, value in new.items():
            yield from _differences(old.get(key), value, f"{path}.{key}" if path else str(key))
    elif old != new:
        yield Field(path, old, new)


def removals(old: object, new: object, path: str = "") -> tuple[Field, ...]:
    """What `old` has and `new` must not have; for documents, which are whole or wrong."""
    return tuple(_removals(old, new, path))


def _removals(old: object, new: object, path: str) -> Iterator[Field]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key, value in old.items():
            where = f"{path}.{key}" if path else str(key)
            if key not in new:
                yield Field(where, value, None)
            else:
                yield from _removals(value, new[key], where)
