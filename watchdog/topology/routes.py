"""PURE: a topic that a sink reads, and the way of its records to it → the route from table to table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from watchdog.topology.columns import Columns, Course, SinkColumns
from watchdog.topology.nouns import Route, SinkLink, SourceLink
from watchdog.topology.outlets import Way
from watchdog.topology.sinks import CONFLUENT, DEBEZIUM, kafka_key_columns
from watchdog.topology.targets import target_of
from watchdog.topology.transforms import courses


def route_of(topic: str, sink: SinkLink, source: SourceLink | None, way: Way | None) -> Route:
    """`source` and `way` are None where nobody is known to write to the topic."""
    before = way.course if way else Course(topic)
    table = way.outlet.table if way else None
    after = courses(sink.transforms, before if before.topic == topic else replace(before, topic=topic))
    written = [target_of(sink, course, table, source) for course in after]
    targets = dict.fromkeys(each.table for each in written)
    why = [each.why for each in written]
    if len(targets) > 1:
        why.append("its predicates leave open which table it is written to")
    return Route(
        topic=topic,
        sink=sink.key,
        source=source.key if source else None,
        prefix=source.prefix if source else "",
        table=table,
        target=written[0].table if len(targets) == 1 else None,
        target_address=sink.address,
        columns=_columns(sink, source, way, after),
        certain=way.outlet.certain if way else False,
        notes=tuple(dict.fromkeys(filter(None, why))),
    )


def _columns(sink: SinkLink, source: SourceLink | None, way: Way | None, found: tuple[Course, ...]) -> Columns:
    after, settings = found[0], sink.settings
    by_debezium = settings.connector == DEBEZIUM
    by_sink = SinkColumns(
        key_mode=settings.key_mode,
        key_fields=settings.key_fields,
        fields=settings.fields,
        flat=settings.connector == CONFLUENT,
        lower_case=by_debezium and not settings.quote_identifiers,
        topic=after.topic or "",
    )
    return Columns(
        table=way.outlet.table if way else None,
        captured=source.columns if source else None,
        value=way.course.value if way else (),
        sink_value=after.value,
        sink_key=after.key,
        sink=by_sink,
        added=tuple(dict.fromkeys(_added(sink, after))),
        doubts=tuple(dict.fromkeys(_doubts(sink, found))),
    )


def _added(sink: SinkLink, after: Course) -> Iterator[str]:
    settings, topic = sink.settings, after.topic or ""
    if settings.connector == CONFLUENT or not after.wrapped:
        names = (path[0] for path in after.added if len(path) == 1)
        yield from (name for name in names if settings.fields is None or settings.fields.passes(topic, name))
    if settings.key_mode == "record_key":
        keys = (path[0] for path in after.key_added if len(path) == 1)
        yield from (name for name in keys if not settings.key_fields or name in settings.key_fields)
    yield from kafka_key_columns(settings)


def _doubts(sink: SinkLink, found: tuple[Course, ...]) -> Iterator[str]:
    yield from (doubt for course in found for doubt in course.doubts)
    if len({(course.value, course.key) for course in found}) > 1:
        yield "predicates leave open which fields its records have"
    if sink.settings.connector == CONFLUENT and found[0].wrapped:
        yield "the sink reads Debezium's envelope, not rows: ExtractNewRecordState is missing"
    if sink.settings.key_mode == "record_header":
        yield "the sink takes the key's columns from record headers"
