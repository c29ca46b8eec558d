"""Something that listens where a server should be: a proxy without a server behind it, an SSH server, a login page."""

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from stack.settings import HOST


@contextmanager
def listening(hello: bytes = b"", *, stays: bool = False, waits_for_request: bool = False) -> Iterator[int]:
    """Its port. It says `hello` to whoever comes and hangs up, or stays on the line."""
    over = threading.Event()

    class Answer(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            if waits_for_request:
                self.request.recv(65536)
            self.request.sendall(hello)
            if stays:
                over.wait()

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """Whoever hung up first is no news."""

    with Server((HOST, 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield int(server.server_address[1])
        finally:
            over.set()
            server.shutdown()


@contextmanager
def dropping() -> Iterator[int]:
    """The port of one whose queue is full: whoever calls gets no answer, as behind a firewall that drops what comes."""
    with socket.create_server((HOST, 0), backlog=0) as server:
        address = server.getsockname()
        with socket.create_connection(address):  # it waits, and is the whole queue
            with suppress(TimeoutError), socket.create_connection(address, timeout=0.5):
                raise AssertionError(f"the queue at {address} is not full")
            yield int(address[1])


def http(status: str, body: str, kind: str = "text/html") -> bytes:
    """A whole answer."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return (head + body).encode()
