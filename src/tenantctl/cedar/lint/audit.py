"""The form of an audit of one policy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tenantctl.cedar.lint.rule import Hit, Rule
from tenantctl.cedar.lint.subject import Frame, Policy


@dataclass(frozen=True, slots=True)
class Audit:
    """A rule, and how it is found in one policy."""

    rule: Rule
    find: Callable[[Policy, Frame], Iterator[Hit]]
