"""A MySQL or MariaDB server's information_schema → `TableSchema`s, in two queries whatever the number of tables.

Reads only, and only what the server knows by name: identifiers are data here, they never become part of a statement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, text

from watchdog.adapters.sqltypes import charset_name, printed
from watchdog.model import Column, TableId, TableSchema

READ_SECONDS = 15
"""10,000 tables of 20 columns take 3 s on the slowest server that was measured."""

_SYSTEM = "('information_schema', 'mysql', 'performance_schema', 'sys')"
_COLUMNS = f"""
    SELECT /*+ MAX_EXECUTION_TIME({READ_SECONDS * 1000}) */
        table_schema, table_name, column_name, column_type, is_nullable, column_default, extra, character_set_name
    FROM information_schema.columns
    WHERE table_schema NOT IN {_SYSTEM}
    ORDER BY ordinal_position
"""
_KEYS = f"""
    SELECT /*+ MAX_EXECUTION_TIME({READ_SECONDS * 1000}) */
        table_schema, table_name, column_name
    FROM information_schema.key_column_usage
    WHERE constraint_name = 'PRIMARY' AND table_schema NOT IN {_SYSTEM}
    ORDER BY ordinal_position
"""
_FILLED = frozenset({"auto_increment", "generated", "persistent", "virtual"})
"""Words of `EXTRA`; the last two are how older MariaDBs say generated. `DEFAULT_GENERATED` is but a default."""

Row = Sequence[Any]
Default = Callable[[str | None], str | None]


def tables_of(connection: Connection, is_mariadb: bool) -> dict[TableId, TableSchema]:
    """Every table that the connection's user may see."""
    columns = connection.execute(text(_COLUMNS)).all()
    keys = connection.execute(text(_KEYS)).all()
    return _tables(columns, keys, _mariadb_default if is_mariadb else _mysql_default)


def _tables(columns: Iterable[Row], keys: Iterable[Row], default: Default) -> dict[TableId, TableSchema]:
    """Both are in order of position; gathered by name here, since a server may sort `Orders` and `orders` alike."""
    primary: dict[TableId, list[str]] = {}
    for database, table, column in keys:
        primary.setdefault(TableId(database, table), []).append(column)
    found: dict[TableId, list[Column]] = {}
    for row in columns:
        found.setdefault(TableId(row[0], row[1]), []).append(_column(row, default))
    return {table: TableSchema(table, tuple(each), tuple(primary.get(table, ()))) for table, each in found.items()}


def _column(row: Row, default: Default) -> Column:
    _, _, name, kind, nullable, expression, extra, charset = row
    generated = _FILLED & set((extra or "").lower().split())
    value = default(expression)
    return Column(name, printed(kind), nullable == "YES", value, bool(generated), charset_name(charset))


def _mysql_default(expression: str | None) -> str | None:
    return expression


def _mariadb_default(expression: str | None) -> str | None:
    """MariaDB tells an SQL expression where MySQL tells a value: `NULL`, `'it''s'`, `current_timestamp()`."""
    if expression is None or expression == "NULL":
        return None
    if len(expression) >= 2 and expression[0] == expression[-1] == "'":
        return expression[1:-1].replace("''", "'").replace("\\\\", "\\")
    return expression.replace("current_timestamp", "CURRENT_TIMESTAMP").removesuffix("()")
