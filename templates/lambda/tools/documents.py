"""Find passages in the clinic's documents by their words: for pools without a knowledge base."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tools.call import Call
from tools.failure import translated

MOST_DOCUMENTS = 200
MAX_BYTES = 256 * 1024
"""Of one document; the rest of it isn't read."""

MAX_PASSAGE = 1000
_TEXT = (".txt", ".md")
_WORD = re.compile(r"\w+")
_PARAGRAPH = re.compile(r"\n\s*\n")

Passage = dict[str, object]


def passages(call: Call, query: str, most: int) -> list[Passage]:
    """Paragraphs that hold words of the query, by how many of them; at most `most`."""
    wanted = _words(query)
    found: list[tuple[int, Passage]] = []
    for name, text in _texts(call):
        for paragraph in _PARAGRAPH.split(text):
            hits = len(wanted & _words(paragraph))
            if hits:
                score = round(hits / len(wanted), 3)
                passage = {"document": name, "text": paragraph.strip()[:MAX_PASSAGE]}
                found.append((hits, {**passage, "score": score}))
    found.sort(key=lambda scored: -scored[0])
    return [passage for _, passage in found[:most]]


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.casefold()))


def _texts(call: Call) -> Iterator[tuple[str, str]]:
    """The clinic's text documents, by name below its prefix."""
    for key in keys(call):
        with translated("reading a document"):
            body = call.session.s3.get_object(
                Bucket=call.settings.bucket, Key=key, Range=f"bytes=0-{MAX_BYTES - 1}"
            )["Body"].read()
        yield key.removeprefix(call.prefix), body.decode(errors="replace")


def keys(call: Call) -> list[str]:
    """The keys of the clinic's text documents, the first of them."""
    found: list[str] = []
    with translated("listing the documents"):
        pages = call.session.s3.get_paginator("list_objects_v2").paginate(
            Bucket=call.settings.bucket, Prefix=call.prefix
        )
        for page in pages:
            # An empty object has no range.
            listed = (o["Key"] for o in page.get("Contents", ()) if o["Size"])
            found += [key for key in listed if key.endswith(_TEXT)]
            if len(found) >= MOST_DOCUMENTS:
                break
    return found[:MOST_DOCUMENTS]
