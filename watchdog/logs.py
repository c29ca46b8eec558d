"""Everything that is logged → one line on stderr, as text or JSON, without secrets and without control characters.

All log lines take this way: ours, those of libraries that use the standard `logging` (from WARNING on), warnings, and
crashes. Each value is cleaned before it is rendered, since a quoted or escaped secret would not be recognised. A
connector's name or a trace can forge no second line. A stream that cannot be written stops nothing.

Servers and clients that write by themselves are told to use `logging`: uvicorn by `log_config=None`, confluent-kafka by
`logger=logging.getLogger("confluent_kafka")`.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Mapping, MutableMapping
from types import TracebackType
from typing import Any, TextIO, cast

import orjson
import structlog
from structlog.typing import FilteringBoundLogger, Processor

from watchdog.redact import MASK, Redactor, clean_text, is_secret_key

VALUE_CHARACTERS_MAX = 16 * 1024
_DEPTH_MAX = 6
# Numbers that every JSON reader keeps.
_INTEGER_MAX = 2**53
_FIRST = ("time", "level", "event")


def configure(format: str, level: str, redactor: Redactor, stream: TextIO | None = None) -> None:  # noqa: A002
    """`format` is text or json; `level` is debug, info, warning or error.

    Replaces the handlers of the standard `logging`. `stream` is standard error, as it is at each line, unless given.
    """
    processors: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        _add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        structlog.processors.format_exc_info,
        _Cleaner(redactor),
        _Text(redactor) if format == "text" else _json,
    ]
    output = _Output(stream)
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda name="": _Named(output, name),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(handlers=[_Standard()], level=logging.WARNING, force=True)
    logging.captureWarnings(True)


def get_logger(name: str) -> FilteringBoundLogger:
    """A logger whose lines carry `logger=name`; it follows each later `configure`."""
    return cast(FilteringBoundLogger, structlog.get_logger(name))


def log_crashes() -> None:
    """Let what ends a thread or the process be logged like all else, instead of Python's own bare traceback."""
    sys.excepthook = _crashed
    threading.excepthook = lambda crash: _crashed(crash.exc_type, crash.exc_value, crash.exc_traceback, crash.thread)


def _crashed(
    kind: type[BaseException],
    error: BaseException | None,
    traceback: TracebackType | None,
    thread: threading.Thread | None = None,
) -> None:
    if issubclass(kind, (KeyboardInterrupt, SystemExit)):
        return
    exc_info = (kind, error, traceback) if error is not None else None
    get_logger("watchdog").critical("crashed", thread=thread.name if thread else "main", exc_info=exc_info)


class _Output:
    """One line at a time, whichever thread it comes from."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def write(self, line: str) -> None:
        stream = self._stream or sys.stderr
        try:
            with self._lock:
                stream.write(line + "\n")
                stream.flush()
        except (OSError, ValueError):  # A full disk, a closed pipe: alerts and restarts go on.
            return


class _Named:
    """What structlog writes to; every level is a line."""

    def __init__(self, output: _Output, name: str) -> None:
        self.name = name
        self.debug = self.info = self.warning = self.error = self.critical = self.exception = self.log = output.write


class _Standard(logging.Handler):
    """The standard `logging`, led into the same processors."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            message = record.getMessage()
        except (TypeError, ValueError, KeyError):  # Arguments that do not fit the message.
            message = str(record.msg)
        level = next((known for known in (40, 30, 20) if record.levelno >= known), 10)
        structlog.get_logger(record.name).log(level, message, exc_info=record.exc_info)


def _add_logger_name(logger: _Named, _: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if logger.name:
        event.setdefault("logger", logger.name)
    return event


class _Cleaner:
    """The one redaction point: every value becomes plain JSON, shortened and clean; a secret key hides its value."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor

    def __call__(self, _: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        return self._mapping(event, 0)

    def _mapping(self, values: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        return {
            self._text(str(key)): MASK if is_secret_key(str(key)) else self._value(value, depth + 1)
            for key, value in values.items()
        }

    def _value(self, value: Any, depth: int) -> Any:
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, (int, float)):
            if abs(value) > _INTEGER_MAX:
                return self._text(f"{value:g}" if isinstance(value, float) else hex(value))
            return value if self._redactor.clean(str(value)) == str(value) else self._text(str(value))
        if isinstance(value, Mapping) and depth < _DEPTH_MAX:
            return self._mapping(value, depth)
        if isinstance(value, (list, tuple, set, frozenset)) and depth < _DEPTH_MAX:
            return [self._value(item, depth + 1) for item in value]
        return self._text(str(value))

    def _text(self, text: str) -> str:
        return clean_text(text, VALUE_CHARACTERS_MAX, self._redactor)


class _Text:
    """`2026-11-23T16:00:00.000000Z warning restart refused connector=dw-sink`"""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor

    def __call__(self, _: object, __: str, event: MutableMapping[str, Any]) -> str:
        message = _quoted(str(event.get("event", "")))[1:-1].replace('\\"', '"')
        parts = [str(event.get("time", "")), f"{event.get('level', ''):<7}", message]
        parts += [f"{_shown(key)}={_shown(value)}" for key, value in event.items() if key not in _FIRST]
        return self._redactor.clean(" ".join(parts))


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else _quoted(value)
    bare = isinstance(value, (str, int, float)) and text and not any(c.isspace() or c in "\"'=" for c in text)
    return text if bare or not isinstance(value, str) else _quoted(text)


def _quoted(value: Any) -> str:
    """JSON: one line whatever is in it."""
    return orjson.dumps(value).decode()


def _json(_: object, __: str, event: MutableMapping[str, Any]) -> str:
    first = {key: event[key] for key in _FIRST if key in event}
    return _quoted(first | {key: value for key, value in event.items() if key not in first})
