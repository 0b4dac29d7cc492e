"""JSONL and CSV as nodes that know their lines: one tenant a row.

In CSV, `users` is `email:role;email:role` or a JSON list, and `attributes` is a JSON object.
Errors are `ConfigError`s with file and line.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence

from tenantctl.domain.yaml_nodes import MAX_DEPTH, Keyed, Listing, Node, Scalar
from tenantctl.domain.yaml_shape import listed, near_miss, shown
from tenantctl.errors import ConfigError, Place


def jsonl(text: str, file: str) -> Iterator[Node]:
    """Each line of JSONL as a node; empty lines are skipped."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield _json(line, Place(file, number))


def _json(text: str, place: Place) -> Node:
    """The value in `text`, all of it on one line of the file."""

    def keyed(pairs: list[tuple[str, object]]) -> dict[str, object]:
        made = dict(pairs)
        if len(made) < len(pairs):
            keys = [key for key, _ in pairs]
            double = next(key for key in keys if keys.count(key) > 1)
            raise ConfigError(f"key {shown(double)} occurs twice", place=place)
        return made

    def no_constant(name: str) -> object:
        raise ConfigError(f"{name} is no number", place=place)

    try:
        value = json.loads(text, object_pairs_hook=keyed, parse_constant=no_constant)
    except json.JSONDecodeError as error:
        message = f"not JSON: {error.msg.lower()} in column {error.colno}"
        raise ConfigError(message, place=place) from error
    except (RecursionError, ValueError) as error:
        # ValueError: an integer of more than 4,300 digits.
        raise ConfigError("not JSON that can be read", place=place) from error
    return _node(value, place, 0)


def _node(value: object, place: Place, depth: int) -> Node:
    line = place.line or 1
    if depth > MAX_DEPTH:
        raise ConfigError(f"nested deeper than {MAX_DEPTH} levels", place=place)
    if isinstance(value, dict):
        keys = {key: Scalar(key, key, line) for key in value}
        return Keyed({k: _node(v, place, depth + 1) for k, v in value.items()}, keys, line)
    if isinstance(value, list):
        return Listing(tuple(_node(item, place, depth + 1) for item in value), line)
    if value is None or isinstance(value, str | int | float):
        return Scalar(value, str(value), line)
    raise TypeError(type(value))  # json makes nothing else


def csv_rows(text: str, file: str, columns: Sequence[str]) -> Iterator[Node]:
    """Each row of CSV as a node; the header names `columns` in any order."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    end = 0
    try:
        header = [name.strip() for name in next(reader, [])]
        for name in header:
            if name not in columns:
                message = f"unknown column {shown(name)}; expected {listed(columns)}"
                raise ConfigError(message, place=Place(file, 1), hint=near_miss(name, columns))
            if header.count(name) > 1:
                raise ConfigError(f"column `{name}` occurs twice", place=Place(file, 1))
        end = reader.line_num
        for row in reader:
            place = Place(file, end + 1)
            end = reader.line_num
            if len(row) > len(header):
                message = f"{len(row)} fields for {len(header)} columns"
                raise ConfigError(message, place=place, hint="put a field with commas in quotes")
            if any(cell.strip() for cell in row):
                yield _record(dict(zip(header, row, strict=False)), place)
    except csv.Error as error:
        raise ConfigError(f"not CSV: {error}", place=Place(file, end + 1)) from error


def _record(cells: Mapping[str, str], place: Place) -> Node:
    """One row; an empty cell is a field that isn't given."""
    line = place.line or 1
    entries: dict[str, Node] = {}
    for name, cell in cells.items():
        text = cell.strip()
        if not text:
            continue
        if name == "attributes" or (name == "users" and text.startswith("[")):
            entries[name] = _json(text, Place(place.file, line, name))
        elif name == "users":
            people = (p.strip().rpartition(":") for p in text.split(";") if p.strip())
            pairs = [{"email": e, "role": r} if e else {"email": r} for e, _, r in people]
            entries[name] = _node(pairs, place, 0)
        else:
            entries[name] = Scalar(text, text, line)
    return Keyed(entries, {name: Scalar(name, name, line) for name in entries}, line)
