"""Shell: what has to be known of a sink to tell which of the records that wait for it its target does not take.

Everything is read anew each time: configuration, columns, offsets. Nothing is changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from watchdog.detect.unfit import Judge, judge_of
from watchdog.errors import PortError, PortRefused
from watchdog.model import ConnectorKey, DatabaseColumns, Selection, TopicPartition
from watchdog.ports import Connect, Database, Quarantine
from watchdog.topology import Route, SinkLink, derive

DEAD_LETTERS = (
    "it has a dead letter queue of its own, {topic}: what it cannot take goes there (what cannot be converted or "
    "transformed always, what the target refuses where the connector reports it); read that topic, or take "
    "errors.deadletterqueue.topic.name out of its configuration"
)


RESET_KEY = "consumer.override.auto.offset.reset"


@dataclass(frozen=True, slots=True)
class Sight:
    """`refusal`: why its records cannot be judged; then there is no judge worth asking."""

    topics: tuple[str, ...] = ()
    judge: Judge = lambda record: ""
    refusal: str = ""
    warnings: tuple[str, ...] = ()
    one_by_one: bool = False
    """A batch that fails may have written some of its records already, and writes them again."""
    begins_late: bool = False
    """In a partition without a committed offset it does not read what is there already."""


class SinkEyes:
    """`cap`: how many waiting records one look reads at most."""

    def __init__(self, connect: Connect, quarantine: Quarantine, databases: Sequence[Database], cap: int) -> None:
        self._connect, self._quarantine, self._databases, self._cap = connect, quarantine, databases, cap

    def sight(self, key: ConnectorKey) -> Sight:
        """Raises `PortError` when Connect does not answer."""
        configs = self._connect.configs()
        if key.connector not in configs:
            return Sight(refusal=f"Connect knows no connector {key.connector!r}")
        used = {key: self._connect.topics(key.connector) or frozenset()}
        topology = derive(configs.values(), used)
        sink = topology.sinks.get(key)
        if sink is None:
            return Sight(refusal="it is no sink: it reads no topic")
        topic = self._quarantine.topic_of(key)
        if refusal := _not_ours(sink) or _read_by(topic, topology.sinks.values()):
            return Sight(refusal=refusal)
        begins_late = configs[key.connector].get(RESET_KEY) in ("latest", "none")
        return replace(self._judged(sink, topology.routes_of(key)), begins_late=begins_late)

    def unfit(self, key: ConnectorKey, sight: Sight) -> tuple[Selection, Mapping[TopicPartition, int]]:
        """What waits and does not fit, and the offsets from which on it was looked for."""
        committed = self.committed(key)
        selection = self._quarantine.select(committed, sight.topics, self._cap, sight.judge)
        # What is counted as waiting there may be what it never was to read, and would read once its offset was set.
        if sight.begins_late and (unknown := sorted(selection.read_to.keys() - committed.keys())):
            problem = (
                f"it has no committed offset in {', '.join(unknown[:3])}, and {RESET_KEY} lets it skip what is there"
            )
            raise PortRefused(key.connector, problem, "set its offsets there (PATCH …/offsets), or let it commit some")
        return selection, committed

    def committed(self, key: ConnectorKey) -> Mapping[TopicPartition, int]:
        offsets = self._connect.offsets(key.connector)
        if not offsets.known:
            raise PortRefused(
                key.connector, "Connect does not tell how far the sink is", "it needs Connect 3.6 or later"
            )
        return offsets.committed

    def _judged(self, sink: SinkLink, routes: Sequence[Route]) -> Sight:
        if not routes:
            return Sight(refusal="it is not known which topics it reads")
        judge, unknown = judge_of(routes, self._columns(routes), adds_columns=sink.settings.adds_columns)
        if unknown:
            return Sight(refusal="; ".join(dict.fromkeys(unknown)))
        topics = tuple(dict.fromkeys(route.topic for route in routes))
        one_by_one = sink.settings.insert_mode == "insert"
        return Sight(topics, judge, warnings=tuple(_warnings(sink)), one_by_one=one_by_one)

    def _columns(self, routes: Sequence[Route]) -> dict[str, DatabaseColumns]:
        wanted = {route.target_address for route in routes}
        return {each.address: _columns(each) for each in self._databases if each.address in wanted}


def _columns(database: Database) -> DatabaseColumns:
    try:
        return database.columns()
    except PortError as error:
        raise type(error)(
            error.target, error.problem, "which records it takes is not known without its columns"
        ) from error


def _not_ours(sink: SinkLink) -> str:
    settings = sink.settings
    if settings.errors_tolerated and settings.dead_letter_topic:
        return DEAD_LETTERS.format(topic=settings.dead_letter_topic)
    if not sink.address:
        return f"it writes to no MySQL or MariaDB table: what {sink.target or 'its target'} takes is not known here"
    return ""


def _read_by(topic: str, sinks: Iterable[SinkLink]) -> str:
    """A sink that reads all topics that are named in some way would take the copies for its own records."""
    readers = sorted(sink.key.connector for sink in sinks if sink.reads(topic))
    return f"{', '.join(readers)} would read {topic}, too: narrow its topics.regex first" if readers else ""


def _warnings(sink: SinkLink) -> Iterator[str]:
    if sink.settings.insert_mode == "insert":
        yield (
            "insert.mode is insert: records of the batch that failed may be written already, and are written again, as "
            "after any restart; with a primary key the sink then fails on them"
        )
