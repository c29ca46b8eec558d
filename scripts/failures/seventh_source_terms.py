"""What the lists of events at sources are written with: truths, settings that an event needs, where it is known."""

from failures.case import FIX_FIRST, FIX_OR_ONCE, TRANSIENT, Truth
from failures.seventh_draw import Axes

DRIFT = Truth("SCHEMA_DRIFT", FIX_FIRST)
REFUSED = Truth("REGISTRY_INCOMPATIBLE", FIX_FIRST)
CONFIG_OR_ONCE = Truth("CONFIG", FIX_OR_ONCE)
NO_REGISTRY = Truth("REGISTRY", TRANSIENT, also=("CONNECTIVITY",))

AVRO: Axes = {"converter": ("avro",)}
COPY: Axes = {"snapshot.mode": ("initial", "when_needed")}
LOCKED: Axes = {**COPY, "snapshot.locking.mode": ("minimal",)}
PLAIN: Axes = {"unwrap": ("none",)}
FLAT: Axes = {"unwrap": ("source",)}
TEXT: Axes = {"type": ("MEDIUMTEXT", "LONGBLOB", "JSON")}
# What this server knows and a connector's parser may not: new in 8.0 to 9.7, or seldom.
STATEMENTS: Axes = {
    "statement": (
        "duality view",
        "javascript function",
        "javascript library",
        "spatial reference system",
        "vector column",
        "multi-valued index",
        "view with INTERSECT",
        "check not enforced",
        "generated invisible primary key",
        "expression as a default",
        "histogram",
        "event",
        "role",
        "resource group",
        "procedure with a handler",
        "partitions by key",
        "table function",
        "lateral view",
        "trigger with a signal",
        "user with two factors",
    )
}

GRANTS = "Debezium MySQL connector, Setting up MySQL: creating a user"
BINLOG_PAGE = "Debezium MySQL connector, Setting up MySQL: enabling the binlog"
WRONG_PAGE = "Debezium MySQL connector, Behavior when things go wrong"
OPTIONS = "Debezium MySQL connector, connector properties"
HISTORY_PAGE = "Debezium MySQL connector, schema history topic"
NOTES = "Debezium release notes 2.0 to 3.4, breaking changes"
MYSQL = "MySQL manual: account management, server options, what is new"
CONNECT = "Kafka Connect's documentation"
KAFKA = "Kafka's documentation: security, topic and producer settings"
AVRO_PAGE = "Debezium documentation, Avro serialization; Confluent, schema evolution"
SMT = "Debezium documentation, transformations"
PAGES = "posts of those on call for it (found by `pages` searches)"


def also(truth: Truth, *also: str) -> Truth:
    return Truth(truth.category, truth.restart, also=also)
