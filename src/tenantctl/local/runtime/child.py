"""A process that runs one agent: started by its path, it imports nothing of ours.

The first line on its input says in which folder its `code` lies, and what is started there. An
agent listens on port 8080 of every address, as the runtime's contract has it; here each has a port
of its own, on this machine alone, which is told on the output. When the other end is gone the
process is too, and its folder.
https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/runtime-http-protocol-contract.html
"""

from __future__ import annotations

import json
import os
import runpy
import shutil
import socket
import sys
import threading
from pathlib import Path
from typing import Any, BinaryIO

_PORT = 8080
_LOOPBACK = "127.0.0.1"


def _end_with_caller(stream: BinaryIO, folder: Path) -> None:
    """Wait for the end of the input, which never comes before that of who began this.

    Who was killed could not delete the folder.
    """
    stream.read()
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def _listen_elsewhere(told: BinaryIO) -> None:
    """Let the contract's port be a free one of this machine."""
    plain = socket.socket.bind

    def bind(self: socket.socket, address: Any) -> None:  # noqa: ANN401 - as the library has it
        wanted = isinstance(address, tuple) and address[1] == _PORT
        if not wanted:
            plain(self, address)
            return
        if self.family != socket.AF_INET:
            raise OSError("the embedded cloud's agents listen on IPv4")
        plain(self, (_LOOPBACK, 0))
        told.write(f"{self.getsockname()[1]}\n".encode())
        told.flush()

    setattr(socket.socket, "bind", bind)  # noqa: B010 - mypy knows it as a method


def main() -> None:
    """Run the agent; its own end is the process's."""
    # The interpreter is the one that runs tenantctl, and a runtime has no tenantctl.
    sys.modules["tenantctl"] = None  # type: ignore[assignment]
    told = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    first = json.loads(sys.stdin.buffer.readline())
    code = Path(first["folder"], "code")
    heard = (sys.stdin.buffer, code.parent)
    threading.Thread(target=_end_with_caller, args=heard, daemon=True).start()
    _listen_elsewhere(told)
    start = str(code / first["entry_point"])
    sys.path.insert(0, str(code))
    sys.argv = [start]
    runpy.run_path(start, run_name="__main__")


if __name__ == "__main__":
    main()
