"""Run the app; turn what went wrong into a message, a hint and an exit code."""

from __future__ import annotations

import errno
import os
import signal
import sys
from types import FrameType

from tenantctl.errors import ExitCode, InterruptError, TenantctlError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})


def main() -> None:
    """The console script."""
    signal.signal(signal.SIGTERM, _terminate)
    _open_streams()
    for stream in (sys.stdout, sys.stderr):
        # Whatever the locale: a character that it lacks must not cost the run its result.
        getattr(stream, "reconfigure", lambda **_: None)(errors="backslashreplace")
    try:
        code = _run()
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader went away (`| head`). Not 0, which would be a verdict that nobody read.
        code = ExitCode.FAILED
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)


def _open_streams() -> None:
    """Put nothing where a standard stream is closed, lowest first.

    Else the next file that is opened, perhaps the state, would get its number and what is printed.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            nothing = os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, os.fdopen(nothing, "w" if number else "r", encoding="utf-8"))


def _run() -> int:
    try:
        result = _result(sys.argv[1:])
    except SystemExit as error:
        # typer turns a broken pipe into a plain exit.
        if isinstance(error.__context__, BrokenPipeError):
            raise error.__context__ from None
        raise
    except BrokenPipeError:
        raise
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the last resort: a defect is told as one
        return _tell(error)
    # typer answers an exit with its number, and a command that ends well with what it returned.
    return result if isinstance(result, int) else ExitCode.OK


def _result(args: list[str]) -> object:
    """What the command returned; `iam simulate` starts without typer, in a third of the time."""
    match args:
        case ["iam", "simulate", cases] if cases == "-" or not cases.startswith("-"):
            from tenantctl.cli.simulate import simulate

            return simulate(cases)
    from tenantctl.cli.app import app

    return app(prog_name="tenantctl", standalone_mode=False)


def _tell(error: BaseException) -> int:
    """Say on stderr what ended the run; the exit code that goes with it."""
    from typer import Abort
    from typer.exceptions import TyperException

    from tenantctl.cli.console import note, show_defect, show_error
    from tenantctl.cli.usage import as_usage_error

    match error:
        case KeyboardInterrupt() | InterruptError():
            note("interrupted")
            return ExitCode.INTERRUPTED
        case TenantctlError():
            show_error(error)
            return error.exit_code
        case TyperException():
            # Without a message, typer has shown the help: a group was given no command.
            if error.format_message():
                show_error(as_usage_error(error))
            return error.exit_code
        case Abort():
            note("aborted")
        case OSError(errno=number) if number in _FULL:
            what = (error.strerror or "").lower()
            show_error(TenantctlError(f"can't write: {what}", hint="free some space"))
        case _:
            show_defect(error)
    return ExitCode.FAILED


def _terminate(_signal: int, _frame: FrameType | None) -> None:
    """End as Ctrl-C does, so that every `with` block cleans up; a second signal kills."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
