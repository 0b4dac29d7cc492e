"""Which files are linted: the reviewed folder and what would be rendered, or given paths."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tenantctl.cedar.lint.files import MISPLACED, UNREADABLE
from tenantctl.cedar.lint.rule import Finding
from tenantctl.cedar.lint.subject import Source
from tenantctl.cedar.rendering import folder
from tenantctl.cedar.rendering.render import Rendered
from tenantctl.cedar.statement import Flaw
from tenantctl.domain.policies import SUFFIX, PolicyKey
from tenantctl.errors import PolicyInvalidError, UsageError

Found = tuple[tuple[Source, ...], tuple[Finding, ...]]
"""The files that can be linted, and what is wrong with those that can't."""


def of_folder(directory: Path, tiers: Iterable[str], rendered: Sequence[Rendered]) -> Found:
    """Every file of the folder, and what is rendered but not there yet."""
    known = frozenset(tiers)
    sources: list[Source] = []
    wrong: list[Finding] = []
    for path in folder.files(directory):
        try:
            key = _key(directory, path, known)
        except PolicyInvalidError as error:
            wrong.append(Finding(MISPLACED, str(path), None, error.message))
            continue
        _take(path, key, sources, wrong)
    there = {source.key for source in sources}
    sources += (
        Source(str(directory / one.key.path), one.text, one.key)
        for one in rendered
        if one.key not in there and not (directory / one.key.path).exists()
    )
    # People's own files last: of two policies that mean the same, theirs is the one too many.
    return tuple(sorted(sources, key=_by_hand)), tuple(wrong)


def of_paths(paths: Iterable[Path], tiers: Iterable[str]) -> Found:
    """The files at `paths` and below; one in a directory named like a tier is that tier's.

    Raises `UsageError` for a path that isn't there or is no file of a policy.
    """
    known = frozenset(tiers)
    sources: list[Source] = []
    wrong: list[Finding] = []
    for file in dict.fromkeys(file for path in paths for file in _below(path)):
        _take(file, _likely_key(file, known), sources, wrong)
    return tuple(sources), tuple(wrong)


def _by_hand(source: Source) -> tuple[bool, str]:
    return source.key is None or not source.key.rendered, source.file


def _take(path: Path, key: PolicyKey | None, sources: list[Source], wrong: list[Finding]) -> None:
    try:
        sources.append(Source(str(path), folder.text_of(path), key))
    except PolicyInvalidError as error:
        wrong.append(Finding(UNREADABLE[Flaw.SYNTAX], str(path), None, error.message))


def _key(directory: Path, path: Path, tiers: frozenset[str]) -> PolicyKey:
    key = folder.key_of(directory, path)
    if key.tier not in tiers:
        raise PolicyInvalidError(f"`{key.tier}` is no tier of the configuration")
    return key


def _below(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from folder.files(path)
    elif not path.exists():
        raise UsageError(f"`{path}` doesn't exist", hint="give files or directories of policies")
    elif path.suffix != SUFFIX:
        raise UsageError(f"`{path}` is no policy", hint=f"policies are files named *{SUFFIX}")
    else:
        yield path


def _likely_key(path: Path, tiers: frozenset[str]) -> PolicyKey | None:
    tier = path.absolute().parent.name
    if tier not in tiers:
        return None
    try:
        return PolicyKey(tier, path.stem)
    except UsageError:
        return None  # a file outside the folder may have any name
