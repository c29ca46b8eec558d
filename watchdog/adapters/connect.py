"""One Kafka Connect cluster's REST API → the `Connect` port.

No secret leaves: configurations come out redacted, and a trace comes out only after its connector's configuration was
read, so that the secrets in it are known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from watchdog.adapters import connect_documents as documents
from watchdog.adapters.connect_configs import ConfigReader
from watchdog.adapters.connect_control import ConnectControl
from watchdog.adapters.connect_health import Health
from watchdog.adapters.connect_logins import can_log_in
from watchdog.adapters.connect_paths import parsed, path_of
from watchdog.adapters.connect_restarts import Restarts, result_of
from watchdog.adapters.connect_sweep import StatusReader
from watchdog.adapters.connect_traces import Traces
from watchdog.adapters.connect_workers import Workers
from watchdog.adapters.http import ANYONE, Access
from watchdog.errors import PortError, PortRefused
from watchdog.model import Action, CallResult, ConnectorConfig, ConnectorStatus, Offsets, Outcome, Poll, TableId
from watchdog.redact import Redactor

Clock = Callable[[], datetime]

_CALLS = {
    "pause": ("PUT", "pause"),
    "resume": ("PUT", "resume"),
}


@dataclass(frozen=True, slots=True)
class ConnectLimits:
    request_timeout_seconds: float = 10.0
    action_timeout_seconds: float = 30.0
    health_timeout_seconds: float = 3.0
    sweep_timeout_seconds: float = 30.0
    """For asking every connector by itself, where one answer for all is too large."""
    login_timeout_seconds: float = 15.0
    refused_pause_seconds: float = 5.0
    """Before the same is asked again by whom it was refused to; doubled each time."""
    response_bytes_max: int = 64 * 1024**2


class ConnectRest:
    """Used by several threads: one that polls, one that probes, one that acts. `urls`: of each worker, or of one."""

    def __init__(
        self,
        name: str,
        urls: str | Sequence[str],
        redactor: Redactor,
        clock: Clock,
        limits: ConnectLimits = ConnectLimits(),
        auth: Access = ANYONE,
    ) -> None:
        self.name = name
        self._clock = clock
        self._limits = limits
        self._redactor = redactor
        each = (urls,) if isinstance(urls, str) else tuple(urls)
        self._workers = Workers(each, redactor, auth, limits.response_bytes_max, limits.refused_pause_seconds)
        self._statuses = StatusReader(self._get, limits.request_timeout_seconds, limits.sweep_timeout_seconds)
        self._traces = Traces(redactor)
        self._health = Health(self._get_here, limits.health_timeout_seconds)
        self._restarts = Restarts(self._get, self._change, limits.action_timeout_seconds)
        self._configs = ConfigReader(name, self._get, redactor, limits.sweep_timeout_seconds)
        self.control = ConnectControl(name, self._workers, self._configs, redactor, limits.action_timeout_seconds)
        """`ports.Control`, for workflows."""

    def poll(self) -> Poll:
        started_at = self._clock()
        entries, complete = self._statuses.read()
        found = documents.statuses(self.name, entries)
        self._statuses.remember(found, complete)
        configs = self._configs_before_traces(found)
        connectors = {name: self._traces.cleaned(status, name in configs) for name, status in found.items()}
        self._traces.forget_old()
        health = self._health.look(started_at)
        # Its statuses may be stale, whatever another one says of itself: that one is asked next time, for both.
        if health.healthy is False and self._workers.step_aside(health.message):
            self._health.forget()
        return Poll(
            cluster=self.name,
            started_at=started_at,
            connectors=connectors,
            configs=configs,
            healthy=health.healthy,
            health_message=self._shown(health.message),
            version=self._shown(health.version),
            complete=complete,
        )

    def configs(self, names: Iterable[str] | None = None) -> Mapping[str, ConnectorConfig]:
        return self._configs.all() if names is None else self._configs.of(names)

    def offsets(self, connector: str) -> Offsets:
        try:
            return documents.offsets(self._get(path_of(connector, "offsets")))
        except PortRefused as error:
            # The endpoint is not there before 3.5, nor is it for a connector that is gone.
            if error.status in (404, 405):
                return Offsets()
            raise

    def topics(self, connector: str) -> frozenset[str] | None:
        try:
            return documents.topics(connector, self._get(path_of(connector, "topics")))
        except PortRefused as error:
            # 403: the worker is told not to keep them.
            if error.status in (403, 404, 405):
                return None
            raise

    def can_connect(self, connector: str, targets: Sequence[TableId] = ()) -> tuple[bool | None, str]:
        # Read anew each time: a changed password is what this is asked about.
        raw = self._configs.raw(connector)
        return can_log_in(raw, self._validate, self._limits.login_timeout_seconds, self._redactor, targets)

    def act(self, action: Action) -> Outcome:
        result, detail = self._carry_out(action)
        if result is CallResult.CONFLICT:
            # It may be this worker alone that takes another one for the leader.
            self._workers.step_aside(detail)
        return Outcome(action, result, self._clock(), self._shown(detail))

    def close(self) -> None:
        self._workers.close()

    def _carry_out(self, action: Action) -> tuple[CallResult, str]:
        if action.verb == "restart":
            return self._restarts.carry_out(action.key.connector, action.whole, self._health.version)
        if action.verb not in _CALLS:
            return CallResult.REFUSED, f"{action.verb} is no call that is known"
        method, verb = _CALLS[action.verb]
        try:
            path = path_of(action.key.connector, verb)
            self._change(method, path, self._limits.action_timeout_seconds)
        except PortError as error:
            return result_of(error), str(error)
        return CallResult.ACCEPTED, f"{method} {path}"

    def _configs_before_traces(self, found: Mapping[str, ConnectorStatus]) -> Mapping[str, ConnectorConfig]:
        """Configurations of connectors whose trace was not seen before, read now; what cannot be read is left out."""
        new = tuple(name for name, status in found.items() if self._traces.unseen(status))
        try:
            return self._configs.of_few_or_all(new) if new else {}
        except PortError:
            return {}

    def _validate(self, connector_class: str, raw: Mapping[str, str]) -> list[tuple[str, str]]:
        path = f"/connector-plugins/{quote(connector_class, safe='')}/config/validate"
        answer = self._workers.read("PUT", path, dict(raw), seconds=self._limits.login_timeout_seconds)
        return parsed(path, answer, documents.validation_errors)

    def _get(self, path: str, seconds: float | None = None) -> Any:
        return self._workers.read("GET", path, seconds=seconds or self._limits.request_timeout_seconds)

    def _get_here(self, path: str, seconds: float) -> Any:
        return self._workers.read_here("GET", path, seconds=seconds)

    def _change(self, method: str, path: str, seconds: float) -> Any:
        return self._workers.change(method, path, seconds=seconds)

    def _shown(self, text: str) -> str:
        return self._redactor.clean(text)
