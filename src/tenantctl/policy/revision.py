"""The reviewed policies as a git revision has them: git's objects are read, nothing checked out.

The revision is somebody's text (a branch, a pull request's ref), so it is turned into a commit's
hash first, where it can be nothing but a revision, and only the hash is used after that.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from tenantctl.cedar.rendering.folder import MAX_BYTES
from tenantctl.cedar.statement import parse
from tenantctl.domain.policies import SUFFIX, PolicyKey
from tenantctl.errors import NotFoundError, Place, PolicyInvalidError, TenantctlError, UsageError

_FILES = frozenset({"100644", "100755"})
_SECONDS = 60


def texts(directory: Path, revision: str) -> dict[str, str]:
    """The statements of the folder `directory` at `revision`, by the ids that their paths say.

    None when the folder wasn't there then. Raises `UsageError` outside of a git checkout,
    `NotFoundError` for a revision that there isn't, `PolicyInvalidError` for a file that isn't
    one statement.
    """
    home = directory.absolute().parent
    commit = _commit(home, revision)
    found: dict[str, str] = {}
    listed = dict(_files(home, commit, directory.name))
    for path, text in zip(listed, _contents(home, tuple(listed.values())), strict=True):
        where = f"{revision}:{directory.name}/{path}"
        if len(text) > MAX_BYTES:
            raise PolicyInvalidError(f"more than {MAX_BYTES} bytes", place=Place(where))
        try:
            key = PolicyKey(*path.with_suffix("").parts)
            found[key.annotation] = parse(text.decode(), where).text
        except UnicodeDecodeError as error:
            raise PolicyInvalidError("not UTF-8 text", place=Place(where)) from error
        except (TypeError, UsageError) as error:
            raise PolicyInvalidError("not at TIER/NAME.cedar", place=Place(where)) from error
    return found


def _commit(home: Path, revision: str) -> str:
    # rev-parse knows --end-of-options since git 2.30; a leading dash can't begin a ref's name
    # (git check-ref-format), so that nothing is lost by refusing it for older ones.
    if not revision or revision.startswith("-"):
        raise UsageError(f"`{revision}` is no git revision", hint="name a branch, tag or commit")
    inside = _run(home, "rev-parse", "--is-inside-work-tree")
    if inside.returncode:
        raise UsageError(
            f"`{home}` is in no git checkout, so `{revision}` means nothing there",
            hint="use --against deployed, rendered, or a version of `tenantctl policy history`",
        )
    named = _run(
        home, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
    )
    if named.returncode:
        raise NotFoundError(
            f"git knows no revision `{revision}`",
            hint="name a branch, tag or commit; deployed and rendered are other sides",
        )
    return named.stdout.decode().strip()


def _files(home: Path, commit: str, folder: str) -> Iterator[tuple[PurePosixPath, str]]:
    """Path below the folder and object of every policy, as git lists them: by name."""
    listed = _git(home, "--literal-pathspecs", "ls-tree", "-r", "-z", commit, "--", f"{folder}/")
    for line in listed.decode("utf-8", "surrogateescape").split("\0")[:-1]:
        about, _, name = line.partition("\t")
        mode, _, blob = about.split()
        path = PurePosixPath(name).relative_to(folder)
        hidden = any(part.startswith(".") for part in path.parts)
        if mode in _FILES and path.suffix == SUFFIX and not hidden:
            yield path, blob


def _contents(home: Path, blobs: Sequence[str]) -> Iterator[bytes]:
    """The objects, in one go: after a line that ends with its size, each and a line end."""
    rest = _git(home, "cat-file", "--batch", put="".join(f"{blob}\n" for blob in blobs))
    for _ in blobs:
        head, _, rest = rest.partition(b"\n")
        size = int(head.split()[-1])
        yield rest[:size]
        rest = rest[size + 1 :]


def _git(home: Path, *arguments: str, put: str = "") -> bytes:
    done = _run(home, *arguments, put=put)
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().partition("\n")[0]
        raise TenantctlError(f"git can't read the policies: {said}")
    return done.stdout


def _run(home: Path, *arguments: str, put: str = "") -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(  # noqa: S603 - no shell; a revision stands after --end-of-options
            ["git", "-C", str(home), *arguments],  # noqa: S607 - the user's own git
            capture_output=True,
            check=False,
            input=put.encode(),
            timeout=_SECONDS,
        )
    except FileNotFoundError as error:
        raise TenantctlError(
            "there is no `git` to ask", hint="install git, or use --against deployed"
        ) from error
    except ValueError as error:  # a NUL, or half of a surrogate pair
        raise UsageError("a git revision holds no such character") from error
    except subprocess.TimeoutExpired as error:
        raise TenantctlError(f"git takes longer than {_SECONDS} s") from error
