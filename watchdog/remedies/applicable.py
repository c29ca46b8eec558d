"""PURE: whether an incident's way out is an ALTER of its target that may be run for a person, and whether the table is
still as it was when that was written.

Names and types in it come from records and topics that others write: only what is spelled as this package spells it is
run, clause by clause.
"""

from __future__ import annotations

import re

from watchdog.model import Incident, TableSchema
from watchdog.remedies.alter import quoted_table

_NAME = r"`(?:[^`]|``){1,64}`"
_VALUES = r"\((?:\d{1,3}(?:,\d{1,2})?|'(?:[^'\\]|''){0,255}'(?:,'(?:[^'\\]|''){0,255}')*)\)"
_BASE = (
    "tinyint|smallint|mediumint|int|bigint|decimal|float|double|bit|year|char|varchar|tinytext|text|mediumtext|longtext|"
    "binary|varbinary|tinyblob|blob|mediumblob|longblob|json|date|datetime|timestamp|time|enum|set"
)
_TYPE = rf"(?:{_BASE})(?:{_VALUES})?(?: unsigned)?(?: zerofill)?"
_CLAUSE = rf"(?:ADD|MODIFY) COLUMN {_NAME} {_TYPE}(?: CHARACTER SET [a-z0-9]{{1,32}})?(?: NOT)?(?: NULL)?"
_ALTER = re.compile(rf"ALTER TABLE {_NAME}\.{_NAME} {_CLAUSE}(?:, {_CLAUSE})*;")
_STATEMENT_MAX = 64 * 1024


def alter_of(incident: Incident) -> tuple[str, str]:
    """The statement, and why there is none that may be run; one of both is empty."""
    diagnosis = incident.diagnosis
    statement, target = diagnosis.way_out.strip(), diagnosis.target
    if not incident.open:
        return "", "the incident is over: there is nothing to change any more"
    if (
        target is None
        or not diagnosis.target_address
        or not statement.startswith(f"ALTER TABLE {quoted_table(target)} ")
    ):
        said = f": {statement}" if statement else ""
        return "", f"its way out is no ALTER TABLE of a target, so there is nothing that can be run for you{said}"
    if len(statement) > _STATEMENT_MAX or not _ALTER.fullmatch(statement):
        return (
            "",
            f"its statement has something in it that is not run from here; look at it, and run it by hand: {statement}",
        )
    return statement, ""


def changed_since(known: TableSchema | None, live: TableSchema | None) -> str:
    """Why the statement was written for another table than there is now; empty where it was not."""
    if live is None:
        return "the account that is to run it cannot see the table: it was dropped, or the account has no grant on it"
    if known is None:
        return "nothing is known of the table as it was when the statement was written; is `watchdog run` watching?"
    if known.same_as(live):
        return ""
    lost = [column.name for column in known.columns if live.column(column.name) is None]
    got = [column.name for column in live.columns if known.column(column.name) is None]
    other = [c.name for c in live.columns if (old := known.column(c.name)) is not None and not old.same_as(c)]
    told = [f"it {verb} {', '.join(names)}" for verb, names in (("lost", lost), ("got", got)) if names]
    told += [f"{', '.join(other)} {'is' if len(other) == 1 else 'are'} another"] if other else []
    return f"the table changed since the statement was written: {'; '.join(told) or 'its columns are in another order'}"
