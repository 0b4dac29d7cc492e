"""The folder of reviewed policies: `policies/<tier>/<tool>.cedar`, one statement to a file.

A file named after one of the tools, or after a kill switch, belongs to `render`, which writes and
removes it. Files of other names are people's own; they are read, checked and pushed like the rest,
and never written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path

from tenantctl.cedar.check import check
from tenantctl.cedar.rendering.render import Rendered
from tenantctl.cedar.statement import parse
from tenantctl.domain.names import Names
from tenantctl.domain.policies import SUFFIX, PolicyKey
from tenantctl.errors import Place, PolicyInvalidError, TenantctlError, UsageError

MAX_BYTES = 100_000
"""Ten times the longest statement, for its comments."""


class Difference(StrEnum):
    """What rendering does to a file."""

    CREATED = "created"
    REPLACED = "replaced"
    REMOVED = "removed"
    UNCHANGED = "unchanged"


def read(directory: Path, names: Names) -> tuple[Rendered, ...]:
    """Every policy in the folder, checked, sorted; none when there is no such folder.

    Raises `PolicyInvalidError` that names the file.
    """
    found: list[Rendered] = []
    for path in files(directory):
        key = key_of(directory, path)
        if key.tier not in names.pool.tiers:
            raise PolicyInvalidError(
                f"`{key.tier}` is no tier of the configuration",
                place=Place(str(path)),
                hint="run `tenantctl policy render`, or delete the file",
            )
        text = text_of(path)
        statement = parse(text, str(path))
        check(key, statement, names.gateway_arn(key.tier))
        found.append(Rendered(key, text, statement))
    return tuple(sorted(found, key=lambda one: one.key))


def compare(directory: Path, rendered: Sequence[Rendered]) -> dict[str, Difference]:
    """What writing `rendered` into the folder would do, by path below it, sorted."""
    done = {one.key.path: _difference(directory / one.key.path, one.text) for one in rendered}
    for path in files(directory):
        key = key_of(directory, path)
        if key.path not in done and key.rendered:
            done[key.path] = Difference.REMOVED
    return dict(sorted(done.items()))


def write(directory: Path, rendered: Sequence[Rendered]) -> dict[str, Difference]:
    """Make the folder hold what was rendered; returns what `compare` said before."""
    done = compare(directory, rendered)
    texts = {one.key.path: one.text for one in rendered}
    for name, difference in done.items():
        path = directory / name
        try:
            if difference is Difference.REMOVED:
                path.unlink()
            elif difference is not Difference.UNCHANGED:
                path.parent.mkdir(parents=True, exist_ok=True)
                fresh = path.with_name(f".{path.name}.new")
                fresh.write_text(texts[name], encoding="utf-8")
                fresh.replace(path)
        except OSError as error:
            raise TenantctlError(f"`{path}` can't be written: {_why(error)}") from error
    return done


def files(directory: Path) -> Iterator[Path]:
    """The files of policies below a directory, sorted; what is hidden is left out."""
    for path in sorted(directory.rglob(f"*{SUFFIX}")):
        parts = path.relative_to(directory).parts
        if not any(part.startswith(".") for part in parts) and not path.is_dir():
            yield path


def key_of(directory: Path, path: Path) -> PolicyKey:
    """Whose policy a file in the folder is; raises `PolicyInvalidError` that names the file."""
    parts = path.relative_to(directory).with_suffix("").parts
    place = Place(str(path))
    if len(parts) != 2:  # noqa: PLR2004 - tier and tool
        raise PolicyInvalidError(
            "a policy lies in its tier's folder", place=place, hint="move it to TIER/NAME.cedar"
        )
    try:
        return PolicyKey(*parts)
    except UsageError as error:
        raise PolicyInvalidError(error.message, place=place, hint=error.hint) from error


def _difference(path: Path, text: str) -> Difference:
    if not path.exists():
        return Difference.CREATED
    return Difference.UNCHANGED if text_of(path) == text else Difference.REPLACED


def text_of(path: Path) -> str:
    """The text of a file; raises `PolicyInvalidError` for what is too long or no text."""
    if path.exists() and not path.is_file():  # a pipe would never end, or never begin
        raise PolicyInvalidError("not a file", place=Place(str(path)))
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise PolicyInvalidError(f"more than {MAX_BYTES} bytes", place=Place(str(path)))
        return content.decode()
    except UnicodeDecodeError as error:
        raise PolicyInvalidError("not UTF-8 text", place=Place(str(path))) from error
    except OSError as error:
        raise TenantctlError(f"`{path}` can't be read: {_why(error)}") from error


def _why(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
