"""The last report → HTTP answers: `/metrics`, `/livez`, `/readyz`; anything else is 404. Reads, never acts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from prometheus_client.exposition import choose_encoder
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from watchdog import __version__
from watchdog.model import Report, SourceHealth
from watchdog.report.documents import Document, dump
from watchdog.report.metrics import registry
from watchdog.report.text import age, plain

_HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}


@dataclass(frozen=True)
class Readings:
    """What is asked of the running loop; each call returns at once and is safe from any thread.

    `heartbeat` is the number of seconds since the last tick; above `heartbeat_limit_seconds` the loop counts as stuck.
    `schema_drift_detected` stays at 0 for `resolved_gauge_seconds` after a drift is resolved, and is gone then.
    """

    latest: Callable[[], Report | None]
    heartbeat: Callable[[], float]
    clock: Callable[[], datetime]
    heartbeat_limit_seconds: float = 30.0
    resolved_gauge_seconds: float = 900.0

    def stuck(self) -> str:
        """Why the loop counts as stuck; empty when it ticks."""
        seconds = self.heartbeat()
        if seconds <= self.heartbeat_limit_seconds:
            return ""
        return f"the loop has not ticked for {age(seconds)}, the limit is {age(self.heartbeat_limit_seconds)}"


def application(readings: Readings) -> Starlette:
    own = registry(readings.latest, readings.clock, __version__, readings.resolved_gauge_seconds)

    # Coroutines, though nothing in them waits: starlette runs plain functions in threads that it keeps.
    async def metrics(request: Request) -> Response:
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(own), headers={**_HEADERS, "content-type": content_type})

    async def livez(_: Request) -> Response:
        reason = readings.stuck()
        return _json({"alive": not reason, "reason": reason}, 503 if reason else 200)

    async def readyz(_: Request) -> Response:
        document = readiness(readings)
        return _json(document, 200 if document["ready"] else 503)

    app = Starlette(
        routes=[_get("/metrics", metrics), _get("/livez", livez), _get("/readyz", readyz)],
        exception_handlers={HTTPException: _refuse},
    )
    # A redirect would be to wherever the request's Host header says.
    app.router.redirect_slashes = False
    return app


def _get(path: str, endpoint: Callable[[Request], Awaitable[Response]]) -> Route:
    """GET, and with it HEAD; starlette answers 405 to other methods."""
    return Route(path, endpoint, methods=["GET"])


def readiness(readings: Readings) -> Document:
    """Whether it watches, whether it may act, and how many seconds old what it sees is, by source."""
    report = readings.latest()
    if report is None:
        nothing = "nothing has been observed yet"
        return {"ready": False, "acting": False, "not_acting_because": nothing, "reason": nothing, "sources": []}
    reason = readings.stuck() or ("" if report.ready else report.not_ready_because or "no reason was given")
    now = readings.clock()
    sources = [_source(source, now) for source in report.observation.sources]
    return {
        "ready": not reason,
        "acting": report.acting,
        "not_acting_because": plain(report.not_acting_because),
        "reason": plain(reason),
        "sources": sources,
    }


def _source(source: SourceHealth, now: datetime) -> Document:
    seconds = source.age_seconds(now)
    return {
        "connect_cluster": source.cluster or None,
        "name": source.name,
        "age_seconds": None if seconds is None else round(seconds, 3),
        "error": plain(source.error),
    }


async def _refuse(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    answer = _json({"error": HTTPStatus(error.status_code).phrase}, error.status_code)
    answer.headers.update(error.headers or {})
    return answer


def _json(document: Document, status: int) -> Response:
    return Response(dump(document) + "\n", status, _HEADERS, "application/json")
