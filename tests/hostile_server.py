"""A small HTTP server on 127.0.0.1 that answers what a test tells it to, byte by byte if need be."""

from __future__ import annotations

import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import orjson


@dataclass(frozen=True)
class Received:
    method: str
    path: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes = b""

    @property
    def line(self) -> str:
        return f"{self.method} {self.path}"


@dataclass
class Talk:
    """One request's connection, for behaviours that are more than one answer."""

    received: Received
    connection: socket.socket
    closing: threading.Event

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)

    def drip(self, data: bytes, pause_seconds: float) -> None:
        """One byte at a time."""
        for byte in data:
            self.send(bytes([byte]))
            if self.closing.wait(pause_seconds):
                return

    def hang(self) -> None:
        """Until the test is over."""
        self.closing.wait()


Behaviour = bytes | Callable[[Talk], None]


def answer(body: object, status: int = 200, **headers: str) -> bytes:
    """A whole answer: bytes and text as they are, anything else as JSON. Header names are written with `_` for `-`."""
    content = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else orjson.dumps(body)
    fields = {"Content-Type": "application/json", "Content-Length": str(len(content))}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} Whatever\r\n{head}\r\n".encode() + content


NOT_FOUND = answer({"error_code": 404, "message": "HTTP 404 Not Found"}, 404)


@dataclass
class HostileServer:
    """`behave`: one behaviour for everything, or by `METHOD /path` (with the query); may be changed while it runs."""

    behave: Behaviour | dict[str, Behaviour]
    url: str = ""
    received: list[Received] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)

    @property
    def lines(self) -> list[str]:
        return [received.line for received in self.received]

    def serve(self, connection: socket.socket) -> None:
        stream = connection.makefile("rb")
        while received := _read_request(stream):
            self.received.append(received)
            behaviour = self.behave
            if isinstance(behaviour, dict):
                behaviour = behaviour.get(received.line, NOT_FOUND)
            if callable(behaviour):
                behaviour(Talk(received, connection, self.closing))
                return
            connection.sendall(behaviour)


def _read_request(stream: socket.SocketIO) -> Received | None:  # type: ignore[name-defined]
    line = stream.readline().decode().split()
    if len(line) != 3:
        return None
    headers = {}
    while (header := stream.readline().decode().strip()) != "":
        name, _, value = header.partition(":")
        headers[name.lower()] = value.strip()
    return Received(line[0], line[1], headers, stream.read(int(headers.get("content-length", 0))))


@contextmanager
def hostile_server(
    behave: Behaviour | dict[str, Behaviour], tls: ssl.SSLContext | None = None
) -> Iterator[HostileServer]:
    server = HostileServer(behave)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            try:
                server.serve(tls.wrap_socket(self.request, server_side=True) if tls else self.request)
            except OSError:
                return  # The client went away, which is what most of these tests are about.

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as listener:
        listener.daemon_threads = True
        listener.block_on_close = False
        server.url = f"{'https' if tls else 'http'}://127.0.0.1:{listener.server_address[1]}"
        thread = threading.Thread(target=listener.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.closing.set()
            listener.shutdown()
            thread.join()
