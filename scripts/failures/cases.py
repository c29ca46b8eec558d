"""Every case, in the order in which they are told; those that break a part for everybody come last."""

from failures import kafka_side, sink_access, sink_records, sink_shapes, source_schemas, sources
from failures.case import Case


def cases() -> tuple[Case, ...]:
    """Names are unique: they name files, databases and topics."""
    registries = (
        sink_shapes.CASES,
        sink_access.CASES,
        sink_records.CASES,
        kafka_side.SINKS,
        sources.CASES,
        source_schemas.CASES,
        kafka_side.SOURCES,
    )
    every = [case for registry in registries for case in registry]
    twice = {case.name for case in every if sum(other.name == case.name for other in every) > 1}
    if twice:
        raise ValueError(f"cases of the same name: {', '.join(sorted(twice))}")
    return (*(case for case in every if not case.disturbs), *(case for case in every if case.disturbs))
