"""A proxy in front of Connect that counts the restarts asked for, by connector, with when."""

import http.client
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import unquote

_DROPPED = {"connection", "transfer-encoding", "content-length", "keep-alive", "host"}


class CountingProxy:
    """`with CountingProxy(port) as proxy:` listens on `proxy.port`; `proxy.restarts` are (connector, monotonic)."""

    def __init__(self, upstream_port: int) -> None:
        self.restarts: list[tuple[str, float]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(upstream_port, self.restarts))
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    def sent(self, connector: str, until: float = float("inf")) -> int:
        return sum(name == connector and at < until for name, at in list(self.restarts))


def _handler(upstream_port: int, restarts: list[tuple[str, float]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except OSError:  # Who asked hung up, or was ended.
                self.close_connection = True

        def _forward(self) -> None:
            if self.command == "POST" and "/restart" in self.path:
                restarts.append((unquote(self.path.split("/")[2]), time.monotonic()))
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            upstream = http.client.HTTPConnection("127.0.0.1", upstream_port, timeout=60)
            headers = {name: value for name, value in self.headers.items() if name.lower() not in _DROPPED}
            try:
                upstream.request(self.command, self.path, body, headers)
                answer = upstream.getresponse()
                data = answer.read()
            except OSError:
                self.send_error(502)
                return
            finally:
                upstream.close()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in _DROPPED:
                    self.send_header(name, value)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _forward  # noqa: N815 — the base class's names

    return Handler
