"""PURE: what else a person can do than wait, as text to copy: the statement back at the source, a setting of the
connector, a verb of ours. Each with what it costs, or why it may not help. Nothing of it is ever run from here.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from urllib.parse import quote

from watchdog.model import Category, Column, ConnectorKey, Diagnosis, SchemaChange
from watchdog.remedies.alter import quoted, quoted_table
from watchdog.remedies.table import Remedy

_SETTINGS: dict[Category, tuple[dict[str, str], str]] = {
    Category.SCHEMA_DRIFT: (
        {"schema.evolution": "basic"},
        "the sink adds a column that is missing by itself, from then on whatever comes; it never widens or drops one",
    ),
    Category.DDL_PARSE: (
        {"schema.history.internal.skip.unparseable.ddl": "true"},
        "only where the statement changes no captured table; leave it set, since the history keeps the statement",
    ),
    Category.BINLOG_GAP: (
        {"snapshot.mode": "when_needed"},
        "copies every captured table again; deletes made meanwhile never come",
    ),
}


def other_ways(key: ConnectorKey, found: Diagnosis, side: str, remedy: Remedy) -> tuple[str, ...]:
    """Besides the diagnosis' own way out; none for a connector whose side is not known."""
    return tuple(_ways(key, found, side, remedy)) if side else ()


def _ways(key: ConnectorKey, found: Diagnosis, side: str, remedy: Remedy) -> Iterator[str]:
    category = found.cause.category
    drift_at_sink = category is Category.SCHEMA_DRIFT and side == "sink"
    setting = _SETTINGS.get(category)
    if setting and (drift_at_sink or category is not Category.SCHEMA_DRIFT):
        values, cost = setting
        yield f"a setting ({cost}): {_patch(key.connector, values)}"
    verb = remedy.otherwise.replace("{connector}", shlex.quote(key.connector))
    if verb and verb not in found.way_out:
        yield verb
    if drift_at_sink and found.change and (back := _revert(found.change)):
        warning = "this alone does not help: records written meanwhile stay in the topic as they are"
        yield f"back at the source ({warning}): {back}"


def _patch(connector: str, values: dict[str, str]) -> str:
    """Kafka 3.8 and later; before that the whole configuration has to be PUT."""
    path = f"/connectors/{quote(connector, safe='')}/config"
    body = shlex.quote(json.dumps(values))
    return f"curl -X PATCH -H 'Content-Type: application/json' -d {body} \"$CONNECT_URL\"{shlex.quote(path)}"


def _revert(change: SchemaChange) -> str:
    """Empty where a statement back would be another one: a table made or dropped, a swap of an online schema change."""
    before = change.before
    if before is None or change.after is None or change.statements:
        return ""
    clauses = [f"DROP COLUMN {quoted(name)}" for name in change.added]
    clauses += [f"MODIFY COLUMN {_defined(column)}" for name in change.modified if (column := before.column(name))]
    clauses += [f"ADD COLUMN {_defined(column)}" for name in change.removed if (column := before.column(name))]
    return f"ALTER TABLE {quoted_table(change.table)} {', '.join(clauses)};" if clauses else ""


def _defined(column: Column) -> str:
    return f"{quoted(column.name)} {column.type} {'NULL' if column.nullable else 'NOT NULL'}"
