"""Run the app; turn what went wrong into a message, a hint and an exit code."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType

from tenantctl.errors import ExitCode, TenantctlError


def main() -> None:
    """The console script."""
    signal.signal(signal.SIGTERM, _terminate)
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


def _run() -> int:
    from typer import Abort
    from typer.exceptions import TyperException

    from tenantctl.cli.app import app
    from tenantctl.cli.console import note, show_defect, show_error
    from tenantctl.cli.usage import as_usage_error

    try:
        result = app(prog_name="tenantctl", standalone_mode=False)
    except TenantctlError as error:
        show_error(error)
        return error.exit_code
    except TyperException as error:
        # Without a message, typer has shown the help instead: a group was given no command.
        if error.format_message():
            show_error(as_usage_error(error))
        return error.exit_code
    except (Abort, KeyboardInterrupt) as error:
        note("interrupted" if isinstance(error, KeyboardInterrupt) else "aborted")
        return ExitCode.INTERRUPTED if isinstance(error, KeyboardInterrupt) else ExitCode.FAILED
    except BrokenPipeError:
        raise
    except SystemExit as error:
        # typer turns a broken pipe into a plain exit.
        if isinstance(error.__context__, BrokenPipeError):
            raise error.__context__ from None
        raise
    except Exception as error:  # noqa: BLE001 - the last resort: a defect is told as one
        show_defect(error)
        return ExitCode.FAILED
    # typer answers Ctrl-C with its number, and a command that ends well with what it returned.
    return result if isinstance(result, int) else ExitCode.OK


def _terminate(_signal: int, _frame: FrameType | None) -> None:
    """End as Ctrl-C does, so that every `with` block cleans up; a second signal kills."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
