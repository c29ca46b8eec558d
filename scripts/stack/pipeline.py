"""Table -> source connector -> topic -> sink connector -> table, and the same again under other names.

The drill pipeline carries `oltp.orders` to `dw.orders`. Tests make pipelines of their own beside it: each has
its own database, topics, connectors and target, so that breaking one leaves the others alone.
"""

import zlib
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from stack.connect import Connect
from stack.database import Database
from stack.errors import StackError
from stack.kafka import Kafka
from stack.settings import HOST
from stack.waiting import wait_for

T = TypeVar("T")
ORDERS = """
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  customer VARCHAR(64) NOT NULL,
  amount DECIMAL(10,2) NOT NULL,
  status VARCHAR(16) NOT NULL DEFAULT 'NEW',
  created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
"""
_SEED = [("An", "120.50"), ("Binh", "80.00"), ("Chi", "15.25"), ("Dung", "999.99"), ("Em", "42.00")]


@dataclass(frozen=True)
class Spec:
    """Names and sizes of a pipeline; the two configs come on top of the connectors' own."""

    prefix: str = "dataflow"
    database: str = "oltp"
    table: str = "orders"
    target_database: str = "dw"
    source: str = "oltp-source"
    sink: str = "dw-sink"
    columns: str = ORDERS
    tasks: int = 1
    partitions: int = 1
    source_config: Mapping[str, str] = field(default_factory=dict)
    sink_config: Mapping[str, str] = field(default_factory=dict)

    @property
    def topic(self) -> str:
        return f"{self.prefix}.{self.database}.{self.table}"

    def __str__(self) -> str:
        target = f"{self.target_database}.{self.table}"
        return f"{self.database}.{self.table} -> {self.source} -> {self.topic} -> {self.sink} -> {target}"

    @property
    def history_topic(self) -> str:
        return f"schema-history.{self.prefix}"


class Pipeline:
    """Rows are inserted as `ORDERS` has them; a spec with columns of its own begins without seed rows."""

    def __init__(self, spec: Spec, source: Database, target: Database, kafka: Kafka, connect: Connect) -> None:
        self.spec = spec
        self.source, self.target, self.kafka, self.connect = source, target, kafka, connect

    def create(self, *, wait: bool = True) -> None:
        """Makes what is missing and leaves the rest; a new pipeline has carried its seed rows on return."""
        spec = self.spec
        self.create_tables()
        self.kafka.create_topic(spec.topic, spec.partitions)
        configs = {spec.source: self.source_config(), spec.sink: self.sink_config()}
        is_new = _at_once(lambda connector: self.connect.put(connector, configs[connector]), configs)
        if is_new[1] and wait:
            self.wait_in_step()

    def delete(self) -> None:
        """Connectors with their offsets, topics, and both databases."""
        spec = self.spec
        _at_once(self.connect.delete, (spec.sink, spec.source))
        self.kafka.delete_topics([spec.topic, spec.prefix, spec.history_topic])
        self.source.execute(f"DROP DATABASE IF EXISTS `{spec.database}`")
        self.target.execute(f"DROP DATABASE IF EXISTS `{spec.target_database}`")

    def reset(self) -> None:
        self.delete()
        self.create()

    def insert(self, count: int = 1) -> None:
        self._insert([(f"customer {number}", f"{number}.50") for number in range(count)])

    def alter(self, change: str) -> None:
        """At the source: `alter("ADD COLUMN x INT")`."""
        self.source.execute(f"ALTER TABLE {self._source_table} {change}")

    def alter_target(self, change: str) -> None:
        self.target.execute(f"ALTER TABLE {self._target_table} {change}")

    def source_ids(self) -> list[int]:
        return [row["id"] for row in self.source.query(f"SELECT id FROM {self._source_table} ORDER BY id")]

    def target_ids(self) -> list[int]:
        return [row["id"] for row in self.target.query(f"SELECT id FROM {self._target_table} ORDER BY id")]

    def wait_in_step(self, seconds: float = 60) -> None:
        """Until the target holds the source's rows; at once with the trace when a connector fails."""

        def is_in_step() -> bool:
            for connector in (self.spec.source, self.spec.sink):
                if "FAILED" in self.connect.states(connector):
                    raise StackError(f"{connector} failed:\n{self.connect.trace(connector)}")
            return self.source_ids() == self.target_ids()

        wait_for(is_in_step, seconds, f"the rows of {self.spec.topic} in {self.spec.target_database}")

    @property
    def _source_table(self) -> str:
        return f"`{self.spec.database}`.`{self.spec.table}`"

    @property
    def _target_table(self) -> str:
        return f"`{self.spec.target_database}`.`{self.spec.table}`"

    def create_tables(self) -> None:
        """Both databases with their tables, and the seed rows."""
        spec = self.spec
        for server, database in ((self.source, spec.database), (self.target, spec.target_database)):
            server.execute(f"CREATE DATABASE IF NOT EXISTS `{database}`")
            server.execute(f"GRANT SELECT ON `{database}`.* TO 'watchdog'@'%'")
        self.target.execute(f"GRANT ALL ON `{spec.target_database}`.* TO 'dw'@'%'")
        self.target.execute(f"CREATE TABLE IF NOT EXISTS {self._target_table} ({spec.columns})")
        if not self.source.query("SHOW TABLES FROM " + f"`{spec.database}`" + " LIKE %s", [spec.table]):
            self.source.execute(f"CREATE TABLE {self._source_table} ({spec.columns})")
            if spec.columns == ORDERS:
                self._insert(_SEED)

    def _insert(self, rows: Iterable[tuple[str, str]]) -> None:
        for row in rows:
            self.source.execute(f"INSERT INTO {self._source_table} (customer, amount) VALUES (%s, %s)", row)

    def source_config(self) -> dict[str, str]:
        spec = self.spec
        return {
            "connector.class": _SOURCE_CLASS[self._kind],
            "tasks.max": "1",
            "database.hostname": HOST,
            "database.port": str(self.source.port),
            "database.user": "debezium",
            "database.password": "dbz",
            "database.server.id": str(10_000 + zlib.crc32(spec.source.encode()) % 1_000_000),
            "database.include.list": spec.database,
            "topic.prefix": spec.prefix,
            "schema.history.internal.kafka.bootstrap.servers": self.kafka.bootstrap_servers,
            "schema.history.internal.kafka.topic": spec.history_topic,
            **spec.source_config,
        }

    def sink_config(self) -> dict[str, str]:
        spec = self.spec
        return {
            "connector.class": "io.debezium.connector.jdbc.JdbcSinkConnector",
            "tasks.max": str(spec.tasks),
            "topics": spec.topic,
            "connection.url": f"jdbc:{self._kind}://{HOST}:{self.target.port}/{spec.target_database}",
            "connection.username": "dw",
            "connection.password": "dw",
            "collection.name.format": spec.table,
            "insert.mode": "upsert",
            "primary.key.mode": "record_key",
            "delete.enabled": "true",
            "schema.evolution": "none",
            **spec.sink_config,
        }

    @property
    def _kind(self) -> str:
        return self.source.kind


def _at_once(deed: Callable[[str], T], connectors: Iterable[str]) -> list[T]:
    """Connect balances its work anew for each that comes or goes, but once for those that do so together."""
    with ThreadPoolExecutor() as pool:
        return list(pool.map(deed, connectors))


_SOURCE_CLASS = {
    "mysql": "io.debezium.connector.mysql.MySqlConnector",
    "mariadb": "io.debezium.connector.mariadb.MariaDbConnector",
}
