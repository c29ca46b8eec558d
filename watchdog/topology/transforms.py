"""PURE: a connector's single message transforms → what they make of a record's topic and fields, one after the other.

Known are those of Kafka Connect and Debezium that rename topics or fields. Of any other it is said that it is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from watchdog.model import ConnectorConfig
from watchdog.topology.columns import (
    ENVELOPE,
    Course,
    Extract,
    Flatten,
    Gone,
    Hoist,
    Move,
    Only,
    Path,
    Replace,
    Unwrap,
    along,
)
from watchdog.topology.patterns import JavaPattern, java_pattern

BRANCHES_MAX = 16
"""Courses that are followed where predicates leave open which one a record takes."""
TRANSFORMS_MAX = 100
ONLY_CONNECT_TELLS = "its topics are known only from Connect's own records (its status topic)"

_PACKAGES = ("org.apache.kafka.connect.transforms", "io.debezium.transforms", "io.debezium.transforms.outbox", "")


@dataclass(frozen=True, slots=True)
class Transform:
    """One of `transforms`: its class without the package (`RegexRouter`, `ReplaceField$Value`; the whole name where
    the package is not one that is known), its options, and the topics that its predicate lets it see."""

    name: str
    kind: str
    options: tuple[tuple[str, str], ...] = ()
    predicate: JavaPattern | None = None
    negated: bool = False
    conditional: bool = False
    """It depends on more than the topic whether it is applied."""

    def get(self, option: str, default: str = "") -> str:
        return dict(self.options).get(option, default)

    def applies_to(self, topic: str | None) -> bool | None:
        """None: some records of the topic are transformed, others not, or it cannot be told."""
        if self.conditional or (self.predicate and topic is None):
            return None
        if self.predicate is None:
            return True
        fits = self.predicate.matches(topic or "")
        return None if fits is None else fits is not self.negated


def transforms_of(config: ConnectorConfig) -> tuple[Transform, ...]:
    names = [name.strip() for name in config.get("transforms").split(",") if name.strip()]
    return tuple(_transform(config, name) for name in names[:TRANSFORMS_MAX])


def _transform(config: ConnectorConfig, name: str) -> Transform:
    start = f"transforms.{name}."
    options = {key.removeprefix(start): value for key, value in config.values.items() if key.startswith(start)}
    package, _, simple = options.get("type", "").rpartition(".")
    kind = simple if package in _PACKAGES else options["type"]
    asked = options.get("predicate", "")
    by_topic = asked and config.get(f"predicates.{asked}.type").rpartition(".")[2] == "TopicNameMatches"
    return Transform(
        name=name,
        kind=kind,
        options=tuple(sorted(options.items())),
        predicate=java_pattern(config.get(f"predicates.{asked}.pattern")) if by_topic else None,
        negated=options.get("negate", "").lower() == "true",
        conditional=bool(asked) and not by_topic,
    )


def courses(transforms: Iterable[Transform], start: Course) -> tuple[Course, ...]:
    """Where the records of a topic may end up, and how; several where a predicate leaves it open."""
    found = [start]
    for transform in transforms:
        found = list(dict.fromkeys(after for course in found for after in _after(transform, course)))[:BRANCHES_MAX]
    return tuple(found)


def renames_topics(transforms: Iterable[Transform]) -> bool:
    return any(each.kind in _ROUTERS or "." in each.kind or each.get("route.by.field") for each in transforms)


def _after(transform: Transform, course: Course) -> Iterator[Course]:
    applies = transform.applies_to(course.topic)
    if applies is not True:
        yield course
    if applies is not False:
        yield _applied(transform, course)


def _applied(transform: Transform, course: Course) -> Course:
    if effect := _EFFECTS.get(transform.kind):
        return effect(transform, course)
    if transform.kind in _HARMLESS:
        return course
    return _doubted(course, f"transform {transform.name} ({transform.kind or 'without a type'}) is not known here")


def _doubted(course: Course, doubt: str) -> Course:
    return replace(course, doubts=(*course.doubts, doubt))


# ── topics ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _regex_router(transform: Transform, course: Course) -> Course:
    return _renamed(transform, course, "regex", "replacement")


def _logical_router(transform: Transform, course: Course) -> Course:
    after = _renamed(transform, course, "topic.regex", "topic.replacement")
    if after.topic == course.topic or transform.get("key.enforce.uniqueness", "true").lower() == "false":
        return after
    old = transform.kind == "ByLogicalTableRouter"
    usual = "__dbz__physicalTableIdentifier" if old else "__dbz__sourceIdentifier"
    return replace(after, key_added=(*after.key_added, (transform.get("key.field.name") or usual,)))


def _renamed(transform: Transform, course: Course, regex: str, replacement: str) -> Course:
    if course.topic is None:
        return course
    pattern = java_pattern(transform.get(regex))
    matches = pattern.matches(course.topic)
    if matches is False:
        return course
    # Debezium's router keeps the topic where it would come out empty; Kafka refuses an empty one of Connect's.
    topic = pattern.replaced(course.topic, transform.get(replacement)) if matches else None
    if topic is not None:
        return replace(course, topic=topic or course.topic)
    why = pattern.unreadable or f"its replacement {transform.get(replacement)!r} names a group that is not there"
    return _doubted(replace(course, topic=None), f"transform {transform.name} ({transform.kind}): {why}")


def _topic_by_record(why: str) -> Callable[[Transform, Course], Course]:
    def effect(transform: Transform, course: Course) -> Course:
        doubt = (
            f"transform {transform.name} ({transform.kind}) {why}: its topics are known only from Connect's own records"
        )
        return _doubted(replace(course, topic=None), doubt)

    return effect


def _outbox(transform: Transform, course: Course) -> Course:
    field = transform.get("route.by.field", "aggregatetype")
    routed = transform.get("route.topic.replacement", "outbox.event.${routedByValue}")
    doubt = f"transform {transform.name} (outbox EventRouter) routes by column {field} to {routed}"
    after = replace(course, topic=None, value=(Gone(),), key=(Gone(),), added=(), key_added=())
    return _doubted(after, f"{doubt}: {ONLY_CONNECT_TELLS}")


def _timestamp_router(transform: Transform, course: Course) -> Course:
    form = transform.get("topic.format", "${topic}-${timestamp}")
    if "${timestamp}" not in form and course.topic is not None:
        return replace(course, topic=form.replace("${topic}", course.topic))
    return _topic_by_record("names topics after the time")(transform, course)


# ── fields ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _unwrap(transform: Transform, course: Course) -> Course:
    added = [*_added_fields(transform.get("add.fields"), transform.get("add.fields.prefix", "__"))]
    handling = transform.get("delete.tombstone.handling.mode") or transform.get("delete.handling.mode")
    if handling.startswith(("rewrite", "delete-to-tombstone-rewrite")):
        added.append("__deleted")
    after = course.with_value(Unwrap())
    after = replace(after, added=(*after.added, *((name,) for name in added)))
    if transform.get("drop.fields.header.name"):
        after = _doubted(after, f"transform {transform.name} drops the fields that a header names")
    if field := transform.get("route.by.field"):
        return _topic_by_record(f"routes by column {field}")(transform, after)
    return after


def _added_fields(listed: str, prefix: str) -> Iterator[str]:
    """`op,source.ts_ms:at,table` → `__op`, `__at`, `__table`; `source.lsn` → `__source_lsn`."""
    for entry in filter(None, (part.strip() for part in listed.split(","))):
        name, _, new = entry.partition(":")
        yield prefix + (new or name.replace(".", "_"))


def _replace_field(transform: Transform) -> Move:
    def listed(*options: str) -> list[str]:
        return [p.strip() for option in options for p in transform.get(option).split(",") if p.strip()]

    pairs = (entry.split(":") for entry in listed("renames"))
    return Replace(
        include=frozenset(listed("include", "whitelist")),
        exclude=frozenset(listed("exclude", "blacklist")),
        renames=tuple((pair[0].strip(), pair[1].strip()) for pair in pairs if len(pair) == 2),
    )


def _extract(transform: Transform) -> Move:
    field = transform.get("field")
    return Unwrap() if field == ENVELOPE else Extract(field)


def _hoist(transform: Transform) -> Move:
    return Hoist(transform.get("field"))


def _flatten(transform: Transform) -> Move:
    return Flatten(transform.get("delimiter") or ".")


def _on_value(make: Callable[[Transform], Move]) -> Callable[[Transform, Course], Course]:
    return lambda transform, course: course.with_value(make(transform))


def _on_key(make: Callable[[Transform], Move]) -> Callable[[Transform, Course], Course]:
    return lambda transform, course: course.with_key(make(transform))


@dataclass(frozen=True, slots=True)
class _AsInValue:
    """A key that is made anew, from a value that these moves led to."""

    value: tuple[Move, ...]

    def moved(self, path: Path) -> Path | None:
        return along((ENVELOPE, *path), self.value)


def _value_to_key(transform: Transform, course: Course) -> Course:
    fields = frozenset(part.strip() for part in transform.get("fields").split(",") if part.strip())
    return replace(course, key=(_AsInValue(course.value), Only(fields)), key_added=())


def _insert(transform: Transform, course: Course) -> Course:
    options = ("topic.field", "partition.field", "offset.field", "timestamp.field", "static.field")
    added = tuple((name.rstrip("!?"),) for option in options if (name := transform.get(option)))
    return replace(course, added=(*course.added, *added))


def _header_to_value(transform: Transform, course: Course) -> Course:
    added = tuple((name.strip(),) for name in transform.get("fields").split(",") if name.strip())
    return replace(course, added=(*course.added, *added))


Effect = Callable[[Transform, Course], Course]

_ROUTERS: Mapping[str, Effect] = {
    "RegexRouter": _regex_router,
    "ByLogicalTableRouter": _logical_router,
    "ToLogicalTopicRouter": _logical_router,
    "TimestampRouter": _timestamp_router,
    "EventRouter": _outbox,
    "ContentBasedRouter": _topic_by_record("routes by an expression"),
    "topic.naming.strategy": _topic_by_record("is not known here"),
}
_EFFECTS: Mapping[str, Effect] = {
    **_ROUTERS,
    "ExtractNewRecordState": _unwrap,
    "ReplaceField$Value": _on_value(_replace_field),
    "ReplaceField$Key": _on_key(_replace_field),
    "ExtractField$Value": _on_value(_extract),
    "ExtractField$Key": _on_key(_extract),
    "HoistField$Value": _on_value(_hoist),
    "HoistField$Key": _on_key(_hoist),
    "Flatten$Value": _on_value(_flatten),
    "Flatten$Key": _on_key(_flatten),
    "ValueToKey": _value_to_key,
    "InsertField$Value": _insert,
    "HeaderToValue": _header_to_value,
}
# They change values, headers or which records come, never the name of a topic or a field.
_HARMLESS = frozenset(
    f"{kind}{side}"
    for kind in (
        *("Cast", "MaskField", "TimestampConverter", "SetSchemaMetadata", "DropHeaders", "InsertHeader", "HeaderFrom"),
        *("Filter", "TimezoneConverter", "PartitionRouting", "ExtractChangedRecordState", "SchemaChangeEventFilter"),
        *("ActivateTracingSpan", "VectorToJsonConverter", "EnforceRecordSize", "SwapGeometryCoordinates"),
        *("GeometryFormatTransformer", "ExtractSchemaToNewRecord", "InsertField"),
    )
    for side in ("", "$Value", "$Key")
)
