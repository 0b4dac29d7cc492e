"""What goes over the wire, to the byte: attacks are in what an honest client never sends."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tenantctl.probes.gateway.client import message, post
from tenantctl.probes.probe import UnclearError

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"


@contextmanager
def listening(answer: bytes) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """A server for one request, and what it was sent."""
    got: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                data = b""
                while b'"id"' not in data:
                    data += connection.recv(65536)
                got.append(data)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()

        def received() -> bytes:
            thread.join(10)
            return got[0]

        yield f"http://127.0.0.1:{server.getsockname()[1]}/mcp", received


def test_headers_go_out_as_given() -> None:
    headers = [("X-Tier", "a"), ("x-tier", "b"), ("X_Tier", "c"), ("X-Fold", "\r\n d")]
    with listening(OK) as (url, received):
        post(url, message("tools/list"), headers, query="access_token=t")
        head = received()

    assert head.startswith(b"POST /mcp?access_token=t HTTP/1.1\r\n")
    assert b"X-Tier: a\r\nx-tier: b\r\nX_Tier: c\r\nX-Fold: \r\n d\r\n" in head


def test_a_redirect_is_not_followed() -> None:
    moved = b"HTTP/1.1 307 X\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
    with listening(moved) as (url, _):
        assert post(url, message("tools/list"), []).status == 307


@pytest.mark.parametrize("answer", [b"", b"no HTTP\r\n\r\n"])
def test_what_is_no_answer_is_unclear(answer: bytes) -> None:
    with listening(answer) as (url, _), pytest.raises(UnclearError, match="no answer"):
        post(url, message("tools/list"), [])


def test_an_endless_answer_is_unclear() -> None:
    long = b"HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n" + b"x" * 5_000_000
    with listening(long) as (url, _), pytest.raises(UnclearError, match="too long"):
        post(url, message("tools/list"), [])
