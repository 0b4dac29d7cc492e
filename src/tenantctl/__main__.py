"""Run the app; turn what went wrong into a message, a hint and an exit code."""

from __future__ import annotations

import os
import sys

from tenantctl.errors import ExitCode, TenantctlError


def main() -> None:
    """The console script."""
    from tenantctl.cli.app import app
    from tenantctl.cli.console import show_error

    try:
        code = app(standalone_mode=False)
    except TenantctlError as error:
        show_error(error)
        code = error.exit_code
    except KeyboardInterrupt:
        code = ExitCode.INTERRUPTED
    except BrokenPipeError:
        # The reader went away (`| head`); keep the interpreter's own flush from failing again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = ExitCode.OK
    sys.exit(code or 0)


if __name__ == "__main__":
    main()
