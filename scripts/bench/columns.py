"""What a look at the columns of many tables costs: our passes beside the ways of others, in one run.

Wall time, and what the server and this process used of a core meanwhile: on a machine that others use, too, only the
latter two compare.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Engine, create_engine, inspect, text
from stack.console import say
from stack.database import Database

from bench.proc import usage
from bench.table import markdown, ratio
from watchdog.adapters.mysql import MySqlColumns

SCHEMA = "wide"
COLUMNS_EACH = 20
CHANGED = 10
_KINDS = (
    "BIGINT NOT NULL",
    "VARCHAR(64) NOT NULL DEFAULT 'x'",
    "DECIMAL(10,2)",
    "DATETIME(3)",
    "TEXT",
    "INT UNSIGNED",
    "ENUM('a','b','c')",
    "TIMESTAMP NULL",
    "VARCHAR(255) CHARACTER SET latin1",
    "TINYINT(1)",
)
_PLAIN = "SELECT * FROM information_schema.columns WHERE table_schema = :schema"


@dataclass(frozen=True)
class Cost:
    """Seconds of one look."""

    name: str
    wall: float
    server: float
    own: float


def measure(database: Database, tables: int) -> list[Cost]:
    """Makes the tables where there are none. The first told is our look when nothing changed."""
    _provide(database, tables)
    return list(_costs(database, tables))


def _costs(database: Database, tables: int) -> Iterator[Cost]:
    def cost(name: str, look: Callable[[], object]) -> Cost:
        say("columns", name)
        return _cost(name, database, look)

    with closing(MySqlColumns(database.url("", "root", "root"), clock=lambda: datetime.now(UTC))) as ours:
        first = cost("ours: first look, everything is read", ours.columns)
        yield cost("ours: nothing changed", ours.columns)
        for number in range(CHANGED):
            database.execute(
                f"ALTER TABLE {SCHEMA}.table_{number:05d} ALTER COLUMN column_01 SET DEFAULT '{time.time_ns()}'"
            )
        yield cost(f"ours: {CHANGED} tables changed", ours.columns)
        yield first
    engine = create_engine(database.url(SCHEMA, "root", "root"))
    yield cost("one SELECT * of information_schema.columns", lambda: _plain(engine))
    yield cost("SQLAlchemy's get_multi_columns", lambda: inspect(engine).get_multi_columns())
    yield cost("SHOW COLUMNS for each table", lambda: _show_each(engine, tables))
    engine.dispose()


def _cost(name: str, database: Database, look: Callable[[], object]) -> Cost:
    pid = database.process.pid
    assert pid is not None
    server, own, started = usage(pid).cpu_seconds, time.process_time(), time.monotonic()
    look()
    took = time.monotonic() - started
    return Cost(name, took, usage(pid).cpu_seconds - server, time.process_time() - own)


def _plain(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.execute(text(_PLAIN), {"schema": SCHEMA}).all()


def _show_each(engine: Engine, tables: int) -> None:
    with engine.connect() as connection:
        for number in range(tables):
            connection.exec_driver_sql(f"SHOW COLUMNS FROM {SCHEMA}.table_{number:05d}").all()


def _provide(database: Database, tables: int) -> None:
    found = database.query("SELECT COUNT(*) AS n FROM information_schema.tables WHERE table_schema = %s", [SCHEMA])
    if found[0]["n"] >= tables:
        return
    kinds = (f"column_{number:02d} {_KINDS[number % len(_KINDS)]}" for number in range(1, COLUMNS_EACH))
    columns = ", ".join(("id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY", *kinds))
    engine = create_engine(database.url("", "root", "root"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("SET SESSION sql_log_bin = 0")
        connection.exec_driver_sql(f"CREATE DATABASE IF NOT EXISTS {SCHEMA}")
        for number in range(tables):
            connection.exec_driver_sql(f"CREATE TABLE IF NOT EXISTS {SCHEMA}.table_{number:05d} ({columns})")
    engine.dispose()


def table_of(costs: list[Cost]) -> str:
    unit = costs[0]
    rows = [
        (
            cost.name,
            f"{cost.wall:.2f} s",
            f"{cost.server:.2f} s",
            f"{cost.own:.2f} s",
            ratio(cost.server + cost.own, unit.server + unit.own),
        )
        for cost in costs
    ]
    return markdown(("", "wall", "server's CPU", "client's CPU", "CPU to ours"), rows)
