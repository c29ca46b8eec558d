"""A new data directory with its logins, whole or not at all."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from stack.errors import StackError
from stack.server import Server

# Names and passwords of a sandbox that listens on this machine only.
_EVERYWHERE = """
CREATE USER 'root'@'%' IDENTIFIED BY 'root';
GRANT ALL ON *.* TO 'root'@'%' WITH GRANT OPTION;
CREATE USER 'watchdog'@'%' IDENTIFIED BY 'watchdog';
GRANT REPLICATION CLIENT ON *.* TO 'watchdog'@'%';
GRANT SELECT ON performance_schema.* TO 'watchdog'@'%';
"""
_SOURCE = """
CREATE USER 'debezium'@'%' IDENTIFIED BY 'dbz';
GRANT SELECT, RELOAD, SHOW DATABASES, LOCK TABLES ON *.* TO 'debezium'@'%';
GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO 'debezium'@'%';
"""
_TARGET = """
CREATE USER 'dw'@'%' IDENTIFIED BY 'dw';
"""
_LOGINS = {"source-db": _EVERYWHERE + _SOURCE, "target-db": _EVERYWHERE + _TARGET}

_MYSQL_ROOT = "ALTER USER 'root'@'localhost' IDENTIFIED BY 'root';\n"
# MariaDB's installation makes users without a password for every name of this machine: they would be found first.
_MARIADB_ROOT = "DELETE FROM mysql.global_priv WHERE User <> 'mariadb.sys';\nFLUSH PRIVILEGES;\n"
_MARIADB_TABLES = (
    "mysql_system_tables.sql",
    "mysql_performance_tables.sql",
    "mysql_system_tables_data.sql",
    "maria_add_gis_sp_bootstrap.sql",
)


def initialize(server: Server, data: Path) -> None:
    """`data` is named as its part is, `source-db` or `target-db`, which decides the logins."""
    draft = data.with_name(f"{data.name}.half")
    shutil.rmtree(draft, ignore_errors=True)
    if server.kind == "mysql":
        _mysql(server, draft, _MYSQL_ROOT + _LOGINS[data.name])
    else:
        _mariadb(server, draft, _MARIADB_ROOT + _LOGINS[data.name])
    draft.rename(data)


def _mysql(server: Server, data: Path, logins: str) -> None:
    file = data.with_suffix(".sql")
    file.write_text(logins)
    try:
        _run([*server.argv, "--initialize-insecure", f"--datadir={data}", f"--init-file={file}"])
    finally:
        file.unlink()


def _mariadb(server: Server, data: Path, logins: str) -> None:
    """What mariadb-install-db does, without a shell script that knows where everything is installed."""
    data.mkdir()
    tables = (server.share / name for name in _MARIADB_TABLES)
    script = ["CREATE DATABASE mysql;\nUSE mysql;\n", *(file.read_text() for file in tables), logins]
    # Whichever MariaDB starts removes every temporary table from the folder that it uses, also those of others.
    with TemporaryDirectory(prefix="db-") as own:
        _run([*server.argv, "--bootstrap", f"--datadir={data}", f"--tmpdir={own}"], "".join(script))


def _run(argv: Sequence[str], text: str = "") -> None:
    done = subprocess.run(argv, input=text, capture_output=True, text=True)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no output"]
        reason = next((line for line in lines if "ERROR" in line), lines[-1])
        raise StackError(f"cannot make a data directory: {reason}")
