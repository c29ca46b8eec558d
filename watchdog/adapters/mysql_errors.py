"""The MySQL driver's errors → `PortError`."""

from __future__ import annotations

from pymysql.err import InternalError
from sqlalchemy import Connection

from watchdog.errors import PortError, PortNonsense, PortRefused, PortTimeout, PortUnauthorized, PortUnreachable

_CREDENTIALS = frozenset(
    {
        1044,  # no access to this database
        1045,  # wrong user or password
        1130,  # this host may not connect
        1698,  # MariaDB: no login by password
        1820,  # password expired, change it first
        1862,  # password expired
        3118,  # account locked
        3955,  # account locked after too many failures
    }
)
PRIVILEGES = frozenset({1142, 1143, 1227, 1370})
_CONNECTION = frozenset(
    {1040, 1053, 1077, 1079, 1152, 1158, 1159, 1160, 1161, 1203, 2002, 2003, 2005, 2006, 2013, 2055}
)
_DEADLINE = frozenset({1205, 1969, 3024})
_NONSENSE = frozenset({2007, 2012, 2027})


def translated(address: str, error: BaseException | None) -> PortError:
    """`error` is PyMySQL's: code and message, neither of which holds a password."""
    code, said = _told(error)
    if code in _CREDENTIALS:
        return PortUnauthorized(address, said, "check user and password in the database's url")
    if code in PRIVILEGES:
        return PortUnauthorized(address, said, "grant the watchdog's user what the message names")
    if code in _DEADLINE or (code == 2013 and "timed out" in said):
        return PortTimeout(address, said, "is the server overloaded?")
    if code in _CONNECTION:
        return PortUnreachable(address, said, "is the server up, and host and port right?")
    if code in _NONSENSE or (isinstance(error, InternalError) and not code):
        return PortNonsense(address, said, "is this a MySQL server?")
    return PortRefused(address, said)


def code_of(error: BaseException | None) -> int:
    """MySQL's error number; 0 where there is none."""
    return _told(error)[0]


def grant_in_words(connection: Connection, privilege: str, purpose: str) -> str:
    """`privilege` as a GRANT names it, with its object: `REPLICATION CLIENT ON *.*`."""
    user, _, host = str(connection.exec_driver_sql("SELECT CURRENT_USER()").scalar_one()).rpartition("@")
    return f"no privilege {purpose}: GRANT {privilege} TO {_literal(user)}@{_literal(host)};"


def _literal(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"


def _told(error: BaseException | None) -> tuple[int, str]:
    arguments = error.args if error else ()
    code = arguments[0] if arguments and isinstance(arguments[0], int) else 0
    said = " ".join(str(arguments[-1]).split()) if arguments else type(error).__name__
    return code, f"{said} (MySQL error {code})" if code else said
