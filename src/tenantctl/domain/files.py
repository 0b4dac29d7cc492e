"""The files that come with the package, and the starter that `tenantctl init` makes of them.

In a wheel they lie in `tenantctl/_data`, in a checkout at the repository's root.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from tenantctl.domain.yaml_shape import shown
from tenantctl.errors import ConflictError, NotFoundError, TenantctlError

CONFIG = "tenantctl.yaml"
SCHEMA = "tenantctl.schema.json"

POLICY_TESTS = "policy-tests.yaml"


def root() -> Path:
    """The directory that holds `templates`, `policies` and `examples`."""
    package = Path(__file__).resolve().parents[1]
    packed = package / "_data"
    return packed if packed.is_dir() else package.parents[1]


def examples() -> Path:
    """The directory of the example tenants: clinics.yaml, items.jsonl and documents/."""
    return root() / "examples"


def template(path: str, *, beside: Path | None = None) -> str:
    """The text of the template at `path`, as `cedar/plain.cedar.j2`.

    A `templates` directory in `beside` (the directory of tenantctl.yaml) wins over the package's,
    file by file. Raises `NotFoundError` for a template that neither has.
    """
    for place in (beside, root()):
        text = None if place is None else own_template(path, beside=place)
        if text is not None:
            return text
    raise NotFoundError(f"there is no template `{path}`", hint="reinstall tenantctl")


def own_template(path: str, *, beside: Path) -> str | None:
    """The text of the template at `path` in the `templates` directory of `beside`, if it is there.

    Raises `TenantctlError` for a file that can't be read.
    """
    file = beside / "templates" / path
    try:
        return file.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise TenantctlError(
            f"template `{file}` can't be read: {error}",
            hint="restore it with `tenantctl init --force`",
        ) from error


def templates(folder: str, *, beside: Path | None = None) -> dict[str, str]:
    """The templates below a folder, as `lambda/tools`: text by path, sorted.

    As with `template`, those of `beside` win, and such as only it has count too. Raises
    `NotFoundError` for a folder that neither has.
    """
    places = (root(),) if beside is None else (root(), beside)
    names = {
        path.relative_to(place / "templates").as_posix()
        for place in places
        for path in _files(place / "templates" / folder)
    }
    if not names:
        raise NotFoundError(f"there are no templates in `{folder}`", hint="reinstall tenantctl")
    return {name: template(name, beside=beside) for name in sorted(names)}


def starter() -> dict[str, str]:
    """What `tenantctl init` writes: text by path relative to the new directory, sorted."""
    import json

    from tenantctl.domain.config import json_schema

    made = {
        **{name: template(f"config/{name}") for name in (CONFIG, POLICY_TESTS)},
        SCHEMA: json.dumps(json_schema(), indent=2) + "\n",
    }
    for folder in ("policies", "templates"):
        for path in _files(root() / folder):
            name = path.relative_to(root()).as_posix()
            if not name.startswith("templates/config/"):
                made[name] = path.read_text(encoding="utf-8")
    return dict(sorted(made.items()))


def copy_starter(directory: Path, *, force: bool = False) -> dict[str, str]:
    """Write the starter into `directory`; say `created`, `replaced` or `unchanged` of each path.

    Nothing is written when a file exists with other content, unless `force` replaces it:
    raises `ConflictError` that names the files.
    """
    files = starter()
    done = {name: _outcome(directory / name, text) for name, text in files.items()}
    differing = [name for name, outcome in done.items() if outcome == "replaced"]
    if differing and not force:
        more = f" and {len(differing) - 3} more" if len(differing) > 3 else ""  # noqa: PLR2004 - enough for one line
        raise ConflictError(
            f"{shown(directory)} holds other files already: {', '.join(differing[:3])}{more}",
            hint="give --force to replace them, or another directory",
        )
    _write(directory, {name: files[name] for name in files if done[name] != "unchanged"})
    return done


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder).parts
        hidden = any(part.startswith((".", "__pycache__")) for part in inside)
        if path.is_file() and not hidden:
            yield path


def _outcome(path: Path, text: str) -> str:
    try:
        return "unchanged" if path.read_bytes() == text.encode() else "replaced"
    except FileNotFoundError:
        return "created"
    except NotADirectoryError as error:
        raise ConflictError(
            f"{shown(path.parent)} is no directory", hint="give another directory"
        ) from error
    except OSError as error:
        raise TenantctlError(f"{shown(path)} can't be read: {_why(error)}") from error


def _write(directory: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = directory / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            beside = path.with_name(f".{path.name}.{os.getpid()}")
            beside.write_text(text, encoding="utf-8")
            beside.replace(path)
        except OSError as error:
            raise TenantctlError(
                f"{shown(path)} can't be written: {_why(error)}", hint="check the directory"
            ) from error


def _why(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
