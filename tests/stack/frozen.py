"""A way to a server on which what flows can be made to stand still, as a dead router does: nothing is closed."""

from __future__ import annotations

import socket
import threading
from types import TracebackType


class FreezingProxy:
    """Hands bytes on between `port` and `target`; after `freeze` no more over the connections that are open by then."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        self._open: list[threading.Event] = []
        self._sockets: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> FreezingProxy:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        for each in (self._server, *self._sockets):
            each.close()

    def freeze(self) -> None:
        for frozen in self._open:
            frozen.set()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
                server = socket.create_connection(self._target)
            except OSError:
                return
            frozen = threading.Event()
            self._open.append(frozen)
            self._sockets += [client, server]
            for one, other in ((client, server), (server, client)):
                threading.Thread(target=self._carry, args=(one, other, frozen), daemon=True).start()

    @staticmethod
    def _carry(one: socket.socket, other: socket.socket, frozen: threading.Event) -> None:
        try:
            while content := one.recv(65_536):
                if not frozen.is_set():
                    other.sendall(content)
            if not frozen.is_set():
                other.shutdown(socket.SHUT_WR)
        except OSError:
            pass
