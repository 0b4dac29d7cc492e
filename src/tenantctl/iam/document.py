"""Read a policy document, strictly: what IAM doesn't know is an error with its place.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tenantctl.errors import Place, PolicyInvalidError
from tenantctl.iam import json_text
from tenantctl.iam.json_text import Path
from tenantctl.iam.malformed import shown
from tenantctl.iam.policy import Kind, Policy, Statement
from tenantctl.iam.statement import MisplacedError, Reader, an_object, known

__all__ = ["Kind", "read"]

_ELEMENTS = ("Version", "Id", "Statement")
_VERSIONS = {"2012-10-17": True, "2008-10-17": False}
"""Whether a version of the language knows variables.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html
"""
_LARGEST = 2_000_000
"""Characters of a document; far beyond any of AWS, and read in well under a second."""


def read(source: str | Mapping[str, object], *, name: str, kind: Kind) -> Policy:
    """Read a document: its JSON text, or the object that it stands for.

    `name` appears in errors and decisions. Raises `PolicyInvalidError` with the document's name,
    the path and, for text, the line.
    """
    text = source if isinstance(source, str) else None
    try:
        value = source if text is None else _parsed(text)
        statements = tuple(_statements(value, kind))
    except json_text.JsonError as error:
        place = Place(name, error.line, _dotted(error.path))
        raise PolicyInvalidError(error.message, place=place) from error
    except MisplacedError as error:
        line = json_text.line_of(text, error.path) if text is not None else None
        place = Place(name, line, _dotted(error.path))
        raise PolicyInvalidError(error.message, hint=error.hint, place=place) from error
    return Policy(name, kind, statements)


def _parsed(text: str) -> object:
    if len(text) > _LARGEST:
        raise json_text.JsonError(f"longer than {_LARGEST} characters", None)
    return json_text.parse(text)


def _dotted(path: Path) -> str | None:
    """`("Statement", 0, "Action")` as `Statement[0].Action`."""
    steps = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return shown(steps.removeprefix("."))[1:-1] or None


def _statements(value: object, kind: Kind) -> Iterator[Statement]:
    document = an_object(value, ())
    known(document, _ELEMENTS, ())
    version = document.get("Version", "2008-10-17")
    if type(version) is not str or version not in _VERSIONS:
        raise MisplacedError(
            f"unknown version {shown(version)}", ("Version",), "use `2012-10-17` or `2008-10-17`"
        )
    if type(document.get("Id", "")) is not str:
        raise MisplacedError("an Id is a text", ("Id",))
    found = document.get("Statement")
    listed = isinstance(found, list | tuple)
    items = found if isinstance(found, list | tuple) else [found]
    if found is None or not items:
        raise MisplacedError("a policy needs a statement", ("Statement",) if listed else ())
    sids: set[object] = set()
    for index, item in enumerate(items):
        path: Path = ("Statement", index) if listed else ("Statement",)
        statement = Reader(path, kind, variables=_VERSIONS[version]).read(item, index)
        sid = an_object(item, path).get("Sid")
        if sid and sid in sids:
            # Decisions name statements by it, and AWS refuses the policy.
            # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_sid.html
            raise MisplacedError(f"the Sid {shown(sid)} is there twice", (*path, "Sid"))
        sids.add(sid)
        yield statement
