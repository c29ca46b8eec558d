"""The HTTP server: starlette by uvicorn in a thread of its own, which sleeps while nobody asks."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import threading

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol

from watchdog.errors import SettingsError
from watchdog.report.answers import Readings, application

REQUEST_SECONDS = 5.0
"""A connection that brings no new request in that time is closed, whatever it is doing."""
CONNECTIONS = 64
"""More than that at a time are answered 503."""
HEADER_BYTES = 16 * 1024

__all__ = ["Readings", "Server"]


class Server:
    """`start` binds (port 0: any free port, told by `port`), `stop` ends it in under a second. Each once."""

    def __init__(self, host: str, port: int, readings: Readings) -> None:
        self.host = host
        self.port = port
        self._uvicorn = _Uvicorn(_config(application(readings)))
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Raises `SettingsError` when the address cannot be used."""
        self._socket = _listen(self.host, self.port)
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._uvicorn.run, args=([self._socket],), name="http", daemon=True)
        self._thread.start()
        self._uvicorn.serving.wait(timeout=5.0)

    def stop(self) -> None:
        if self._thread is not None:
            self._uvicorn.end()
            self._thread.join(timeout=0.9)
        if self._socket is not None:
            self._socket.close()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=CONNECTIONS)
    except OSError as error:
        # A name that does not resolve has an error number that is none of the system's.
        problem = str(error) if isinstance(error, socket.gaierror) else os.strerror(error.errno or 0)
        advice = (
            "set WATCHDOG_HTTP__PORT and WATCHDOG_HTTP__HOST to a free address of this machine"
            " (is another watchdog running here?), or WATCHDOG_HTTP__ENABLED=false"
        )
        raise SettingsError([f"http.host, http.port: cannot listen on {host}:{port}: {problem}; {advice}"]) from error


class _Uvicorn(uvicorn.Server):
    """Sleeps until it is ended, where uvicorn's own wakes ten times a second."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.serving = threading.Event()
        self._ended: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def main_loop(self) -> None:
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        self.serving.set()
        await self._ended.wait()

    def end(self) -> None:
        """From another thread; waits for no client."""
        self.should_exit = self.force_exit = True
        if self._loop and self._ended:
            # The loop may come to its own end at this very moment.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._ended.set)


class _Impatient(H11Protocol):
    """Lets go of who asks nothing, sends a request byte by byte, or does not read the answer."""

    _deadline: asyncio.TimerHandle | None = None
    _last_cycle: object = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._deadline = self.loop.call_later(REQUEST_SECONDS, self._check)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._deadline:
            self._deadline.cancel()
        super().connection_lost(exc)

    def _check(self) -> None:
        # uvicorn makes a cycle for each request that came whole.
        if self.cycle is self._last_cycle:
            self.transport.abort()
            return
        self._last_cycle = self.cycle
        self._deadline = self.loop.call_later(REQUEST_SECONDS, self._check)


def _config(app: Starlette) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=_Impatient,
        loop="asyncio",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="error",
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        limit_concurrency=CONNECTIONS,
        h11_max_incomplete_event_size=HEADER_BYTES,
        timeout_keep_alive=int(REQUEST_SECONDS),
        timeout_graceful_shutdown=1,
    )
