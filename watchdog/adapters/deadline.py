"""HTTP connections that keep a total deadline, whatever the other side does.

A socket's timeout counts from one byte to the next, so that a server that drips bytes is waited for endlessly. Here
every read and write of a call is given only what is left of the call's time. Name look-ups alone cannot be cut short.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError
from urllib3.util.ssl_ import create_urllib3_context


@dataclass(slots=True)
class Call:
    """One request: when it has to be over (monotonic seconds), and whether any of it was sent."""

    deadline: float
    sent: bool = False

    def remaining_seconds(self) -> float:
        """What is left; raises `TimeoutError` when nothing is."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("deadline passed")
        return left

    @property
    def expired(self) -> bool:
        return time.monotonic() >= self.deadline


_CURRENT: ContextVar[Call] = ContextVar("call")


@contextmanager
def total_deadline(seconds: float) -> Iterator[Call]:
    """Everything that this thread sends and reads through `DeadlineAdapter` meanwhile has these seconds in total."""
    call = Call(time.monotonic() + seconds)
    token = _CURRENT.set(call)
    try:
        yield call
    finally:
        _CURRENT.reset(token)


class _Socket(socket.socket):
    def recv_into(self, *args: Any) -> int:
        self.settimeout(_CURRENT.get().remaining_seconds())
        return super().recv_into(*args)

    def sendall(self, *args: Any) -> None:
        call = _CURRENT.get()
        self.settimeout(call.remaining_seconds())
        call.sent = True
        super().sendall(*args)


class _TlsSocket(ssl.SSLSocket):
    def do_handshake(self, block: bool = False) -> None:
        self.settimeout(_CURRENT.get().remaining_seconds())
        super().do_handshake(block)

    def recv_into(self, *args: Any) -> int:
        self.settimeout(_CURRENT.get().remaining_seconds())
        return super().recv_into(*args)

    def send(self, *args: Any) -> int:
        call = _CURRENT.get()
        self.settimeout(call.remaining_seconds())
        call.sent = True
        return super().send(*args)


def connect(host: str, port: int) -> socket.socket:
    """To the first address that answers; all addresses together have what is left of the call."""
    problem: OSError = OSError(f"{host} has no address")
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        sock = _Socket(family, kind, protocol)
        try:
            sock.settimeout(_CURRENT.get().remaining_seconds())
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.connect(address)
        except OSError as error:
            sock.close()
            problem = error
        else:
            return sock
    raise problem


class _Connecting(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        try:
            return connect(self._dns_host, self.port)
        except OSError as error:
            raise NewConnectionError(self, str(error)) from error


class _PlainConnection(_Connecting):
    pass


class _TlsConnection(_Connecting, HTTPSConnection):
    pass


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


@dataclass(frozen=True, slots=True)
class Certificate:
    """PEM files; `key_file` empty where the certificate's file holds the key too."""

    file: str
    key_file: str = ""
    key_password: str = field(default="", repr=False)


class DeadlineAdapter(HTTPAdapter):
    """For a `requests.Session` that is used inside `total_deadline` only. Nothing is retried."""

    def __init__(self, certificate: Certificate | None = None) -> None:
        self._certificate = certificate
        super().__init__()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._tls_context(), **options)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        manager = super().proxy_manager_for(proxy, ssl_context=self._tls_context(), **options)
        manager.pool_classes_by_scheme = _POOLS
        return manager

    def _tls_context(self) -> ssl.SSLContext:
        context = create_urllib3_context()
        context.sslsocket_class = _TlsSocket
        if own := self._certificate:
            # With an empty password rather than none, for which OpenSSL would ask at the terminal.
            context.load_cert_chain(own.file, own.key_file or None, own.key_password)
        return context


_POOLS = {"http": _PlainPool, "https": _TlsPool}
