"""Where one case happens: databases, topics, users and connectors of its own, so that many can happen side by side."""

import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress

import pymysql
from confluent_kafka import OFFSET_END, Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from stack import Pipeline, StackError, wait_for
from stack.connect import Document
from stack.database import Database
from stack.pipeline import ORDERS, Spec
from stack.settings import HOST

from failures.broker import GuardedStack

PASSWORD = "right-4711-secret"
DEBEZIUM_GRANTS = "SELECT, RELOAD, SHOW DATABASES, LOCK TABLES, REPLICATION SLAVE, REPLICATION CLIENT"

Schema = list[dict[str, object]]
KEY: Schema = [{"field": "id", "type": "int64", "optional": False}]
ROW: Schema = [*KEY, {"field": "note", "type": "string", "optional": True}]
NOTES = "id BIGINT PRIMARY KEY, note VARCHAR(64)"


class Place:
    """Everything in it is named after the case."""

    def __init__(self, stack: GuardedStack, case: str, side: str) -> None:
        self.stack = stack
        self.kafka, self.connect = stack.kafka, stack.connect
        self.source, self.target = stack.source, stack.target
        self.slug = case.replace("-", "_")
        self.table = "orders"
        self.user = f"u{zlib.crc32(case.encode()):08x}"
        self.source_name, self.sink_name = f"{case}-source", f"{case}-sink"
        self.broken = self.source_name if side == "source" else self.sink_name
        self.spec = self._spec()
        self._users: list[Database] = []

    def call_table(self, name: str) -> None:
        """Before anything is made."""
        self.table = name
        self.spec = self._spec()

    # ── what there is before it breaks ──

    def pipeline(
        self, sink: Mapping[str, str] | None = None, source: Mapping[str, str] | None = None, columns: str = ORDERS
    ) -> Pipeline:
        """Table → topic → table, in step."""
        self.spec = self._spec(columns, source, sink)
        made = self.stack.pipeline_of(self.spec)
        made.create(wait=columns == ORDERS)
        self.connect.wait_running(self.source_name, 60)
        self.connect.wait_running(self.sink_name, 60)
        return made

    def reader(self, config: Mapping[str, str] | None = None, topic: Mapping[str, str] | None = None) -> Pipeline:
        """A source alone, past its copy of the table and reading the binlog."""
        made = self.reader_not_started(config)
        self.kafka.create_topic(self.spec.topic, config=topic)
        self.connect.put(self.source_name, made.source_config())
        self.wait_for_records(5)
        made.insert()
        self.wait_for_records(6)
        return made

    def second_reader(self, config: Mapping[str, str]) -> None:
        """Another source of the same table under other names; it is ended with the sink's name."""
        other = {
            "topic.prefix": f"{self.slug}.second",
            "schema.history.internal.kafka.topic": f"history.{self.slug}.second",
        }
        self.kafka.create_topic(f"{self.slug}.second.{self.spec.database}.{self.table}")
        self.kafka.create_topic(f"{self.slug}.second")
        made = self.stack.pipeline_of(self.spec)
        self.connect.put(self.sink_name, {**made.source_config(), **config, **other})

    def reader_not_started(self, config: Mapping[str, str] | None = None) -> Pipeline:
        """The table with its rows, and what a source's config would be."""
        self.spec = self._spec(source=config)
        made = self.stack.pipeline_of(self.spec)
        made.create_tables()
        return made

    def writer(self, config: Mapping[str, str] | None = None, columns: str = NOTES) -> None:
        """A sink alone, on an empty topic: records are written by `produce`."""
        made = self.writer_not_started(config, columns)
        self.connect.put(self.sink_name, made.sink_config())
        self.connect.wait_running(self.sink_name, 60)

    def writer_not_started(self, config: Mapping[str, str] | None = None, columns: str = NOTES) -> Pipeline:
        self.spec = self._spec(columns, sink=config)
        made = self.stack.pipeline_of(self.spec)
        made.create_tables()
        self.kafka.create_topic(self.spec.topic)
        return made

    def prepare(self, sink: Mapping[str, str], source: Mapping[str, str], columns: str) -> Pipeline:
        """Tables and topic; no connector."""
        self.spec = self._spec(columns, source, sink)
        made = self.stack.pipeline_of(self.spec)
        made.create_tables()
        self.kafka.create_topic(self.spec.topic)
        return made

    def own_user(self, database: Database, grants: str, on: str = "*.*") -> None:
        """A user of the case's own, with `PASSWORD`."""
        database.execute(f"CREATE USER IF NOT EXISTS '{self.user}'@'%' IDENTIFIED BY '{PASSWORD}'")
        if grants:
            database.execute(f"GRANT {grants} ON {on} TO '{self.user}'@'%'")
        self._users.append(database)

    @property
    def as_source_user(self) -> dict[str, str]:
        return {"database.user": self.user, "database.password": PASSWORD}

    @property
    def as_sink_user(self) -> dict[str, str]:
        return {"connection.username": self.user, "connection.password": PASSWORD}

    def jdbc_url(self, options: str = "", *, host: str = HOST, port: int = 0, database: str = "") -> str:
        where = f"{host}:{port or self.target.port}"
        return f"jdbc:{self.target.kind}://{where}/{database or self.spec.target_database}{options}"

    # ── records ──

    def produce(self, value: bytes | None, key: bytes | None = None, topic: str = "") -> None:
        producer = Producer({"bootstrap.servers": self.kafka.bootstrap_servers})
        producer.produce(topic or self.spec.topic, value=value, key=key)
        producer.flush(10)

    def produce_row(self, number: int = 1, note: str | None = "n", *, key: bool = True) -> None:
        value = struct(ROW, {"id": number, "note": note})
        self.produce(value, struct(KEY, {"id": number}) if key else None)

    def wait_for_rows(self, count: int) -> None:
        """At the target."""
        rows = f"SELECT 1 FROM `{self.spec.target_database}`.`{self.spec.table}`"
        wait_for(lambda: len(self.target.query(rows)) >= count, 60, f"{count} rows in {self.spec.target_database}")

    def wait_for_records(self, count: int, topic: str = "") -> None:
        wait_for(lambda: self.end_offset(topic or self.spec.topic) >= count, 90, f"{count} records in {self.slug}")

    def last_record(self) -> tuple[bytes, bytes]:
        """Key and value, as they are in the topic."""
        consumer = Consumer({"bootstrap.servers": self.kafka.bootstrap_servers, "group.id": "failures"})
        try:
            consumer.assign([TopicPartition(self.spec.topic, 0, self.end_offset(self.spec.topic) - 1)])
            message = wait_for(lambda: consumer.poll(1), 20, f"the last record of {self.spec.topic}")
            return message.key() or b"", message.value() or b""
        finally:
            consumer.close()

    def end_offset(self, topic: str) -> int:
        consumer = Consumer({"bootstrap.servers": self.kafka.bootstrap_servers, "group.id": "failures"})
        try:
            return int(consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=10)[1])
        finally:
            consumer.close()

    def delete_records(self, topic: str) -> None:
        """All that are there, as its retention would."""
        admin = AdminClient({"bootstrap.servers": self.kafka.bootstrap_servers})
        for answer in admin.delete_records([TopicPartition(topic, 0, OFFSET_END)]).values():
            answer.result(10)

    # ── connectors ──

    def put_unchecked(self, connector: str, config: Mapping[str, str]) -> None:
        """Into Connect's config topic, past the checks of its REST interface.

        So is a config met that was good once: the plugin was removed, or an upgrade took the option away.
        """
        document = json.dumps({"properties": {**config, "name": connector}}).encode()
        self.produce(document, f"connector-{connector}".encode(), "connect-configs")

    def restart(self, connector: str) -> None:
        self.connect.restart(connector, only_failed=False)

    def stop(self, connector: str) -> None:
        """STOPPED, with no task left."""
        self.connect.call("PUT", f"/connectors/{connector}/stop")
        wait_for(lambda: not self.connect.status(connector)["tasks"], 30, f"{connector} to stop")

    def resume(self, connector: str) -> None:
        self.connect.call("PUT", f"/connectors/{connector}/resume")

    def move(self, connector: str, offsets: Document) -> None:
        """Other offsets for a stopped connector."""

        def is_taken() -> bool:
            # Connect counts the last tasks as running for a moment after they have gone from the status.
            with suppress(StackError):
                self.connect.call("PATCH", f"/connectors/{connector}/offsets", offsets)
                return True
            return False

        wait_for(is_taken, 20, f"the offsets of {connector} to be taken")

    # ── databases ──

    @contextmanager
    def session(self, database: Database) -> Iterator["pymysql.connections.Connection[pymysql.cursors.Cursor]"]:
        """One connection as root, for what belongs to a session."""
        connection = pymysql.connect(host=HOST, port=database.port, user="root", password="root", autocommit=True)
        try:
            yield connection
        finally:
            connection.close()

    def unlogged(self, statement: str) -> None:
        """At the source, and not in its binlog."""
        with self.session(self.source) as connection, connection.cursor() as cursor:
            cursor.execute("SET sql_log_bin = 0")
            cursor.execute(statement)

    def binlog(self) -> str:
        """The file that the source server writes now."""
        return str(self.source.query("SHOW BINARY LOGS")[-1]["Log_name"])

    def purge_binlogs(self) -> None:
        """All but the newest file of the source server."""
        self.source.execute("FLUSH BINARY LOGS")
        self.source.execute(f"PURGE BINARY LOGS TO '{self.binlog()}'")

    def damage_binlog(self, write: Callable[[], None]) -> None:
        """Overwrites bytes of what `write` brings into a file of its own."""
        self.source.execute("FLUSH BINARY LOGS")
        damaged = self.stack.settings.directory / self.source.name / self.binlog()
        write()
        self.source.execute("FLUSH BINARY LOGS")
        content = bytearray(damaged.read_bytes())
        middle = len(content) // 2
        content[middle : middle + 64] = b"\xff" * 64
        damaged.write_bytes(content)

    # ── afterwards ──

    def clean(self) -> None:
        """Whatever of it there is."""
        for connector in (self.sink_name, self.source_name):
            try:
                self.connect.delete(connector)
            except StackError:  # one that Connect cannot load has no offsets to delete
                with suppress(StackError):
                    self.connect.call("DELETE", f"/connectors/{connector}")
        for database in {*self._users}:
            database.execute(f"DROP USER IF EXISTS '{self.user}'@'%'")
        self.source.execute(f"DROP DATABASE IF EXISTS `{self.spec.database}`")
        self.target.execute(f"DROP DATABASE IF EXISTS `{self.spec.target_database}`")
        self.kafka.delete_topics(topic for topic in self.kafka.topics() if self.slug in topic.split("."))

    def _spec(
        self,
        columns: str = ORDERS,
        source: Mapping[str, str] | None = None,
        sink: Mapping[str, str] | None = None,
    ) -> Spec:
        return Spec(
            prefix=self.slug,
            database=self.slug[:50],
            table=self.table,
            target_database=f"{self.slug[:50]}_dw",
            source=self.source_name,
            sink=self.sink_name,
            columns=columns,
            source_config=source or {},
            sink_config=sink or {},
        )


def struct(schema: Schema, payload: Mapping[str, object]) -> bytes:
    """A record as the JSON converter writes it, with its schema."""
    return json.dumps(
        {"schema": {"type": "struct", "fields": schema, "optional": False, "name": "row"}, "payload": payload}
    ).encode()
