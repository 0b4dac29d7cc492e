"""Which regions of a cell each policy matches, by Cedar's own word.

A statement matches where each of its conditions holds, and `a && b` holds where `a` and `b` do. So
each condition is asked by itself, once for every region of the few attributes that it reads, and
what a statement matches is put together from the answers. That a condition fails (an attribute
that isn't there) is a no, as in the statement: Cedar leaves out a policy that fails.
https://docs.cedarpolicy.com/auth/authorization.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from math import prod
from typing import Any

from tenantctl.cedar.decide import Decider
from tenantctl.cedar.regions.boxes import Box, intersection, merged
from tenantctl.cedar.regions.mentions import Mention, mentions
from tenantctl.cedar.regions.space import Cell, read
from tenantctl.cedar.statement import Scope, Statement, Tree

MAX_POINTS = 30_000
"""Regions that one condition may tell apart."""


def matching(
    cell: Cell, policies: Mapping[str, Statement]
) -> tuple[dict[str, list[Box]], tuple[str, ...]]:
    """The boxes of `cell` that each policy matches, and where they aren't exact, in words.

    Raises `TooManyBoxesError`.
    """
    parts = {name: tuple(_questions(policy)) for name, policy in policies.items()}
    by_text = {text: tree for found in parts.values() for text, tree in found}
    held, large = _answers(cell, by_text)
    everything = full(cell)
    boxes: dict[str, list[Box]] = {}
    for name, found in parts.items():
        boxes[name] = [everything]
        for text, _ in found:
            boxes[name] = intersection(boxes[name], held[text])
    beyond = tuple(
        f"more than {MAX_POINTS} kinds of calls in one condition of {name}"
        for name, found in parts.items()
        if any(text in large for text, _ in found)
    )
    return boxes, beyond


def full(cell: Cell) -> Box:
    """All of the cell."""
    return tuple((1 << len(axis.regions)) - 1 for axis in cell.axes)


def _answers(cell: Cell, questions: Mapping[str, Tree]) -> tuple[dict[str, list[Box]], set[str]]:
    """Where each question's answer is yes; and those that were not asked everywhere."""
    by_axes: dict[tuple[int, ...], dict[str, Tree]] = {}
    for text, tree in questions.items():
        by_axes.setdefault(_axes(cell, tree), {})[text] = tree
    everything = full(cell)
    found: dict[str, list[Box]] = {}
    large: set[str] = set()
    for numbers, asked in by_axes.items():
        if prod(len(cell.axes[number].regions) for number in numbers) > MAX_POINTS:
            large.update(asked)
        points = list(islice(cell.points(numbers), MAX_POINTS))
        decider = Decider.of_trees({text: _permit(tree) for text, tree in asked.items()})
        verdicts = decider.decide_all([cell.call(point) for point in points])
        yes: dict[str, list[Box]] = {text: [] for text in asked}
        for point, verdict in zip(points, verdicts, strict=True):
            box = tuple(
                1 << point[number] if number in numbers else every
                for number, every in enumerate(everything)
            )
            for text in verdict.deciding:
                yes[text].append(box)
        found.update((text, merged(boxes)) for text, boxes in yes.items())
    return found, large


def _axes(cell: Cell, tree: Tree) -> tuple[int, ...]:
    asked = set(read(found for found in mentions(tree) if isinstance(found, Mention)))
    return tuple(n for n, axis in enumerate(cell.axes) if axis.attribute in asked)


def _questions(policy: Statement) -> Iterator[tuple[str, Tree]]:
    """The conditions that must all hold, each with its text for a name."""
    for tree in (*_of_principal(policy.principal), *_of_conditions(policy)):
        yield json.dumps(tree, sort_keys=True), tree


def _of_principal(scope: Scope) -> Iterator[Tree]:
    principal = {"Var": "principal"}
    if scope.entity_type is not None:
        yield {"is": {"left": principal, "entity_type": scope.entity_type}}
    if scope.entities:
        listed = [{"Value": {"__entity": {"type": e.type, "id": e.id}}} for e in scope.entities]
        yield {"in": {"left": principal, "right": {"Set": listed}}}


def _of_conditions(policy: Statement) -> Iterator[Tree]:
    for condition in policy.conditions:
        positive = condition.kind == "when"
        yield from _split(condition.body if positive else {"!": {"arg": condition.body}})


def _split(tree: Tree) -> Iterator[Tree]:
    negated: Any = tree["!"]["arg"] if "!" in tree else {}
    if "&&" in tree:
        yield from _split(tree["&&"]["left"])
        yield from _split(tree["&&"]["right"])
    elif "||" in negated:
        yield from _split({"!": {"arg": negated["||"]["left"]}})
        yield from _split({"!": {"arg": negated["||"]["right"]}})
    else:
        yield tree


def _permit(tree: Tree) -> Tree:
    anything = {"op": "All"}
    return {
        "effect": "permit",
        "principal": anything,
        "action": anything,
        "resource": anything,
        "conditions": [{"kind": "when", "body": tree}],
    }
