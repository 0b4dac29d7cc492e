"""The Lambda functions' code as the zips that Lambda takes, the same bytes from the same files.

Lambda tells a deployed package by its digest alone (`CodeSha256`), so a plan finds a difference
only where a zip of the same files is the same everywhere: fixed times and modes, sorted names, no
compression (zlib's versions differ in theirs).
"""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from tenantctl.domain.files import templates
from tenantctl.domain.tools import Tool

RUNTIME = "python3.13"

INTERCEPTOR_HANDLER = "interceptor.handler.handle"
"""What Lambda calls in the interceptor's package: module and function, joined by a dot."""

_FOLDER = "lambda"
_SHARED = "shared"
_EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The first moment that a zip can tell."""

_UNIX = 3
_READABLE = 0o100644 << 16
"""A plain file that everybody may read: Lambda runs the code as a user of its own."""


@dataclass(frozen=True, slots=True)
class Package:
    """A zip; `sha256` is its digest in base64, as Lambda gives it in `CodeSha256`."""

    content: bytes = field(repr=False)
    sha256: str


def packaged(files: Mapping[str, str]) -> Package:
    """Zip files, given by their paths in the zip."""
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(files):
            entry = zipfile.ZipInfo(path, date_time=_EARLIEST)
            entry.create_system = _UNIX
            entry.external_attr = _READABLE
            archive.writestr(entry, files[path].encode())
    content = packed.getvalue()
    return Package(content, base64.b64encode(hashlib.sha256(content).digest()).decode())


def interceptor_package(*, beside: Path | None = None) -> Package:
    """The gateway's interceptor; files in `beside`'s templates win over the package's."""
    return packaged(_code("interceptor", beside))


def tools_package(*, beside: Path | None = None) -> Package:
    """All tools; each function runs another handler of it."""
    return packaged(_code("tools", beside))


def tool_handler(tool: Tool) -> str:
    """What Lambda calls in the tools' package."""
    return f"tools.{tool.name}.handle"


def _code(part: str, beside: Path | None) -> dict[str, str]:
    found = {
        path: text
        for folder in (part, _SHARED)
        for path, text in templates(f"{_FOLDER}/{folder}", beside=beside).items()
    }
    return {
        path.removeprefix(f"{_FOLDER}/"): text
        for path, text in found.items()
        if path.endswith(".py")
    }
