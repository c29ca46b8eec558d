"""The seventh set, sources: what is done to them, how often, and what is true then.

Not in the list, because earlier sets have seen that no task fails of it: a broker that restarts, gh-ost's and pt-osc's
swap of tables, RENAME TABLE, `min.insync.replicas`, PARTIAL_JSON. Not in it either, because it cannot be done here: a
full disk, a worker out of memory, a server upgraded over two major versions.
"""

from collections.abc import Sequence

from failures import eighth_source_ways, seventh_source_ways
from failures.case import (
    AUTH,
    BINLOG_GAP,
    CONFIG,
    DDL_PARSE,
    FIX_FIRST,
    FIX_OR_ONCE,
    HISTORY_LOST,
    RESOURCE,
    SOURCE,
    TRANSIENT,
    UNREACHABLE,
    WRONG_ADDRESS,
    Case,
    Truth,
)
from failures.seventh_draw import OFTEN, RARE, YEARLY, Axes, Drawn, Event, cases_of, draw

DRIFT = Truth("SCHEMA_DRIFT", FIX_FIRST)
REFUSED = Truth("REGISTRY_INCOMPATIBLE", FIX_FIRST)
CONFIG_OR_ONCE = Truth("CONFIG", FIX_OR_ONCE)
NO_REGISTRY = Truth("REGISTRY", TRANSIENT, also=("CONNECTIVITY",))

AXES: Axes = {
    "converter": ("json", "json", "bare json", "avro"),
    "unwrap": ("none", "none", "source"),
    "table": (
        "orders",
        "customer_accounts",
        "Invoices",
        "order-lines",
        "payments_2024",
        "stock",
        "Ereignisse",
        "t_user",
    ),
    "column": ("email", "total_amount", "createdAt", "is_active", "note", "sku", "straße", "ext_ref"),
    "type": ("VARCHAR(40)", "INT", "DECIMAL(12,4)", "DATETIME(3)", "JSON", "TEXT", "BIGINT UNSIGNED", "ENUM('a','b')"),
    "snapshot.mode": ("initial", "initial", "no_data", "when_needed"),
    "decimal.handling.mode": ("precise", "string", "double"),
    "time.precision.mode": ("adaptive_time_microseconds", "connect"),
    "snapshot.locking.mode": ("minimal", "none"),
}

_AVRO: Axes = {"converter": ("avro",)}
_COPY: Axes = {"snapshot.mode": ("initial", "when_needed")}
_LOCKED: Axes = {**_COPY, "snapshot.locking.mode": ("minimal",)}
_PLAIN: Axes = {"unwrap": ("none",)}
_FLAT: Axes = {"unwrap": ("source",)}
_TEXT: Axes = {"type": ("MEDIUMTEXT", "LONGBLOB", "JSON")}
# What this server knows and a connector's parser may not: new in 8.0 to 9.7, or seldom.
_STATEMENTS: Axes = {
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

_GRANTS = "Debezium MySQL connector, Setting up MySQL: creating a user"
_BINLOG = "Debezium MySQL connector, Setting up MySQL: enabling the binlog"
_WRONG = "Debezium MySQL connector, Behavior when things go wrong"
_OPTIONS = "Debezium MySQL connector, connector properties"
_HISTORY = "Debezium MySQL connector, schema history topic"
_NOTES = "Debezium release notes 2.0 to 3.4, breaking changes"
_MYSQL = "MySQL manual: account management, server options, what is new"
_CONNECT = "Kafka Connect's documentation"
_KAFKA = "Kafka's documentation: security, topic and producer settings"
_AVRO_PAGE = "Debezium documentation, Avro serialization; Confluent, schema evolution"
_SMT = "Debezium documentation, transformations"
_PAGES = "posts of those on call for it (found by `pages` searches)"


def _also(truth: Truth, *also: str) -> Truth:
    return Truth(truth.category, truth.restart, also=also)


EVENTS: Sequence[Event] = (
    # ── who lets them in ──
    Event("password-rotated", OFTEN, AUTH, "the password is rotated at the server, and the task restarts", _MYSQL),
    Event("account-locked", RARE, AUTH, "ACCOUNT LOCK for the source's user, and the task restarts", _MYSQL),
    Event("password-expired", YEARLY, AUTH, "the password expires by policy, and the task restarts", _MYSQL),
    Event("user-dropped", RARE, AUTH, "the source's user is cleaned up, and the task restarts", _MYSQL),
    Event("user-bound-to-a-host", YEARLY, AUTH, "RENAME USER to another host's, and the task restarts", _MYSQL),
    Event("grant-replication-slave", YEARLY, AUTH, "REPLICATION SLAVE was not granted", _GRANTS),
    Event("grant-replication-client", YEARLY, AUTH, "REPLICATION CLIENT was not granted", _GRANTS),
    Event("grant-reload", YEARLY, AUTH, "neither RELOAD nor LOCK TABLES for the first copy", _GRANTS, _LOCKED),
    Event("grant-select", YEARLY, AUTH, "SELECT on one column only at the first copy", _GRANTS, _COPY, ("table",)),
    Event("grant-heartbeat", YEARLY, AUTH, "heartbeat.action.query writes what the user may not", _OPTIONS),
    Event("grant-signals", YEARLY, AUTH, "an incremental snapshot, and no INSERT on the signal table", _OPTIONS),
    Event("user-must-use-tls", YEARLY, _also(AUTH, "CONFIG"), "REQUIRE SSL for the user, ssl.mode=disabled", _MYSQL),
    Event("user-must-show-a-certificate", RARE, AUTH, "REQUIRE X509 for the user, and the task restarts", _MYSQL),
    Event("public-key-not-asked-for", RARE, CONFIG, "no TLS, and driver.allowPublicKeyRetrieval=false", _OPTIONS),
    Event("too-few-connections", RARE, Truth("RESOURCE", FIX_OR_ONCE), "MAX_USER_CONNECTIONS 1 for the user", _MYSQL),
    Event("acl-topic", YEARLY, AUTH, "no ACL to WRITE to the table's topic", _KAFKA),
    Event("acl-create", YEARLY, AUTH, "no ACL to create a new table's topic", _KAFKA),
    Event("acl-history", YEARLY, AUTH, "no ACL on the schema history topic", _KAFKA),
    Event("sasl-password-rotated", YEARLY, AUTH, "the broker's password is another than the producer's", _KAFKA),
    Event("registry-wants-a-login", YEARLY, AUTH, "the registry answers 401", _AVRO_PAGE, _AVRO),
    # ── the way there ──
    Event(
        "server-down",
        OFTEN,
        UNREACHABLE,
        "the server is down for maintenance; the task restarts",
        _WRONG,
        disturbs=True,
    ),
    Event("host-gone", YEARLY, WRONG_ADDRESS, "database.hostname has no address any more", _PAGES),
    Event("port-closed", YEARLY, WRONG_ADDRESS, "nobody listens on database.port", _PAGES),
    Event("firewall-drops", YEARLY, WRONG_ADDRESS, "a firewall drops what goes to the server", _PAGES),
    Event("proxy-without-backend", YEARLY, UNREACHABLE, "a load balancer takes the call and hangs up", _PAGES),
    Event("connection-killed", YEARLY, UNREACHABLE, "KILL at the binlog's reader, errors.max.retries=0", _WRONG),
    Event(
        "copy-killed",
        YEARLY,
        UNREACHABLE,
        "a script kills long queries, the first copy's too",
        _PAGES,
        _COPY,
        disturbs=True,
    ),
    Event(
        "too-many-connections",
        YEARLY,
        Truth("RESOURCE", TRANSIENT),
        "max_connections is used up",
        _MYSQL,
        disturbs=True,
    ),
    Event(
        "certificate-renewed",
        YEARLY,
        Truth("CONNECTIVITY", FIX_FIRST, also=("CONFIG",)),
        "ssl.mode=verify_ca, and the server has a certificate of another authority",
        _OPTIONS,
    ),
    Event(
        "registry-down",
        OFTEN,
        NO_REGISTRY,
        "the registry is down when a table gets a column",
        _AVRO_PAGE,
        _AVRO,
        disturbs=True,
    ),
    Event("registry-overloaded", YEARLY, NO_REGISTRY, "the registry answers 503", _AVRO_PAGE, _AVRO),
    Event("history-servers-gone", RARE, WRONG_ADDRESS, "nobody listens at the history's bootstrap servers", _OPTIONS),
    # ── the binlog ──
    Event("binlog-purged", OFTEN, BINLOG_GAP, "stopped for longer than the binlog is kept", _WRONG, disturbs=True),
    Event("failed-over", YEARLY, BINLOG_GAP, "led to another server that lacks its transactions", _WRONG),
    Event("binlog-reset", YEARLY, BINLOG_GAP, "RESET BINARY LOGS AND GTIDS while it is stopped", _MYSQL, disturbs=True),
    Event(
        "restored-from-backup", YEARLY, BINLOG_GAP, "the server is older than the offset: a backup was restored", _PAGES
    ),
    Event(
        "binlog-format-changed",
        YEARLY,
        CONFIG,
        "binlog_format=STATEMENT, and the task restarts",
        _BINLOG,
        disturbs=True,
    ),
    Event(
        "row-image-changed", YEARLY, CONFIG, "binlog_row_image=MINIMAL, and the task restarts", _BINLOG, disturbs=True
    ),
    Event("binlog-switched-off", YEARLY, CONFIG, "moved to a server without a binlog", _BINLOG, disturbs=True),
    Event("server-id-twice", YEARLY, CONFIG_OR_ONCE, "a copied config: the same database.server.id twice", _OPTIONS),
    Event(
        "binlog-damaged",
        RARE,
        Truth("DATA", FIX_OR_ONCE, also=("BINLOG_GAP",)),
        "bytes of the binlog are overwritten",
        _WRONG,
        disturbs=True,
    ),
    Event("offset-edited-wrongly", RARE, CONFIG, "the offset was edited, and names no file", _CONNECT),
    Event(
        "offset-of-another-file",
        YEARLY,
        BINLOG_GAP,
        "the offset was edited, and names a file that is not there",
        _CONNECT,
    ),
    # ── the history ──
    Event("history-deleted", OFTEN, HISTORY_LOST, "the history topic is deleted, and the task restarts", _HISTORY),
    Event("history-expired", YEARLY, HISTORY_LOST, "retention has emptied the history topic; restart", _HISTORY),
    Event(
        "history-expired-in-part",
        YEARLY,
        HISTORY_LOST,
        "retention has taken the history's beginning; restart",
        _HISTORY,
    ),
    Event("history-topic-renamed", YEARLY, HISTORY_LOST, "another history topic in the config", _HISTORY),
    Event("history-in-a-container", RARE, HISTORY_LOST, "the history's file went with its container", _HISTORY),
    Event("recovery-without-offset", RARE, CONFIG, "snapshot.mode=recovery, and there is no offset", _OPTIONS),
    Event("history-garbled", RARE, HISTORY_LOST, "somebody wrote into the history topic; restart", _HISTORY),
    Event(
        "table-added-later",
        OFTEN,
        _also(DRIFT, "HISTORY_LOST"),
        "a table is included later; store.only.captured.tables.ddl=true",
        _OPTIONS,
        about=("table",),
    ),
    Event("unlogged-add", YEARLY, DRIFT, "ADD COLUMN with sql_log_bin=0, then a row", _PAGES, about=("table",)),
    Event("unlogged-drop", YEARLY, DRIFT, "DROP COLUMN with sql_log_bin=0, then a row", _PAGES, about=("table",)),
    Event("unlogged-table", RARE, DRIFT, "CREATE TABLE with sql_log_bin=0, then a row", _PAGES, about=("table",)),
    Event(
        "unlogged-type",
        RARE,
        DRIFT,
        "INT → VARCHAR with sql_log_bin=0, a text; …failure.handling.mode=fail",
        _OPTIONS,
        about=("table", "column"),
    ),
    # ── what the parser reads ──
    Event(
        "migration-unknown-words", OFTEN, DDL_PARSE, "a statement in a migration", _NOTES, _STATEMENTS, disturbs=True
    ),
    Event(
        "neighbour-unknown-words",
        YEARLY,
        DDL_PARSE,
        "a statement in another team's database",
        _PAGES,
        _STATEMENTS,
        disturbs=True,
    ),
    Event(
        "history-of-a-newer-version", RARE, DDL_PARSE, "downgraded: the history has a statement it cannot parse", _NOTES
    ),
    # ── how large, how many ──
    Event("row-too-large", OFTEN, RESOURCE, "a row larger than max.request.size", _KAFKA, _TEXT),
    Event(
        "update-too-large",
        YEARLY,
        RESOURCE,
        "an UPDATE: before and after are too large together",
        _KAFKA,
        {**_TEXT, **_PLAIN},
    ),
    Event(
        "topic-takes-less",
        YEARLY,
        RESOURCE,
        "max.message.bytes of the topic is lowered, then a larger row",
        _KAFKA,
        _TEXT,
    ),
    Event("buffer-too-small", RARE, RESOURCE, "a row larger than the producer's buffer.memory", _KAFKA, _TEXT),
    Event("replicas-as-in-production", OFTEN, CONFIG, "replication.factor=3 on one broker", _CONNECT),
    Event(
        "key-dropped-topic-compacted",
        YEARLY,
        _also(DRIFT, "CONFIG"),
        "DROP PRIMARY KEY, the topic is compacted",
        _KAFKA,
    ),
    Event("topic-deleted", YEARLY, CONFIG, "the table's topic is deleted", _KAFKA),
    Event(
        "lock-held",
        YEARLY,
        Truth("RESOURCE", TRANSIENT),
        "a backup holds the table's lock",
        _OPTIONS,
        _LOCKED,
        disturbs=True,
    ),
    # ── converters, registry, transforms ──
    Event(
        "registry-refuses-a-column",
        OFTEN,
        REFUSED,
        "ADD COLUMN NOT NULL without default",
        _AVRO_PAGE,
        _AVRO,
        ("table", "column"),
    ),
    Event("registry-refuses-a-type", OFTEN, REFUSED, "INT becomes VARCHAR", _AVRO_PAGE, _AVRO, ("table", "column")),
    Event(
        "registry-refuses-a-drop", YEARLY, REFUSED, "DROP COLUMN, under FORWARD", _AVRO_PAGE, _AVRO, ("table", "column")
    ),
    Event(
        "schemas-not-registered",
        YEARLY,
        _also(CONFIG, "REGISTRY"),
        "auto-register=false, a new table",
        _AVRO_PAGE,
        _AVRO,
    ),
    Event("name-not-for-avro", YEARLY, CONFIG, "a column with a dash; no name adjustment", _AVRO_PAGE, _AVRO),
    Event("converter-not-installed", YEARLY, CONFIG, "value.converter is not on this worker", _CONNECT),
    Event("bytes-converter", RARE, CONFIG, "value.converter=ByteArrayConverter", _CONNECT),
    Event("number-as-key-converter", RARE, CONFIG, "key.converter=LongConverter", _CONNECT),
    Event("own-converter-missing", YEARLY, CONFIG, "`converters` names a class that is not installed", _OPTIONS),
    Event("zero-date", YEARLY, Truth("DATA", FIX_FIRST), "a date of zeros in a row", _PAGES),
    Event(
        "time-of-two-days",
        YEARLY,
        Truth("DATA", FIX_FIRST, also=("CONFIG",)),
        "a TIME of 50 hours; time.precision.mode=connect",
        _OPTIONS,
        {"time.precision.mode": ("connect",)},
    ),
    Event("transform-not-installed", YEARLY, CONFIG, "a transform that is not on this worker", _SMT),
    Event("transform-option-wrong", YEARLY, CONFIG, "a transform with an option of a value that is not allowed", _SMT),
    Event("keyed-column-dropped", YEARLY, DRIFT, "ValueToKey on a column, which is dropped", _SMT, _FLAT, ("column",)),
    Event("keyed-column-misspelled", YEARLY, CONFIG, "ValueToKey names a column that was never there", _SMT, _FLAT),
    Event("outbox-of-no-outbox", YEARLY, CONFIG, "the outbox router reads a table that is no outbox", _SMT, _PLAIN),
    Event(
        "outbox-column-renamed",
        RARE,
        DRIFT,
        "a column of the outbox is renamed",
        _SMT,
        {**_PLAIN, "column": ("payload",)},
    ),
    Event("routed-to-a-bad-name", RARE, CONFIG, "RegexRouter makes a topic name with a blank", _SMT),
    # ── what they are told ──
    Event("list-is-no-regex", YEARLY, CONFIG, "table.include.list is no regular expression", _OPTIONS),
    Event("lists-exclude-each-other", YEARLY, CONFIG, "an include list and an exclude list", _OPTIONS),
    Event("snapshot-mode-gone", OFTEN, CONFIG, "upgraded, with snapshot.mode=schema_only", _NOTES),
    Event("word-misspelled", YEARLY, CONFIG, "a mode that does not exist", _OPTIONS),
    Event("prefix-missing", OFTEN, CONFIG, "upgraded, with database.server.name for topic.prefix", _NOTES),
    Event(
        "history-settings-of-version-1",
        YEARLY,
        CONFIG,
        "upgraded, with database.history.* for schema.history.internal.*",
        _NOTES,
    ),
    Event(
        "override-of-no-column",
        RARE,
        CONFIG,
        "snapshot.select.statement.overrides with a wrong column",
        _OPTIONS,
        _COPY,
    ),
    Event("message-key-misspelled", RARE, CONFIG, "message.key.columns names no column", _OPTIONS),
    Event("hash-unknown", RARE, CONFIG, "a column is to be hashed in an unknown way", _OPTIONS),
    Event("server-id-no-number", RARE, CONFIG, "database.server.id is no number", _OPTIONS),
    Event("time-zone-unknown", RARE, CONFIG, "driver.connectionTimeZone is no time zone", _OPTIONS),
    Event("initial-statement-wrong", RARE, CONFIG, "database.initial.statements sets an unknown variable", _OPTIONS),
    Event("connector-of-mariadb", YEARLY, CONFIG, "the MariaDB connector at a MySQL server", _NOTES),
    Event("connector-not-installed", YEARLY, CONFIG, "the connector's plugin is not on this worker", _CONNECT),
    Event("signals-without-topic", RARE, CONFIG, "signals by Kafka, and no topic for them", _OPTIONS),
    Event("producer-setting-wrong", YEARLY, CONFIG, "producer.override with a value that is not allowed", _KAFKA),
)


WAYS = {**seventh_source_ways.WAYS, **eighth_source_ways.WAYS}


def drawn(after: int = 0) -> tuple[Drawn, ...]:
    return draw(SOURCE, EVENTS, AXES, after=after)


def drawn_cases(after: int = 0) -> tuple[Case, ...]:
    """Those of a set: 40, the first of them the one after the `after`th draw."""
    return cases_of(drawn(after), WAYS)
