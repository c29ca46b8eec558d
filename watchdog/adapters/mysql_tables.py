"""A MySQL or MariaDB server's information_schema → `TableSchema`s, and a fingerprint of each made on the server.

Reads only, and only what the server knows by name: identifiers are data here, they never become part of a statement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, text

from watchdog.adapters.sqltypes import charset_name, printed
from watchdog.model import Column, TableId, TableSchema

READ_SECONDS = 30
"""The fingerprints of 10,000 tables of 20 columns take 4 s of a core, and come all at once, at the end."""

_HINT = f"/*+ MAX_EXECUTION_TIME({READ_SECONDS * 1000}) */"
_SYSTEM = "('information_schema', 'mysql', 'performance_schema', 'sys')"
_ALL = f"table_schema NOT IN {_SYSTEM}"
_COLUMN = (
    "table_schema, table_name, column_name, column_type, is_nullable, column_default, extra, character_set_name,"
    " ordinal_position"
)
_COLUMNS = f"SELECT {_HINT} {_COLUMN} FROM information_schema.columns WHERE {_ALL}"
# Not from key_column_usage, which is several times slower: it is made for foreign keys.
_KEY = "table_schema, table_name, column_name, seq_in_index"
_KEYS = f"SELECT {_HINT} {_KEY} FROM information_schema.statistics WHERE index_name = 'PRIMARY' AND {_ALL}"

# QUOTE tells NULL from text and ends each value, so that no two columns read alike. Two sums over all columns need no
# room that grows with them, as GROUP_CONCAT does, which is cut off without a word.
_CHECKSUM = """
    SHA2(CONCAT_WS(',', ordinal_position, QUOTE(column_name), QUOTE(column_type), is_nullable,
        QUOTE(column_default), QUOTE(extra), QUOTE(character_set_name), column_key), 256)
"""
# Names as bytes: a collation may put `Orders` and `orders` into one group.
_FINGERPRINTS = f"""
    SELECT {_HINT} in_schema, in_table, COUNT(*), COUNT(checksum), SUM(is_key),
        BIT_XOR(CAST(CONV(SUBSTRING(checksum, 1, 16), 16, 10) AS UNSIGNED)),
        BIT_XOR(CAST(CONV(SUBSTRING(checksum, 17, 16), 16, 10) AS UNSIGNED))
    FROM (
        SELECT CAST(table_schema AS BINARY) AS in_schema, CAST(table_name AS BINARY) AS in_table,
            column_key = 'PRI' AS is_key, {_CHECKSUM} AS checksum
        FROM information_schema.columns WHERE {_ALL}
    ) AS every_column
    GROUP BY in_schema, in_table
"""
_ROW_COUNTS = f"SELECT {_HINT} table_schema, table_name, table_rows FROM information_schema.tables WHERE {_ALL}"
_ONE_COLUMNS = f"SELECT {_COLUMN} FROM information_schema.columns WHERE table_schema = :s{{0}} AND table_name = :t{{0}}"
_ONE_KEY = (
    f"SELECT {_KEY} FROM information_schema.statistics"
    " WHERE index_name = 'PRIMARY' AND table_schema = :s{0} AND table_name = :t{0}"
)
_ASKED_AT_ONCE = 50
_FILLED = frozenset({"auto_increment", "generated", "persistent", "virtual"})
"""Words of `EXTRA`; the last two are how older MariaDBs say generated. `DEFAULT_GENERATED` is but a default."""

Row = Sequence[Any]
Default = Callable[[str | None], str | None]
Tables = dict[TableId, TableSchema]
Fingerprint = tuple[object, ...]


def all_tables(connection: Connection, is_mariadb: bool) -> Tables:
    """Every table that the connection's user may see."""
    return _tables(connection.execute(text(_COLUMNS)), connection.execute(text(_KEYS)), is_mariadb)


def some_tables(connection: Connection, tables: Sequence[TableId], is_mariadb: bool) -> Tables:
    """Those of them that are there. Each is asked for by its own name: MariaDB opens every table for a list of them."""
    columns, keys = _ask_each(connection, _ONE_COLUMNS, tables), _ask_each(connection, _ONE_KEY, tables)
    # A collation may find `Orders` for `orders`.
    return {table: schema for table, schema in _tables(columns, keys, is_mariadb).items() if table in set(tables)}


def row_counts(connection: Connection) -> dict[TableId, int]:
    """The storage engine's guess; a view has none."""
    rows = connection.execute(text(_ROW_COUNTS))
    return {TableId(database, table): int(count) for database, table, count in rows if count is not None}


def fingerprints(connection: Connection) -> dict[TableId, Fingerprint]:
    """For each visible table what differs as soon as anything differs that a `TableSchema` tells of it."""
    rows = connection.execute(text(_FINGERPRINTS)).all()
    # The order within a key is told by its index only; a key of one column has none.
    orders = _orders(connection) if any(row[4] > 1 for row in rows) else {}
    found = ((TableId(_name(row[0]), _name(row[1])), row[2:]) for row in rows)
    return {table: (*numbers, orders.get(table, ()), _unlike(*numbers[:2])) for table, numbers in found}


def _unlike(columns: int, checksums: int) -> object:
    """A column too long for the server's max_allowed_packet has no checksum: such a table counts as changed each time,
    by something that is equal to nothing but itself."""
    return None if columns == checksums else object()


def _name(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _orders(connection: Connection) -> dict[TableId, tuple[str, ...]]:
    return {table: key for table, key in _primary(connection.execute(text(_KEYS))).items() if len(key) > 1}


def _ask_each(connection: Connection, statement: str, tables: Sequence[TableId]) -> list[Row]:
    rows: list[Row] = []
    for start in range(0, len(tables), _ASKED_AT_ONCE):
        asked = tables[start : start + _ASKED_AT_ONCE]
        names = {
            f"{letter}{i}": name for i, table in enumerate(asked) for letter, name in zip("st", table, strict=True)
        }
        rows += connection.execute(text(" UNION ALL ".join(map(statement.format, range(len(asked))))), names)
    return rows


def _tables(columns: Iterable[Row], keys: Iterable[Row], is_mariadb: bool) -> Tables:
    """Gathered and sorted here, by name and position, since a server may sort `Orders` and `orders` alike."""
    primary, default = _primary(keys), _mariadb_default if is_mariadb else _mysql_default
    found: dict[TableId, list[Row]] = {}
    for row in columns:
        found.setdefault(TableId(row[0], row[1]), []).append(row)
    return {
        table: TableSchema(table, tuple(_column(row, default) for row in _in_order(rows)), primary.get(table, ()))
        for table, rows in found.items()
    }


def _primary(keys: Iterable[Row]) -> dict[TableId, tuple[str, ...]]:
    found: dict[TableId, list[Row]] = {}
    for row in keys:
        found.setdefault(TableId(row[0], row[1]), []).append(row)
    return {table: tuple(row[2] for row in _in_order(rows)) for table, rows in found.items()}


def _in_order(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: int(row[-1]))


def _column(row: Row, default: Default) -> Column:
    _, _, name, kind, nullable, expression, extra, charset, _ = row
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
