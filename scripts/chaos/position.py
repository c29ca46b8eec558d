"""Where in the binlog a change is, as far as the server and the login tell."""

from chaos.errors import DrillError
from chaos.server import Row, Server

_STATUS = (
    "SHOW BINARY LOG STATUS",
    "SHOW MASTER STATUS",
)  # by the new name since MySQL 8.2, by the old one before


def executed(server: Server) -> str | None:
    """The gtids so far; None on MariaDB, and where gtids are off."""
    try:
        return str(server.query("SELECT @@GLOBAL.gtid_executed AS gtids")[0]["gtids"]) or None
    except DrillError:
        return None


def since(server: Server, before: str | None) -> Row:
    """`gtid` of what was committed since `before`, and `position`; null for what cannot be told."""
    return {"gtid": _gtid(server, before), "position": _position(server)}


def _gtid(server: Server, before: str | None) -> str | None:
    query = "SELECT @@last_gtid AS gtid"
    parameters: tuple[str, ...] = ()
    if before:
        query, parameters = "SELECT GTID_SUBTRACT(@@GLOBAL.gtid_executed, %s) AS gtid", (before,)
    try:
        return str(server.query(query, *parameters)[0]["gtid"]) or None
    except DrillError:
        return None


def _position(server: Server) -> Row | None:
    for statement in _STATUS:
        try:
            found = server.query(statement)
        except DrillError:
            continue
        return {"file": found[0]["File"], "pos": found[0]["Position"]} if found else None
    return None
