"""A connector's configuration → whether it could connect to its database now, without touching the connector.

Debezium's MySQL and MariaDB sources are asked through Connect's validation, which connects for real; a JDBC sink's
login is tried from here. Nothing can tell for others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from watchdog.adapters.credentials import CannotTell, login_of, login_of_source, try_login
from watchdog.adapters.privileges import Connection, denied_at, denied_at_source
from watchdog.model import TableId
from watchdog.redact import Redactor, clean_text

Validate = Callable[[str, Mapping[str, str]], list[tuple[str, str]]]
"""A connector class and a configuration → the errors, as (key, message)."""

_SOURCES = ("io.debezium.connector.mysql.MySqlConnector", "io.debezium.connector.mariadb.MariaDbConnector")
_SINKS = ("JdbcSinkConnector",)
_SINK_SECONDS = 3.0
_MESSAGE_LIMIT = 500
# Debezium's own 30 s would outlast the validation's deadline.
_CONNECT_TIMEOUT = {"connect.timeout.ms": "5000"}


def can_log_in(
    raw: Mapping[str, str],
    validate: Validate,
    seconds: float,
    redactor: Redactor,
    targets: Sequence[TableId] = (),
) -> tuple[bool | None, str]:
    """`raw` holds the secrets in clear; the message does not. Raises `PortError` when Connect cannot be asked.

    Who is let in may still not do what it has to: that is asked of the server, where it can be reached from here.
    """
    connector_class = raw.get("connector.class", "")
    if _is(connector_class, _SOURCES):
        errors = validate(connector_class, {**raw, **_CONNECT_TIMEOUT})
        return (False, _told(errors, redactor)) if errors else _may_follow(raw, min(seconds, _SINK_SECONDS), redactor)
    if connector_class.rpartition(".")[2] in _SINKS:
        try:
            login = login_of(raw)
        except CannotTell as error:
            return None, str(error)
        return try_login(
            login, min(seconds, _SINK_SECONDS), redactor, lambda connection: denied_at(connection, targets, raw)
        )
    return None, f"nothing can tell for a {clean_text(connector_class, 200) or 'connector without class'}"


def _may_follow(raw: Mapping[str, str], seconds: float, redactor: Redactor) -> tuple[bool, str]:
    """The worker was let in: only what the server says of the login's grants counts, not that we are kept out."""
    denied: list[str] = []

    def ask(connection: Connection) -> str:
        denied.append(denied_at_source(connection))
        return ""

    with suppress(CannotTell):
        try_login(login_of_source(raw), seconds, redactor, ask)
    said = clean_text(denied[0], _MESSAGE_LIMIT, redactor) if denied else ""
    return not said, said


def _is(connector_class: str, classes: tuple[str, ...]) -> bool:
    # Connect takes the simple name too, and the simple name without "Connector".
    simple = connector_class.rpartition(".")[2]
    if "." in connector_class:
        return connector_class in classes
    return any(each.rpartition(".")[2] in (simple, f"{simple}Connector") for each in classes)


def _told(errors: list[tuple[str, str]], redactor: Redactor) -> str:
    """A configuration that is not valid in another way would not start either: that is said as it is."""
    told = "; ".join(f"{key}: {' '.join(message.split())}" for key, message in errors)
    return clean_text(told, _MESSAGE_LIMIT, redactor)
