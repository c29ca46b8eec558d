"""One database server: its data directory, its process, and SQL."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pymysql
from pymysql.constants import ER
from pymysql.cursors import DictCursor

from stack.errors import StackError
from stack.initialize import initialize
from stack.processes import Process
from stack.server import Server, kind_of_data
from stack.settings import HOST, Settings
from stack.waiting import wait_for

Row = dict[str, Any]
Parameters = Sequence[object] | Mapping[str, object] | None

_OPTIONS: tuple[str, ...] = (
    "--bind-address=127.0.0.1",
    "--skip-name-resolve",
    "--socket=server.sock",  # beside the data: a full path may be longer than a socket's may be
    "--default-time-zone=+00:00",
    "--character-set-server=utf8mb4",
    "--log-bin=binlog",
    "--binlog-format=ROW",
    "--binlog-row-image=FULL",
    "--innodb-buffer-pool-size=128M",
    # Each JDBC sink takes 32 at once.
    "--max-connections=1000",
    # A power cut may cost the last second, a kill costs nothing.
    "--innodb-flush-log-at-trx-commit=2",
    "--sync-binlog=0",
)
_OPTIONS_OF = {
    "mysql": ("--mysqlx=OFF", "--secure-file-priv=NULL", "--gtid-mode=ON", "--enforce-gtid-consistency=ON"),
    "mariadb": (),
}


class Database:
    """`source-db` or `target-db`; SQL runs as root unless a database's own user is asked for."""

    def __init__(self, settings: Settings, name: str, port: int, server_id: int) -> None:
        self.name, self.port = name, port
        self.process = Process.of(settings, name)
        self.server: Server | None = None
        self._settings = settings
        self._data = settings.directory / name
        self._server_id = server_id

    @property
    def kind(self) -> str:
        """`mysql` or `mariadb`."""
        return kind_of_data(self._settings)

    def start(self) -> None:
        if self.server is None:
            raise StackError(f"{self.name} has no program to run")
        if not self._data.exists():
            initialize(self.server, self._data)
        # A killed server leaves its lock behind, and would believe in it if the pid in it were in use again.
        for leftover in self._data.glob("server.sock*"):
            leftover.unlink()
        options = (f"--datadir={self._data}", f"--port={self.port}", f"--server-id={self._server_id}")
        pid_file = f"--pid-file={self._data}/server.pid"
        temporary = f"--tmpdir={self._own_tmp()}"
        options_of_kind = _OPTIONS_OF[self.server.kind]
        self.process.start([*self.server.argv, *options, pid_file, temporary, *_OPTIONS, *options_of_kind])

    def _own_tmp(self) -> Path:
        """MariaDB removes every server's temporary tables from a folder that it shares when it starts."""
        folder = self._settings.directory / "tmp" / self.name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def wait_ready(self, seconds: float = 60) -> None:
        def answers() -> bool:
            self.process.must_live()
            return self.is_ready()

        wait_for(answers, seconds, f"{self.name} to answer on port {self.port}")

    def is_ready(self) -> bool:
        """A refused login is an answer, too: a test may have changed the password."""
        try:
            with self._connection():
                return True
        except pymysql.OperationalError as error:
            return bool(error.args[0] == ER.ACCESS_DENIED_ERROR)

    def url(self, database: str = "", user: str = "watchdog", password: str = "watchdog") -> str:
        return f"mysql+pymysql://{user}:{password}@{HOST}:{self.port}/{database}"

    def execute(self, statement: str, parameters: Parameters = None) -> int:
        """How many rows it touched; commits."""
        return self._run(statement, parameters)[0]

    @contextmanager
    def session(self, database: str) -> Iterator[Callable[[str], None]]:
        """Runs statements that name tables without their database, one after the other, on one connection."""

        def execute(statement: str) -> None:
            try:
                cursor.execute(statement)
            except pymysql.Error as error:
                raise StackError(f"{self.name} on port {self.port}: {error.args[-1]} [{statement}]") from error

        with self._connection() as connection, connection.cursor() as cursor:
            connection.select_db(database)
            yield execute

    def query(self, statement: str, parameters: Parameters = None) -> list[Row]:
        return self._run(statement, parameters)[1]

    def _run(self, statement: str, parameters: Parameters) -> tuple[int, list[Row]]:
        try:
            with self._connection() as connection, connection.cursor() as cursor:
                count = cursor.execute(statement, parameters)
                return count, list(cursor.fetchall())
        except pymysql.Error as error:
            raise StackError(f"{self.name} on port {self.port}: {error.args[-1]} [{statement}]") from error

    def kill_connections(self, user: str) -> int:
        """Ends every open connection of a user; how many there were."""
        threads = self.query("SELECT id FROM information_schema.processlist WHERE user = %s", [user])
        for thread in threads:
            self.execute(f"KILL {int(thread['id'])}")
        return len(threads)

    @contextmanager
    def _connection(self) -> Iterator["pymysql.Connection[DictCursor]"]:
        connection = pymysql.connect(
            host=HOST,
            port=self.port,
            user="root",
            password="root",
            autocommit=True,
            connect_timeout=5,
            cursorclass=DictCursor,
        )
        with connection:
            yield connection
