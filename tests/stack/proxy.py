"""A proxy in front of Connect that keeps a record of every call, and can be made slow, deaf or broken."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import urlsplit

HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "keep-alive"}


@dataclass(frozen=True)
class Call:
    at: float
    """time.time()"""
    method: str
    path: str
    status: int
    """0 while there is no answer yet."""


@dataclass
class Trouble:
    """What happens to calls that `hits` picks: `before` seconds pass before the call is handed on, `after` seconds
    before its answer is; with `swallow` it is never handed on at all; with `answer` neither, but answered with that
    status. `times`: to so many calls only."""

    hits: Callable[[str, str], bool]
    before: float = 0.0
    after: float = 0.0
    swallow: bool = False
    answer: int = 0
    times: int | None = None

    def takes(self, method: str, path: str) -> bool:
        if self.times == 0 or not self.hits(method, path):
            return False
        self.times = None if self.times is None else self.times - 1
        return True


class RecordingProxy:
    """`with RecordingProxy(stack.connect_url) as proxy:` listens on 127.0.0.1, `proxy.url`."""

    def __init__(self, upstream: str) -> None:
        parts = urlsplit(upstream)
        self._upstream = (parts.hostname or "127.0.0.1", parts.port or 80)
        self.calls: list[Call] = []
        self.trouble: list[Trouble] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> RecordingProxy:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    def restarts(self, connector: str) -> list[Call]:
        """Every restart call for the connector, answered or not, whatever its query."""
        path = f"/connectors/{connector}/"
        return [c for c in list(self.calls) if c.method == "POST" and c.path.startswith(path) and "restart" in c.path]

    def changes(self) -> list[Call]:
        """Every call that is no question (validations of a configuration change nothing)."""
        return [c for c in list(self.calls) if c.method != "GET" and "/config/validate" not in c.path]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

            def _forward(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                index = proxy._begin(self.command, self.path)
                trouble = next((t for t in proxy.trouble if t.takes(self.command, self.path)), None)
                if trouble:
                    time.sleep(trouble.before)
                    if trouble.swallow:
                        self.close_connection = True
                        return
                    if trouble.answer:
                        proxy._end(index, trouble.answer)
                        self.send_error(trouble.answer)
                        return
                connection = http.client.HTTPConnection(*proxy._upstream, timeout=120)
                headers = {k: v for k, v in self.headers.items() if k.lower() not in {*HOP_BY_HOP, "host"}}
                try:
                    connection.request(self.command, self.path, body, headers)
                    answer = connection.getresponse()
                    data = answer.read()
                except OSError:
                    self.send_error(502)
                    return
                finally:
                    connection.close()
                proxy._end(index, answer.status)
                if trouble:
                    time.sleep(trouble.after)
                self.send_response(answer.status)
                for key, value in answer.getheaders():
                    if key.lower() not in HOP_BY_HOP:
                        self.send_header(key, value)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _forward  # noqa: N815 - the base class's names

            def handle_one_request(self) -> None:
                try:
                    super().handle_one_request()
                except OSError:  # The watchdog hung up, or was killed.
                    self.close_connection = True

        return Handler

    def _begin(self, method: str, path: str) -> int:
        self.calls.append(Call(time.time(), method, path, 0))
        return len(self.calls) - 1

    def _end(self, index: int, status: int) -> None:
        call = self.calls[index]
        self.calls[index] = Call(call.at, call.method, call.path, status)


def is_restart(method: str, path: str) -> bool:
    return method == "POST" and "/restart" in path


def everything(method: str, path: str) -> bool:
    return True
