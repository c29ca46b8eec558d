"""PURE: a sink's configuration → what it reads, where it writes to, and what it does with what does not fit."""

from __future__ import annotations

import re
from collections.abc import Iterator

from watchdog.model import ConnectorConfig, ConnectorKey
from watchdog.topology.addresses import Target, jdbc_target
from watchdog.topology.columns import FieldFilter
from watchdog.topology.nouns import SinkLink, SinkSettings
from watchdog.topology.patterns import java_pattern
from watchdog.topology.transforms import ONLY_CONNECT_TELLS, transforms_of

DEBEZIUM, CONFLUENT = "debezium-jdbc", "confluent-jdbc"
_CLASS = re.compile(r"(?:(?P<package>io\.debezium|io\.confluent|io\.aiven)[\w.]*\.)?JdbcSink(?:Connector)?")
_CONFLUENTS_OWN = ("pk.mode", "pk.fields", "auto.create", "auto.evolve", "fields.whitelist", "connection.user")
_KAFKA_KEY = ("__connect_topic", "__connect_partition", "__connect_offset")


def sink_of(config: ConnectorConfig) -> SinkLink | None:
    """None for what reads no topic."""
    topics = tuple(dict.fromkeys(name.strip() for name in config.get("topics").split(",") if name.strip()))
    expression = config.get("topics.regex")
    if not topics and not expression:
        return None
    kind = _kind(config)
    target = jdbc_target(config.get("connection.url")) if kind else Target(words=config.get("connector.class"))
    pattern = java_pattern(expression) if expression else None
    return SinkLink(
        key=ConnectorKey(config.cluster, config.name),
        topics=topics,
        pattern=pattern,
        address=target.address,
        database=target.database,
        table_format=_table_format(config, kind),
        settings=_settings(config, kind),
        transforms=transforms_of(config),
        target=target.words,
        table_naming=_table_naming(config, kind),
        notes=tuple(_notes(config, target, pattern.unreadable if pattern else "", kind)),
    )


def kafka_key_columns(settings: SinkSettings) -> tuple[str, ...]:
    """The columns that the sink adds for a record's place in Kafka."""
    if settings.key_mode != "kafka":
        return ()
    return settings.key_fields if len(settings.key_fields) == 3 else _KAFKA_KEY


def _kind(config: ConnectorConfig) -> str:
    """By the class; a short name is told by the options that only one of both has."""
    found = _CLASS.fullmatch(config.get("connector.class").strip())
    if found is None:
        return ""
    if found["package"]:
        return DEBEZIUM if found["package"] == "io.debezium" else CONFLUENT
    return CONFLUENT if any(config.get(option) for option in _CONFLUENTS_OWN) else DEBEZIUM


def _table_format(config: ConnectorConfig, kind: str) -> str:
    own = config.get("collection.name.format") if kind != CONFLUENT else ""
    return own or config.get("table.name.format") or "${topic}"


def _table_naming(config: ConnectorConfig, kind: str) -> str:
    if kind == CONFLUENT:
        return "confluent"
    strategy = config.get("collection.naming.strategy") or config.get("table.naming.strategy")
    names = {"": "debezium", "DefaultCollectionNamingStrategy": "debezium", "DefaultTableNamingStrategy": "debezium"}
    return {**names, "PassthroughCollectionNamingStrategy": "passthrough"}.get(strategy.rpartition(".")[2], "")


def _settings(config: ConnectorConfig, kind: str) -> SinkSettings:
    def on(key: str, default: str = "false") -> bool:
        return config.get(key, default).strip().lower() == "true"

    if not kind:
        return SinkSettings(errors_tolerated=_tolerates(config), dead_letter_topic=_dead_letters(config))
    confluent = kind == CONFLUENT
    evolves = config.get("schema.evolution").strip().lower() == "basic"
    return SinkSettings(
        connector=kind,
        insert_mode=config.get("insert.mode").strip().lower() or "insert",
        creates_tables=on("auto.create") if confluent else evolves,
        adds_columns=on("auto.evolve") if confluent else evolves,
        key_mode=config.get("pk.mode" if confluent else "primary.key.mode").strip().lower() or "none",
        key_fields=_listed(config.get("pk.fields" if confluent else "primary.key.fields")),
        delete_enabled=on("delete.enabled"),
        truncate_enabled=not confluent and on("truncate.enabled"),
        quote_identifiers=config.get("quote.sql.identifiers").strip().lower() != "never"
        if confluent
        else on("quote.identifiers"),
        fields=_whitelist(config) if confluent else _field_lists(config),
        replaces_null_with_default=on("replace.null.with.default", "true"),
        errors_tolerated=_tolerates(config),
        dead_letter_topic=_dead_letters(config),
    )


def _tolerates(config: ConnectorConfig) -> bool:
    return config.get("errors.tolerance").strip().lower() == "all"


def _dead_letters(config: ConnectorConfig) -> str:
    return config.get("errors.deadletterqueue.topic.name").strip()


def _whitelist(config: ConnectorConfig) -> FieldFilter | None:
    names = frozenset(_listed(config.get("fields.whitelist")))
    return FieldFilter(True, names) if names else None


def _field_lists(config: ConnectorConfig) -> FieldFilter | None:
    """Debezium's documentation calls them regular expressions; its code compares names. An exclude list silences the
    include list."""
    for kind in ("exclude", "include"):
        if entries := _listed(config.get(f"field.{kind}.list")):
            parts = [tuple(part.strip() for part in entry.split(":")) for entry in entries]
            names = frozenset(part[0] for part in parts if len(part) == 1)
            return FieldFilter(
                kind == "include", names, frozenset((p[0], p[1]) for p in parts if len(p) == 2), keys_too=True
            )
    return None


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _notes(config: ConnectorConfig, target: Target, unreadable: str, kind: str) -> Iterator[str]:
    if unreadable:
        yield f"its topics.regex cannot be read here ({unreadable}): {ONLY_CONNECT_TELLS}"
    if kind and not target.address:
        yield f"its target is not visible from here: {target.words or 'it has no connection.url'}"
    if target.others:
        yield f"its target has several hosts; it is looked at on {target.address} only"
    if kind == DEBEZIUM and not _table_naming(config, kind):
        yield "its tables are named by a strategy of its own, which is not known here"
    strategy = config.get("column.naming.strategy").rpartition(".")[2]
    if kind == DEBEZIUM and strategy not in ("", "DefaultColumnNamingStrategy"):
        yield f"its columns are named by {strategy}, which is not known here"
