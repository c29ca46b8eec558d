"""A JDBC sink's own URL, user and password → does its database let it in now?

The secret is used here and goes nowhere else: no message holds it.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote

import pymysql

from watchdog.adapters import deadline
from watchdog.adapters.privileges import Connection
from watchdog.redact import Redactor, clean_text

_URL = re.compile(
    r"jdbc:(?:mysql|mariadb)://"
    r"(?:(?P<user>[^:@/?]*)(?::(?P<password>[^@/?]*))?@)?"
    r"(?P<host>\[[0-9a-fA-F:.]+\]|[^:/?#,()\[\]@]+)(?::(?P<port>\d{1,5}))?"
    r"(?:/(?P<database>[^?#]*))?(?:\?(?P<query>.*))?"
)
_NO_TLS_MODES = frozenset({"", "DISABLED", "PREFERRED", "DISABLE"})
_MESSAGE_LIMIT = 300


@dataclass(frozen=True, slots=True)
class Login:
    host: str
    port: int
    database: str
    user: str
    password: str = field(repr=False)


class CannotTell(Exception):
    """Why the sink's login cannot be tried from here."""


def login_of(raw: Mapping[str, str]) -> Login:
    """From a JDBC sink's configuration with its secrets in clear; raises `CannotTell`."""
    url = raw.get("connection.url", "")
    user = raw.get("connection.username") or raw.get("connection.user") or ""
    password = raw.get("connection.password", "")
    if "${" in url + user + password:
        raise CannotTell("the login is a reference (${…}) that only the worker can resolve")
    match = _URL.fullmatch(url)
    if match is None:
        raise CannotTell("only jdbc:mysql:// and jdbc:mariadb:// with one host can be tried from here")
    query = {key.lower(): values[-1] for key, values in parse_qs(match["query"] or "", True).items()}
    if query.get("sslmode", "").upper() not in _NO_TLS_MODES or query.get("usessl", "").lower() == "true":
        raise CannotTell("the sink connects with TLS settings that only the worker has")
    return Login(
        host=match["host"].strip("[]"),
        port=int(match["port"] or 3306),
        database=unquote(match["database"] or ""),
        user=user or unquote(match["user"] or "") or query.get("user", ""),
        password=password or unquote(match["password"] or "") or query.get("password", ""),
    )


def login_of_source(raw: Mapping[str, str]) -> Login:
    """From a Debezium source's configuration; raises `CannotTell`."""
    host, port = raw.get("database.hostname", ""), raw.get("database.port", "3306")
    user, password = raw.get("database.user", ""), raw.get("database.password", "")
    if "${" in host + port + user + password or not host or not port.isdecimal():
        raise CannotTell("the login is a reference (${…}) that only the worker can resolve")
    return Login(host, int(port), "", user, password)


def try_login(
    login: Login, seconds: float, redactor: Redactor, denied: Callable[[Connection], str] = lambda _: ""
) -> tuple[bool | None, str]:
    """Connect, enter, `SELECT 1`, ask what it is denied, leave. None where the host has no address here: the worker may
    know it."""
    address = f"{login.host}:{login.port}"
    with deadline.total_deadline(seconds):
        try:
            said = _enter(login, seconds, denied)
        except socket.gaierror:
            return None, f"{login.host} is not a known host here; the worker may know it"
        except pymysql.Error as error:
            why = error.args[1] if len(error.args) > 1 else error
            return False, f"{address}: {clean_text(str(why), _MESSAGE_LIMIT, redactor)}"
        except (OSError, RuntimeError) as error:
            return False, f"{address}: {clean_text(str(error), _MESSAGE_LIMIT, redactor)}"
    return not said, f"{address}: {clean_text(said, _MESSAGE_LIMIT, redactor)}" if said else ""


def _enter(login: Login, seconds: float, denied: Callable[[Connection], str]) -> str:
    connection = pymysql.connect(
        host=login.host,
        port=login.port,
        user=login.user,
        password=login.password,
        database=login.database or None,
        read_timeout=max(1, int(seconds)),
        write_timeout=max(1, int(seconds)),
        local_infile=False,
        defer_connect=True,
    )
    try:
        connection.connect(deadline.connect(login.host, login.port))
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return denied(connection)
    finally:
        if connection.open:
            connection.close()
