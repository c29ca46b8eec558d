"""The main job on MariaDB, with Debezium's connector for it: a stack of its own beside the other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

import pytest
from stack import Pipeline, Stack
from stack.pipeline import Spec

from tests.contract.database_contract import DatabaseContract
from tests.contract.feeds_contract import within_deadline
from tests.stack.proxy import RecordingProxy
from tests.stack.test_columns_on_mysql import ServerWorld
from tests.stack.watchdog_process import Watchdog
from watchdog.adapters.kafka_schema import SchemaTopics
from watchdog.adapters.mysql import MySqlColumns
from watchdog.model import Column, Origin, TableId

SPEC = Spec(
    prefix="mdrift",
    database="mdrift",
    target_database="mdrift_dw",
    source="mdrift-source",
    sink="mdrift-sink",
)


@pytest.fixture
def stack(mariadb_stack: Stack) -> Stack:
    """The pipeline, the proxy and the watchdog are its own, too."""
    return mariadb_stack


def test_drift_is_named_held_and_restarted_once_the_target_has_the_column(
    mariadb_stack: Stack, pipeline: Pipeline, proxy: RecordingProxy, watchdog: Watchdog
) -> None:
    pipeline.alter("ADD COLUMN unexpected_field VARCHAR(64)")
    pipeline.insert(2)
    incident = watchdog.wait_for_incident(SPEC.sink, 60, columns=["unexpected_field"], verdict="hold")
    assert "ADD COLUMN unexpected_field VARCHAR(64)" in incident["ddl"]
    # MariaDB's gtid: domain, server, sequence.
    assert incident["ddl_position"].startswith("0-1-")
    assert (incident["category"], incident["table"], incident["target_table"]) == (
        "SCHEMA_DRIFT",
        "mdrift.orders",
        "mdrift_dw.orders",
    )
    assert proxy.changes() == []
    assert incident["way_out"] == ("ALTER TABLE `mdrift_dw`.`orders` ADD COLUMN `unexpected_field` varchar(64) NULL;")
    mariadb_stack.target.execute(incident["way_out"])
    resolved = watchdog.wait_for_incident(SPEC.sink, 60, state="resolved")
    assert resolved["resolution"] == "recovered"
    assert pipeline.target_ids() == pipeline.source_ids()
    assert [call.path for call in proxy.restarts(SPEC.sink)] == [
        f"/connectors/{SPEC.sink}/restart?includeTasks=true&onlyFailed=true"
    ]
    assert "performance_schema is off" in resolved["ddl_by_unknown"]


SCHEMA = "mcols"


class TestMariaDbColumns(DatabaseContract):
    """`Database` port, with MariaDB behind it."""

    @pytest.fixture
    def world(self, _running_mariadb: Stack) -> Iterator[ServerWorld]:
        source = _running_mariadb.source
        source.execute(f"DROP DATABASE IF EXISTS {SCHEMA}")
        source.execute(f"CREATE DATABASE {SCHEMA}")
        source.execute(f"GRANT SELECT ON {SCHEMA}.* TO 'watchdog'@'%'")
        with closing(MySqlColumns(source.url(), clock=lambda: datetime.now(UTC))) as database:
            yield ServerWorld(database, _running_mariadb, SCHEMA)
        source.execute(f"DROP DATABASE {SCHEMA}")


TYPES = """
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, a1 INT(11) NOT NULL DEFAULT 5, a2 TINYINT(1), a3 BOOLEAN,
  a4 INT(5) ZEROFILL, b1 DECIMAL(10,2), b2 DOUBLE, b3 FLOAT(7,3), c1 CHAR(10), c2 VARCHAR(64) CHARACTER SET latin1,
  c3 TEXT, c4 TEXT(300), d1 VARBINARY(255), d2 BLOB, d3 BIT(8), e1 ENUM('a','b''c') NOT NULL DEFAULT 'a',
  e2 SET('x','y'), f1 DATE, f2 DATETIME(3), f3 TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, f4 YEAR, f5 TIME(2)
"""


def test_debezium_and_mariadb_call_every_type_the_same(mariadb_stack: Stack) -> None:
    spec = Spec(
        prefix="mtp", database="mtp", target_database="mtp_dw", source="mtp-source", sink="mtp-sink", columns=TYPES
    )
    pipeline = mariadb_stack.pipeline_of(spec)
    pipeline.delete()
    pipeline.create(wait=False)
    schemas = SchemaTopics("main", mariadb_stack.bootstrap_servers, {})
    database = MySqlColumns(mariadb_stack.source.url(), clock=lambda: datetime.now(UTC))
    found: dict[Origin, list[tuple[object, ...]]] = {}
    with closing(schemas), closing(database):
        schemas.follow({spec.prefix: (spec.prefix, False), spec.history_topic: (spec.prefix, True)}, {})

        def both_know() -> bool:
            for record in schemas.read(1).records:
                if record.table == TableId("mtp", "orders") and record.after:
                    found[record.origin] = [_told(column) for column in record.after.columns]
            return len(found) == 2

        within_deadline(both_know)
        live = [_told(column) for column in database.columns().tables[TableId("mtp", "orders")].columns]
    pipeline.delete()
    assert list(found.values()) == [live, live]


def _told(column: Column) -> tuple[object, ...]:
    return column.name, column.type, column.nullable, column.charset, column.generated


def test_the_binlog_tells_what_is_gone_from_it(mariadb_stack: Stack) -> None:
    """On the target: nobody reads its binlog, so that files may go."""
    target = mariadb_stack.target
    with closing(MySqlColumns(target.url(), clock=lambda: datetime.now(UTC))) as database:
        target.execute("CREATE DATABASE IF NOT EXISTS mgone")
        executed = database.position().gtid
        target.execute("FLUSH BINARY LOGS")

        def only_the_newest_is_left() -> bool:
            # A file is kept until the storage engine has made a checkpoint past it.
            target.execute(f"PURGE BINARY LOGS TO '{database.position().file}'")
            return len(target.query("SHOW BINARY LOGS")) == 1

        within_deadline(only_the_newest_is_left)
        target.execute("SET GLOBAL binlog_expire_logs_seconds = 86400")
        try:
            binlog = database.columns().binlog
        finally:
            target.execute("SET GLOBAL binlog_expire_logs_seconds = 0")
        kept = database.columns().binlog
        target.execute("DROP DATABASE mgone")
    assert executed
    assert binlog is not None
    assert (binlog.purged_gtids, binlog.files) == (executed, (binlog.position.file,))
    assert (binlog.keep_seconds, kept and kept.keep_seconds) == (86_400, None)
