"""Where a failure was thrown, for one whose words nobody knows: the frames tell what the connector was at.

They say less than any word does, so they are asked when no entry and no family knows an exception of the chain.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from watchdog.diagnose.catalogue import Catalogue
from watchdog.diagnose.entries import Entry, compiled
from watchdog.model import Advice, Category

# Connect makes connectors, tasks, converters and transforms, and starts them: no record has been read by then.
_START = (
    r"at org\.apache\.kafka\.connect\.runtime\.(?:\w+\.(?:initializeAndStart|doStart)|Worker\.(?:start|connector)\w+"
    r"|Worker\$\w+\.build|ConnectorConfig)\b|at [\w.$]{1,200}\.configure\("
)

# The order is meaning: the innermost work stands before the work that it is a part of.
_PLACES: tuple[tuple[str, str, str, Category, Advice, str], ...] = (
    (
        "registry",
        r"at io\.apicurio\.(?:registry\.rest|rest)\.client\.|at io\.confluent\.kafka\.schemaregistry\.client\.",
        "The schema registry, or what is at its address, did not give what was asked of it.",
        Category.REGISTRY,
        Advice.ONCE,
        "Look at what answers at the registry's URL, and whether it has the subject.",
    ),
    (
        "database-connection",
        r"at com\.mysql\.cj\.(?:jdbc\.ConnectionImpl\.(?:connect|createNewIO)|NativeSession\.connect)"
        r"|at org\.mariadb\.jdbc\.Driver\.connect|at com\.github\.shyiko\.mysql\.binlog\.BinaryLogClient\.connect",
        "A connection to the database could not be made.",
        Category.CONNECTIVITY,
        Advice.ONCE,
        "Try the connector's own settings against its database.",
    ),
    (
        "configure",
        r"at [\w.$]{1,200}\.configure\(|at org\.apache\.kafka\.connect\.runtime\.ConnectorConfig\b",
        "A connector, a converter or a transform does not take its configuration.",
        Category.CONFIG,
        Advice.NO,
        "Correct the connector's configuration.",
    ),
    (
        "statement",
        r"at io\.debezium\.(?:antlr|ddl\.parser|text|connector\.\w+\.antlr)\.",
        "Debezium stumbles over a statement in the binlog, and reads it again after each restart.",
        Category.DDL_PARSE,
        Advice.NO,
        "Upgrade Debezium, or pass over the statement with schema.history.internal.skip.unparseable.ddl=true.",
    ),
    (
        "schema-history",
        r"at io\.debezium\.(?:relational|storage\.\w+)\.history\.",
        "The schema history could not be used.",
        Category.HISTORY_LOST,
        Advice.NO,
        "Look at the schema history topic: that it is there, whole, with one partition and no retention.",
    ),
    (
        "start",
        _START,
        "The connector cannot be started, and has not read a record yet.",
        Category.CONFIG,
        Advice.NO,
        "Correct the connector's configuration, or what it refers to.",
    ),
    (
        "target-table",
        r"at io\.debezium\.connector\.jdbc\.(?:JdbcChangeEventSink\.(?:checkAndApply|alterTable|createTable)\w*"
        r"|dialect\.\w+\.(?:getSchemaType|resolveMissingFields|get(?:Create|Alter)Table))",
        "The sink cannot make the target's table fit the record.",
        Category.SCHEMA_DRIFT,
        Advice.AFTER_FIX,
        "Make the target's table fit the record by hand; then restart.",
    ),
    (
        "row-against-its-schema",
        r"at io\.debezium\.(?:relational\.TableSchemaBuilder|jdbc\.JdbcValueConverters"
        r"|connector\.\w+\.(?:jdbc\.)?\w*(?:ValueConverters|FieldReader))\b",
        "A row does not fit the schema that the connector has for it.",
        Category.SCHEMA_DRIFT,
        Advice.NO,
        "Compare the connector's schema of the table with the live table.",
    ),
    (
        "record",
        r"at (?:org\.apache\.kafka\.connect|io\.debezium)\.transforms\.|at io\.debezium\.connector\.jdbc\."
        r"|at org\.apache\.kafka\.connect\.(?:json|data|storage\.StringConverter)\b",
        "The connector stumbles over a record.",
        Category.DATA,
        Advice.NO,
        "Look at the record, and at the settings of the connector's converters and transforms.",
    ),
    (
        "kafka",
        r"at org\.apache\.kafka\.clients\.(?:consumer|producer|admin)\.",
        "The brokers did not do what was asked of them.",
        Category.CONNECTIVITY,
        Advice.ONCE,
        "Look at the brokers, and at what else uses the connector's group and topics.",
    ),
)


@cache
def places() -> Catalogue:
    """Entries whose pattern is searched in frames, and in no message."""
    return Catalogue(
        Entry(
            id=f"place.{name}",
            side="any",
            pattern=pattern,
            category=category,
            restart=restart,
            schema_drift="maybe" if category in (Category.SCHEMA_DRIFT, Category.DATA) else "no",
            cause=cause,
            fix=fix,
        )
        for name, pattern, cause, category, restart, fix in _PLACES
    )


def before_any_record(frames: str) -> bool:
    """Thrown while something was made or started: whatever the words say, no record is to blame."""
    return _start().search(frames.encode(errors="replace")) is not None


@cache
def _start() -> Any:
    return compiled(_START)
