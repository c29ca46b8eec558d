"""The fourth set: sources, with their binlog and their history."""

from collections.abc import Callable, Mapping

from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient
from stack import wait_for

from failures.case import (
    BINLOG_GAP,
    DDL_PARSE,
    FIX_OR_ONCE,
    HISTORY_LOST,
    SOURCE,
    WRONG_ADDRESS,
    Break,
    Registry,
    Truth,
)
from failures.place import Place

CASES = Registry(SOURCE)

_NOWHERE = "192.0.2.1"
"""Kept for documentation: nobody has this address."""


def case(truth: Truth, made_by: str, *, disturbs: bool = False) -> Callable[[Break], Break]:
    return CASES.case(truth, made_by, disturbs=disturbs, patience=40)


@case(WRONG_ADDRESS, "database.hostname is an address that nobody has")
def fourth_no_way_to_the_source(place: Place) -> None:
    _unchecked(place, {"database.hostname": _NOWHERE, "connect.timeout.ms": "2000"})


@case(Truth("CONFIG", FIX_OR_ONCE), "the bootstrap servers of the schema history have no address")
def fourth_history_servers_of_no_address(place: Place) -> None:
    _unchecked(place, {"schema.history.internal.kafka.bootstrap.servers": "kafka.invalid:9092"})


@case(Truth("CONFIG", FIX_OR_ONCE), "database.port is that of a web server")
def fourth_web_server_at_the_port(place: Place) -> None:
    _unchecked(place, {"database.port": str(place.connect.port), "connect.timeout.ms": "3000"})


@case(HISTORY_LOST, "retention has taken the first records of the schema history topic, and the source restarted")
def fourth_history_lost_its_beginning(place: Place) -> None:
    made = place.reader()
    topic = place.spec.history_topic
    before = place.end_offset(topic)
    made.alter("ADD COLUMN extra INT")
    wait_for(lambda: place.end_offset(topic) > before, 40, f"a record in {topic}")
    admin = AdminClient({"bootstrap.servers": place.kafka.bootstrap_servers})
    for answer in admin.delete_records([TopicPartition(topic, 0, before)]).values():
        answer.result(10)
    place.restart(place.source_name)
    made.insert()


@case(DDL_PARSE, "CREATE VIEW with EXCEPT and VALUES ROW in the captured database", disturbs=True)
def fourth_view_of_newer_words(place: Place) -> None:
    place.reader()
    database = place.spec.database
    place.source.execute(
        f"CREATE VIEW `{database}`.others AS SELECT id FROM `{database}`.orders EXCEPT VALUES ROW(1), ROW(2)"
    )


@case(
    BINLOG_GAP,
    "the source is stopped for longer than binlog_expire_logs_seconds, and it is resumed",
    disturbs=True,
)
def fourth_binlog_expired(place: Place) -> None:
    pipeline = place.reader()
    place.stop(place.source_name)
    pipeline.insert()
    (before,) = place.source.query("SELECT @@GLOBAL.binlog_expire_logs_seconds AS seconds")
    gone = place.binlog()
    place.source.execute("SET GLOBAL binlog_expire_logs_seconds = 1")
    try:
        wait_for(lambda: _has_given_up(place, gone), 30, f"{gone} to be given up")
    finally:
        place.source.execute(f"SET GLOBAL binlog_expire_logs_seconds = {before['seconds']}")
    place.resume(place.source_name)


def _has_given_up(place: Place, file: str) -> bool:
    place.source.execute("FLUSH BINARY LOGS")
    return file not in {row["Log_name"] for row in place.source.query("SHOW BINARY LOGS")}


def _unchecked(place: Place, config: Mapping[str, str]) -> None:
    place.put_unchecked(place.source_name, place.reader_not_started(config).source_config())
