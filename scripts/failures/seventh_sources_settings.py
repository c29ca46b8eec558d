"""The seventh set, sources: what they are told."""

from failures.case import CONFIG
from failures.seventh_draw import OFTEN, RARE, YEARLY, Event
from failures.seventh_source_terms import CONNECT, COPY, KAFKA, NOTES, OPTIONS

EVENTS: tuple[Event, ...] = (
    # ── what they are told ──
    Event("list-is-no-regex", YEARLY, CONFIG, "table.include.list is no regular expression", OPTIONS),
    Event("lists-exclude-each-other", YEARLY, CONFIG, "an include list and an exclude list", OPTIONS),
    Event("snapshot-mode-gone", OFTEN, CONFIG, "upgraded, with snapshot.mode=schema_only", NOTES),
    Event("word-misspelled", YEARLY, CONFIG, "a mode that does not exist", OPTIONS),
    Event("prefix-missing", OFTEN, CONFIG, "upgraded, with database.server.name for topic.prefix", NOTES),
    Event(
        "history-settings-of-version-1",
        YEARLY,
        CONFIG,
        "upgraded, with database.history.* for schema.history.internal.*",
        NOTES,
    ),
    Event(
        "override-of-no-column",
        RARE,
        CONFIG,
        "snapshot.select.statement.overrides with a wrong column",
        OPTIONS,
        COPY,
    ),
    Event("message-key-misspelled", RARE, CONFIG, "message.key.columns names no column", OPTIONS),
    Event("hash-unknown", RARE, CONFIG, "a column is to be hashed in an unknown way", OPTIONS),
    Event("server-id-no-number", RARE, CONFIG, "database.server.id is no number", OPTIONS),
    Event("time-zone-unknown", RARE, CONFIG, "driver.connectionTimeZone is no time zone", OPTIONS),
    Event("initial-statement-wrong", RARE, CONFIG, "database.initial.statements sets an unknown variable", OPTIONS),
    Event("connector-of-mariadb", YEARLY, CONFIG, "the MariaDB connector at a MySQL server", NOTES),
    Event("connector-not-installed", YEARLY, CONFIG, "the connector's plugin is not on this worker", CONNECT),
    Event("signals-without-topic", RARE, CONFIG, "signals by Kafka, and no topic for them", OPTIONS),
    Event("producer-setting-wrong", YEARLY, CONFIG, "producer.override with a value that is not allowed", KAFKA),
)
