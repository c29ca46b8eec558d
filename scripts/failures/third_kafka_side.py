"""The third set: schema histories, and MirrorMaker."""

from collections.abc import Callable, Mapping

from stack.downloads import jars
from stack.native import Part

from failures.broker import GuardedStack
from failures.case import (
    CONFIG,
    FIX_FIRST,
    FIX_OR_ONCE,
    SOURCE,
    Break,
    Registry,
    Truth,
)
from failures.place import Place

CASES = Registry(SOURCE)

_SMT = "org.apache.kafka.connect.transforms"
_DEBEZIUM_SMT = "io.debezium.transforms"
_HISTORY = "schema.history.internal"


def case(truth: Truth, made_by: str, *, disturbs: bool = False) -> Callable[[Break], Break]:
    return CASES.case(truth, made_by, disturbs=disturbs, patience=40)


class StackWithMirror(GuardedStack):
    """MirrorMaker's connectors are among the worker's plugins."""

    def _provide(self, parts: list[Part]) -> None:
        super()._provide(parts)
        self.connect.plugins = [*self.connect.plugins, jars(self.settings.cache, "connect-mirror")]


@case(Truth("CONFIG", FIX_FIRST, also=("HISTORY_LOST", "DATA")), "the schema history topic is compacted")
def third_history_in_a_compacted_topic(place: Place) -> None:
    _with_history_topic(place, {"cleanup.policy": "compact"})


@case(
    Truth("RESOURCE", FIX_FIRST, also=("CONFIG", "HISTORY_LOST")), "the schema history topic takes 300 bytes a record"
)
def third_history_record_too_large(place: Place) -> None:
    _with_history_topic(place, {"max.message.bytes": "300"})


@case(CONFIG, "the class of the schema history is the one of Debezium 1.x")
def third_history_class_of_old(place: Place) -> None:
    _unchecked(place, {_HISTORY: "io.debezium.relational.history.KafkaDatabaseHistory"})


@case(CONFIG, "no topic for the schema history, as after an upgrade from database.history.*")
def third_history_topic_not_named(place: Place) -> None:
    _unchecked_without(place, f"{_HISTORY}.kafka.topic")


@case(CONFIG, "the replication policy of MirrorMaker is nowhere")
def third_mirror_without_policy(place: Place) -> None:
    _mirror(place, {"replication.policy.class": "org.example.NoPolicy"})


@case(Truth("CONFIG", FIX_OR_ONCE, also=("CONNECTIVITY",)), "the source cluster of MirrorMaker has no address")
def third_mirror_of_no_address(place: Place) -> None:
    _mirror(place, {"source.cluster.bootstrap.servers": "kafka.invalid:9092"})


def _with_history_topic(place: Place, config: Mapping[str, str]) -> None:
    made = place.reader_not_started()
    place.kafka.create_topic(made.spec.history_topic, config=config)
    place.connect.put(place.source_name, made.source_config())


def _mirror(place: Place, config: Mapping[str, str]) -> None:
    servers = place.kafka.bootstrap_servers
    plain = {
        "connector.class": "org.apache.kafka.connect.mirror.MirrorSourceConnector",
        "tasks.max": "1",
        "topics": place.slug,
        "source.cluster.alias": place.slug,
        "target.cluster.alias": "here",
        "source.cluster.bootstrap.servers": servers,
        "target.cluster.bootstrap.servers": servers,
        "replication.factor": "1",
        "offset-syncs.topic.replication.factor": "1",
    }
    place.kafka.create_topic(place.slug)
    place.put_unchecked(place.source_name, {**plain, **config})


def _unchecked(place: Place, config: Mapping[str, str]) -> None:
    place.put_unchecked(place.source_name, place.reader_not_started(config).source_config())


def _unchecked_without(place: Place, setting: str) -> None:
    config = place.reader_not_started().source_config()
    place.put_unchecked(place.source_name, {name: value for name, value in config.items() if name != setting})
