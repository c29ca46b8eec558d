"""PURE: a Debezium MySQL or MariaDB source's configuration → what it captures, and under which topic names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from watchdog.model import ConnectorConfig, ConnectorKey, TableId
from watchdog.topology.addresses import address
from watchdog.topology.columns import Course
from watchdog.topology.filters import NameFilter, literal_names, name_filter
from watchdog.topology.nouns import SourceLink
from watchdog.topology.patterns import JavaPattern, java_pattern
from watchdog.topology.transforms import ONLY_CONNECT_TELLS, Transform, courses, transforms_of

_CLASS = re.compile(r"(?:io\.debezium\.connector\.(?:mysql|mariadb)\.)?(?P<kind>MySql|MariaDb)(?:Source)?Connector")
_USUAL_NAMING = ("", "DefaultTopicNamingStrategy", "SchemaTopicNamingStrategy")
_BY_REGEX = ("DefaultRegexTopicNamingStrategy",)
# They hand on what is no change of a row.
_OF_ROWS_ONLY = ("EventRouter", "ExtractNewRecordState")
_USUAL_HISTORY = ("", "KafkaSchemaHistory", "KafkaDatabaseHistory")
_OTHER_THAN_TOPIC = re.compile(r"[^A-Za-z0-9._-]")
TOPIC_LENGTH_MAX = 249
KEY_ENTRIES_MAX = 1000
NAMED_BY_OTHERS = "topic.naming.strategy"


def source_of(config: ConnectorConfig) -> SourceLink | None:
    """None for what is no Debezium MySQL or MariaDB source."""
    kind = _CLASS.fullmatch(config.get("connector.class").strip())
    if kind is None:
        return None
    prefix = config.get("topic.prefix") or config.get("database.server.name")
    transforms = transforms_of(config)
    lists = {scope: _lists(config, scope) for scope in ("database", "table", "column")}
    schema_topic, unclear = _schema_topic(config, prefix, transforms)
    return SourceLink(
        key=ConnectorKey(config.cluster, config.name),
        prefix=prefix,
        address=address(config.get("database.hostname"), config.get("database.port", "3306")),
        schema_topic=schema_topic,
        history_topic=_history(config, "kafka.topic") if _class_of(config, "history") in _USUAL_HISTORY else "",
        databases=lists["database"],
        tables=lists["table"],
        columns=lists["column"],
        key_columns=tuple(_key_columns(config.get("message.key.columns"))),
        named_tables=tuple(_named_tables(_included(config, "table"))),
        named_databases=tuple(literal_names(_included(config, "database"))),
        delimiter=config.get("topic.delimiter") or ".",
        naming=_naming(config),
        transforms=transforms,
        kind=kind["kind"].lower(),
        history_of_captured_tables_only=_history(config, "store.only.captured.tables.ddl").lower() == "true",
        history_of_captured_databases_only=_history(config, "store.only.captured.databases.ddl").lower() == "true",
        notes=tuple(dict.fromkeys((*_notes(config, lists), *unclear))),
    )


def first_course(source: SourceLink, table: TableId) -> Course:
    """A table's records as the source names their topic, before any transform."""
    parts = [part for part in (source.prefix, table.database, table.table) if part.strip()]
    # What no topic name may hold becomes an underscore.
    topic = _OTHER_THAN_TOPIC.sub("_", source.delimiter.join(parts))[:TOPIC_LENGTH_MAX]
    return courses((source.naming,), Course(topic))[0] if source.naming else Course(topic)


def _schema_topic(
    config: ConnectorConfig, prefix: str, transforms: tuple[Transform, ...]
) -> tuple[str, tuple[str, ...]]:
    """Transforms see the records of the schema change topic as well."""
    if config.get("include.schema.changes", "true").lower() == "false" or not prefix:
        return "", ()
    seeing = (each for each in transforms if each.kind not in _OF_ROWS_ONLY)
    found = {course.topic for course in courses(seeing, Course(prefix))}
    topic = found.pop() if len(found) == 1 else None
    return (topic or prefix), () if topic else ("transforms leave open where its schema changes are written to",)


def _lists(config: ConnectorConfig, scope: str) -> NameFilter | None:
    return name_filter(_included(config, scope), _excluded(config, scope))


def _included(config: ConnectorConfig, scope: str) -> str:
    # As Debezium called it until 1.3, and removed in 2.0.
    return config.get(f"{scope}.include.list") or config.get(f"{scope}.whitelist")


def _excluded(config: ConnectorConfig, scope: str) -> str:
    return config.get(f"{scope}.exclude.list") or config.get(f"{scope}.blacklist")


def _named_tables(included: str) -> Iterator[TableId]:
    for name in literal_names(included):
        database, dot, table = name.partition(".")
        if dot and database and table:
            yield TableId(database, table)


def _key_columns(text: str) -> Iterator[tuple[JavaPattern, str]]:
    """`db.table:pk1,pk2;(.*).other:pk3`."""
    entries = [entry for entry in text.split(";") if ":" in entry][:KEY_ENTRIES_MAX]
    for tables, _, columns in (entry.partition(":") for entry in entries):
        for column in columns.split(","):
            if column.strip():
                yield java_pattern(tables.strip(), ignore_case=True), column.strip()


def _naming(config: ConnectorConfig) -> Transform | None:
    kind = _class_of(config, "naming")
    if kind in _USUAL_NAMING:
        return None
    options = tuple((key, config.get(key)) for key in ("topic.regex", "topic.replacement"))
    uniqueness = ("key.enforce.uniqueness", config.get("topic.key.enforce.uniqueness", "true"))
    name = ("key.field.name", config.get("topic.key.field.name"))
    if kind in _BY_REGEX:
        return Transform("topic.naming.strategy", "ByLogicalTableRouter", (*options, uniqueness, name))
    return Transform("topic.naming.strategy", NAMED_BY_OTHERS)


def _class_of(config: ConnectorConfig, what: str) -> str:
    keys = {"naming": ("topic.naming.strategy",), "history": ("schema.history.internal", "database.history")}[what]
    name = next((config.get(key) for key in keys if config.get(key)), "")
    return name.rpartition(".")[2] if name.startswith("io.debezium.") or "." not in name else name


def _history(config: ConnectorConfig, option: str) -> str:
    return config.get(f"schema.history.internal.{option}") or config.get(f"database.history.{option}")


def _notes(config: ConnectorConfig, lists: dict[str, NameFilter | None]) -> Iterator[str]:
    for scope, names in lists.items():
        for unreadable in names.unreadable[:3] if names else ():
            yield f"{scope} list: an expression cannot be read here ({unreadable}); nothing is filtered by that list"
    if _class_of(config, "history") not in _USUAL_HISTORY:
        yield f"its schema history is not kept in Kafka ({_class_of(config, 'history')})"
    naming = _class_of(config, "naming")
    if naming not in (*_USUAL_NAMING, *_BY_REGEX):
        yield f"its topics are named by {naming}, which is not known here: {ONLY_CONNECT_TELLS}"
    if not (config.get("topic.prefix") or config.get("database.server.name")):
        yield "it has no topic.prefix"
