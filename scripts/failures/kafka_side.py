"""Sinks and sources that Kafka itself refuses: who may do what, how large, how many."""

from failures.case import AUTH, CONFIG, FIX_OR_ONCE, RESOURCE, SINK, SOURCE, Registry, Truth
from failures.place import NOTES, Place

SINKS = Registry(SINK)
SOURCES = Registry(SOURCE)

_QUICK = {
    "producer.override.delivery.timeout.ms": "6000",
    "producer.override.request.timeout.ms": "2000",
    "producer.override.linger.ms": "0",
    "producer.override.max.block.ms": "6000",
}


@SINKS.case(AUTH, "the sink's principal has no ACL on the topic")
def sink_may_not_read_the_topic(place: Place) -> None:
    _guarded_sink(place)


@SINKS.case(AUTH, "the sink's principal may read the topic, and has no ACL on its consumer group")
def sink_may_not_join_its_group(place: Place) -> None:
    made = place.writer_not_started(place.kafka.clients("consumer.override."))
    place.kafka.allow_topic(made.spec.topic, "READ", "DESCRIBE")
    place.produce_row()
    place.connect.put(place.sink_name, made.sink_config())


@SINKS.case(AUTH, "the sink's SASL password is not the broker's")
def sink_sasl_password_wrong(place: Place) -> None:
    _guarded_sink(place, password="other-4711-secret")


@SINKS.case(AUTH, "SASL at the sink's consumer, at a listener that knows none", patience=90)
def sink_speaks_sasl_to_a_plain_listener(place: Place) -> None:
    clients = place.kafka.clients("consumer.override.")
    _start_sink(place, {**clients, "consumer.override.bootstrap.servers": place.kafka.bootstrap_servers})


@SINKS.case(Truth("CONFIG", FIX_OR_ONCE), "the sink's own bootstrap.servers have no address")
def sink_bootstrap_unknown(place: Place) -> None:
    _start_sink(place, {"consumer.override.bootstrap.servers": "kafka.invalid:9092"})


@SINKS.case(CONFIG, "a setting of the sink's consumer that is no number")
def consumer_setting_invalid(place: Place) -> None:
    made = place.writer_not_started({"consumer.override.max.poll.records": "lots"})
    place.put_unchecked(place.sink_name, made.sink_config())


@SINKS.case(
    Truth("CONFIG", FIX_OR_ONCE),
    "auto.offset.reset=none, and the group has no offset yet",
)
def no_offset_and_no_reset(place: Place) -> None:
    _start_sink(place, {"consumer.override.auto.offset.reset": "none"})


@SOURCES.case(AUTH, "the source's principal may create no topic")
def source_may_not_create_the_topic(place: Place) -> None:
    made = place.reader_not_started(
        {**place.kafka.clients("producer.override."), **place.kafka.clients("admin.override.")}
    )
    place.connect.put(place.source_name, made.source_config())


@SOURCES.case(AUTH, "the topics are there, and the source's principal has no WRITE on them")
def source_may_not_write_the_topic(place: Place) -> None:
    made = place.reader_not_started(place.kafka.clients("producer.override."))
    for topic in (made.spec.topic, made.spec.prefix):
        place.kafka.create_topic(topic)
    place.connect.put(place.source_name, made.source_config())


@SOURCES.case(AUTH, "the source's principal has no ACL on its schema history topic")
def source_may_not_use_its_history(place: Place) -> None:
    prefix = "schema.history.internal."
    made = place.reader_not_started(
        {
            f"{prefix}kafka.bootstrap.servers": place.kafka.guarded_servers,
            **place.kafka.clients(f"{prefix}producer."),
            **place.kafka.clients(f"{prefix}consumer."),
        }
    )
    place.kafka.create_topic(made.spec.history_topic)
    place.connect.put(place.source_name, made.source_config())


@SOURCES.case(AUTH, "the SASL password of the source's producer is not the broker's")
def source_sasl_password_wrong(place: Place) -> None:
    made = place.reader_not_started(place.kafka.clients("producer.override.", "other-4711-secret"))
    place.connect.put(place.source_name, made.source_config())


@SOURCES.case(RESOURCE, "max.request.size of the source's producer is 20 KB, the row 60 KB")
def row_larger_than_a_request(place: Place) -> None:
    _write_large_row(place, {"producer.override.max.request.size": "20000"}, {})


@SOURCES.case(RESOURCE, "max.message.bytes of the topic is 20 KB, the row 60 KB")
def row_larger_than_the_topic_takes(place: Place) -> None:
    _write_large_row(place, {}, {"max.message.bytes": "20000"})


@SOURCES.case(RESOURCE, "buffer.memory of the source's producer is 20 KB, the row 60 KB")
def row_larger_than_the_producers_buffer(place: Place) -> None:
    _write_large_row(place, {"producer.override.buffer.memory": "20000", "producer.override.batch.size": "10000"}, {})


@SOURCES.case(CONFIG, "a table without a primary key, and its topic is compacted")
def compacted_topic_and_no_key(place: Place) -> None:
    pipeline = place.reader(topic={"cleanup.policy": "compact"})
    pipeline.alter("MODIFY id BIGINT NOT NULL, DROP PRIMARY KEY")
    place.source.execute(f"INSERT INTO `{place.spec.database}`.orders (id, customer, amount) VALUES (99, 'x', 1)")


@SOURCES.case(CONFIG, "topic.creation.default.replication.factor=3 on one broker")
def topic_needs_three_brokers(place: Place) -> None:
    made = place.reader_not_started(
        {"topic.creation.default.replication.factor": "3", "topic.creation.default.partitions": "1"}
    )
    place.connect.put(place.source_name, made.source_config())


@SOURCES.case(CONFIG, "a RegexRouter makes a topic name with a blank in it")
def routed_to_an_impossible_name(place: Place) -> None:
    made = place.reader_not_started(
        {
            "transforms": "route",
            "transforms.route.type": "org.apache.kafka.connect.transforms.RegexRouter",
            "transforms.route.regex": ".*",
            "transforms.route.replacement": f"{place.slug} orders/of today",
        }
    )
    place.connect.put(place.source_name, made.source_config())


@SOURCES.case(CONFIG, "PartitionRouting to four partitions, the topic has one", patience=120)
def routed_to_a_partition_that_is_not_there(place: Place) -> None:
    made = place.reader_not_started(
        {
            **_QUICK,
            "transforms": "route",
            "transforms.route.type": "io.debezium.transforms.partitions.PartitionRouting",
            "transforms.route.partition.payload.fields": "change.id",
            "transforms.route.partition.topic.num": "4",
        }
    )
    place.kafka.create_topic(made.spec.topic)
    place.connect.put(place.source_name, made.source_config())


@SOURCES.case(CONFIG, "producer.override.acks has a value that does not exist")
def producer_setting_invalid(place: Place) -> None:
    made = place.reader_not_started({"producer.override.acks": "most"})
    place.connect.put(place.source_name, made.source_config())


def _guarded_sink(place: Place, password: str | None = None) -> None:
    clients = (
        place.kafka.clients("consumer.override.", password) if password else place.kafka.clients("consumer.override.")
    )
    _start_sink(place, clients)


def _start_sink(place: Place, config: dict[str, str]) -> None:
    made = place.writer_not_started(config, NOTES)
    place.produce_row()
    place.connect.put(place.sink_name, made.sink_config())


def _write_large_row(place: Place, config: dict[str, str], topic: dict[str, str]) -> None:
    pipeline = place.reader(config, topic)
    pipeline.alter("ADD COLUMN picture MEDIUMTEXT")
    place.source.execute(
        f"INSERT INTO `{place.spec.database}`.orders (customer, amount, picture) VALUES ('x', 1, REPEAT('y', 60000))"
    )
