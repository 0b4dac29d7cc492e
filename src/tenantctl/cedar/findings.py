"""What `FAIL_ON_ANY_FINDINGS` finds in one statement: allowing all, denying all, doing nothing.

AgentCore reasons with a solver over the schema. Here each condition that isn't a connective is an
unknown, and all of their truth values are tried: whatever is certain under every one of them is
certain in AgentCore too (a condition that fails at run time aside, which the schema check rules
out). So it finds less than AgentCore does.
https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/policy-validation-overview.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from tenantctl.cedar.statement import Effect, Statement, Tree

_MAX_ATOMS = 12

Rows = int
"""Rows of the truth table: bit n stands for row n."""

_ALL = "requests for the specified principal, action and resource"


def findings(statement: Statement) -> tuple[str, ...]:
    """What is wrong with the statement's reach; empty when nothing is certain."""
    always = _always(statement)
    if always is None:
        return ()
    if not always:
        return (f"Ineffective: the {statement.effect} policy matches no request",)
    if statement.effect is Effect.PERMIT:
        return (f"Overly Permissive: the policy engine will allow all {_ALL}",)
    return (f"Overly Restrictive: the policy engine will deny all {_ALL}",)


def _always(statement: Statement) -> bool | None:
    """Whether the conditions always hold (True), never do (False), or it depends (None)."""
    atoms: dict[str, int] = {}
    for condition in statement.conditions:
        _collect(condition.body, atoms)
    if len(atoms) > _MAX_ATOMS:
        return None
    every = (1 << (1 << len(atoms))) - 1
    columns = {key: _column(number, len(atoms)) for key, number in atoms.items()}
    held = every
    for condition in statement.conditions:
        true = _truth(condition.body, columns, every)
        held &= true if condition.kind == "when" else every ^ true
    return {every: True, 0: False}.get(held)


def _column(number: int, atoms: int) -> Rows:
    """The rows of the truth table in which an atom is true: runs of 2**number rows, every other."""
    run = 1 << number
    column = ((1 << run) - 1) << run
    width = 2 * run
    while width < 1 << atoms:
        column |= column << width
        width *= 2
    return column


def _collect(tree: Tree, atoms: dict[str, int]) -> None:
    parts = _parts(tree)
    if parts is None:
        if _constant(tree) is None:
            atoms.setdefault(_key(tree), len(atoms))
        return
    for part in parts:
        _collect(part, atoms)


def _parts(tree: Tree) -> tuple[Tree, ...] | None:
    """The operands of a connective; None for anything else."""
    for name in ("&&", "||"):
        if name in tree:
            return tree[name]["left"], tree[name]["right"]
    if "!" in tree:
        return (tree["!"]["arg"],)
    if "if-then-else" in tree:
        body = tree["if-then-else"]
        return body["if"], body["then"], body["else"]
    return None


def _truth(tree: Tree, columns: Mapping[str, Rows], every: Rows) -> Rows:
    parts = _parts(tree)
    if parts is None:
        known = _constant(tree)
        return columns[_key(tree)] if known is None else every * known
    held = [_truth(part, columns, every) for part in parts]
    if "&&" in tree:
        return held[0] & held[1]
    if "||" in tree:
        return held[0] | held[1]
    if "!" in tree:
        return every ^ held[0]
    return (held[0] & held[1]) | ((every ^ held[0]) & held[2])


def _constant(tree: Tree) -> bool | None:
    if "Value" in tree and isinstance(tree["Value"], bool):
        return tree["Value"]
    if "==" in tree:
        left, right = tree["=="]["left"], tree["=="]["right"]
        if set(left) == set(right) == {"Value"}:
            # JSON's 1 and true are equal in Python, not in Cedar.
            same: bool = _key(left) == _key(right)
            return same
    return None


def _key(tree: Tree) -> str:
    return json.dumps(tree, sort_keys=True)
