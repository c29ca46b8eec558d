"""Every case, in the order in which they are told; those that break a part for everybody come last."""

from collections.abc import Iterable

from failures import (
    fifth_sources,
    fifth_tables,
    fifth_ways,
    fourth_shapes,
    fourth_sources,
    fourth_ways,
    kafka_side,
    second_access,
    second_records,
    second_sources,
    second_targets,
    seventh_sinks,
    seventh_sources,
    sink_access,
    sink_records,
    sink_shapes,
    sixth_reports,
    source_schemas,
    sources,
    third_access,
    third_kafka_side,
    third_records,
    third_settings,
    third_sources,
    third_targets,
)
from failures.case import Case
from failures.seventh_draw import COUNT


def cases() -> tuple[Case, ...]:
    """The first set, on MySQL. Names are unique: they name files, databases and topics."""
    registries = (
        sink_shapes.CASES,
        sink_access.CASES,
        sink_records.CASES,
        kafka_side.SINKS,
        sources.CASES,
        source_schemas.CASES,
        kafka_side.SOURCES,
    )
    return _in_order(registries)


def second_cases() -> tuple[Case, ...]:
    """The second set, on MariaDB with a registry."""
    return _in_order((second_targets.CASES, second_access.CASES, second_records.CASES, second_sources.CASES))


def third_cases() -> tuple[Case, ...]:
    """The third set, on MySQL again, of other kinds; with MirrorMaker's connectors."""
    registries = (
        third_targets.CASES,
        third_access.CASES,
        third_records.CASES,
        third_settings.CASES,
        third_sources.CASES,
        third_kafka_side.CASES,
    )
    return _in_order(registries)


def fourth_cases() -> tuple[Case, ...]:
    """The fourth set, on MySQL: what a user of sources, JDBC sinks and a registry meets, about as often."""
    return _in_order((fourth_shapes.CASES, fourth_shapes.SOURCES, fourth_ways.CASES, fourth_sources.CASES))


def fifth_cases() -> tuple[Case, ...]:
    """The fifth set, on MySQL with a registry: of other kinds again, as they wake whoever is on call."""
    return _in_order((fifth_tables.CASES, fifth_ways.CASES, fifth_sources.CASES))


def sixth_cases() -> tuple[Case, ...]:
    """The sixth set, on MySQL: what users report in public."""
    return _in_order((sixth_reports.SINKS, sixth_reports.SOURCES))


def seventh_cases() -> tuple[Case, ...]:
    """The seventh set, on MySQL with a registry: drawn by lot."""
    return _in_order((seventh_sinks.drawn_cases(), seventh_sources.drawn_cases()))


def eighth_cases() -> tuple[Case, ...]:
    """The eighth set: what the lots of the seventh bring next."""
    return _in_order((seventh_sinks.drawn_cases(COUNT), seventh_sources.drawn_cases(COUNT)))


def _in_order(registries: Iterable[Iterable[Case]]) -> tuple[Case, ...]:
    every = [case for registry in registries for case in registry]
    twice = {case.name for case in every if sum(other.name == case.name for other in every) > 1}
    if twice:
        raise ValueError(f"cases of the same name: {', '.join(sorted(twice))}")
    return (*(case for case in every if not case.disturbs), *(case for case in every if case.disturbs))
