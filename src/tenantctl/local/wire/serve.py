"""The embedded cloud over HTTP on 127.0.0.1, for clients that aren't in this process."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from email.errors import FirstHeaderLineIsContinuationDefect, MissingHeaderBodySeparatorDefect
from http import HTTPStatus
from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import BaseWSGIServer, ThreadedWSGIServer

from tenantctl.errors import UsageError
from tenantctl.local.cloud import Cloud
from tenantctl.local.wire.incoming import Answer, Incoming, from_environ

LOOPBACK = "127.0.0.1"

StartResponse = Callable[[str, list[tuple[str, str]]], Any]


_UNREADABLE = (FirstHeaderLineIsContinuationDefect, MissingHeaderBodySeparatorDefect)
_ONCE = ("content-length", "host")
_WAITING = 128
"""Connections that wait to be taken."""


class _RequestHandler(MotoRequestHandler):
    """Answers one request a connection, and says nothing of it: requests carry tokens."""

    protocol_version = "HTTP/1.1"
    timeout = 60
    """Seconds that are waited for the next byte of a request."""

    def parse_request(self) -> bool:
        """Refuse a head that other readers could read otherwise.

        Python's parser drops all headers behind a line that is none; of several lengths or hosts,
        readers take the first or the last (RFC 9112, 5.1 and 6.3; RFC 9110, 7.2).
        """
        if not super().parse_request():
            return False
        if any(isinstance(defect, _UNREADABLE) for defect in self.headers.defects) or any(
            len(self.headers.get_all(name, ())) > 1 for name in _ONCE
        ):
            self.send_error(400)
            return False
        return True

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002, ANN401 - werkzeug's own signature
        """Nothing."""


class _Server(ThreadedWSGIServer):
    """A thread for each connection; a traceback could show what was sent, so none is printed."""

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002, ANN401 - werkzeug's own signature
        """Nothing."""


def application(
    answer: Callable[[Incoming], Answer],
) -> Callable[[Mapping[str, Any], StartResponse], list[bytes]]:
    """The WSGI application that puts every request before `answer`."""

    def app(environ: Mapping[str, Any], start: StartResponse) -> list[bytes]:
        try:
            request = from_environ(environ)
        except ValueError as error:
            text = str(error).encode()
            start("400 Bad Request", [("Content-Length", str(len(text)))])
            return [text]
        answered = answer(request)
        headers = [(n, v) for n, v in answered.headers if n.lower() not in _HOP_BY_HOP]
        has_length = any(n.lower() == "content-length" for n, _ in headers)
        if request.method != "HEAD" or not has_length:
            headers = [(n, v) for n, v in headers if n.lower() != "content-length"]
            headers.append(("Content-Length", str(len(answered.body))))
        start(f"{answered.status} {_reason(answered.status)}", headers)
        return [b"" if request.method == "HEAD" else answered.body]

    return app


_HOP_BY_HOP = frozenset({"connection", "transfer-encoding", "keep-alive"})


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def server(
    cloud: Cloud,
    *,
    port: int = 0,
    host: str = LOOPBACK,
    answer: Callable[[Incoming], Answer] | None = None,
) -> BaseWSGIServer:
    """A server that listens already, a thread for each connection; port 0 takes a free one.

    `answer` stands in front of the cloud's own, if it is given.
    Raises `UsageError` for any host but this machine's own, and for a port that is taken.
    """
    if host != LOOPBACK:
        raise UsageError(
            f"the embedded cloud isn't served on `{host}`", hint=f"it is only on {LOOPBACK}"
        )
    with socket.socket() as found:  # werkzeug takes it over; by itself it exits for a taken port
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind((host, port))
            found.listen(_WAITING)
        except OSError as error:
            raise UsageError(
                f"port {port} can't be listened on", hint="choose another with --port"
            ) from error
        app = application(answer or cloud.answer)
        return _Server(host, port, app, _RequestHandler, fd=found.fileno())


def endpoint_of(listening: BaseWSGIServer) -> str:
    """The address that clients are given."""
    return f"http://{LOOPBACK}:{listening.port}"


@contextmanager
def serving(cloud: Cloud, *, port: int = 0, clock: str | None = None) -> Iterator[str]:
    """Serve a cloud of this process, its gateways and agents too, while a `with` block lasts.

    Yields the endpoint. Requests that have begun are ended first. `clock` sets the clinics' clock,
    in ISO 8601 with an offset.
    """
    from tenantctl.local.gateway.front import Front
    from tenantctl.local.runtime.front import RuntimeFront

    fronts: list[Front | RuntimeFront] = []

    def answer(request: Incoming) -> Answer:
        for front in fronts:
            found = front.answer(request)
            if found is not None:
                return found
        return cloud.answer(request)

    listening = server(cloud, port=port, answer=answer)
    endpoint = endpoint_of(listening)
    gateways = Front(cloud, endpoint, clock=clock)
    agents = RuntimeFront(cloud, endpoint, gateways.issuers)
    fronts += [gateways, agents]
    before = cloud.served_at, cloud.agents
    cloud.served_at, cloud.agents = endpoint, agents
    thread = threading.Thread(target=listening.serve_forever, name="embedded-cloud", daemon=True)
    thread.start()
    try:
        yield endpoint
    finally:
        cloud.served_at, cloud.agents = before
        listening.shutdown()
        thread.join()
        agents.close()  # before what waits for requests to end: an agent may work for long
        listening.server_close()
        gateways.close()
