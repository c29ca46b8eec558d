"""One table of a live server: its columns, its change, and a row that it will take."""

from dataclasses import dataclass

from chaos.errors import DrillError
from chaos.names import TableName, quote
from chaos.server import Row, Server
from chaos.values import has_value, value_for

_TABLE = """
SELECT engine AS engine, table_type AS kind FROM information_schema.tables
WHERE table_schema = %s AND table_name = %s
"""
_COLUMNS = """
SELECT column_name AS name, column_type AS type, is_nullable AS nullable, column_default AS default_value,
       data_type AS data_type, extra AS extra, column_key AS column_key,
       character_maximum_length AS length, numeric_precision AS digits, numeric_scale AS scale
FROM information_schema.columns WHERE table_schema = %s AND table_name = %s ORDER BY ordinal_position
"""
_PARENTS = """
SELECT column_name AS name, referenced_table_schema AS parent_schema, referenced_table_name AS parent_table,
       referenced_column_name AS parent_column
FROM information_schema.key_column_usage
WHERE table_schema = %s AND table_name = %s AND referenced_table_name IS NOT NULL
"""
_TRANSACTIONAL = "innodb"


@dataclass(frozen=True)
class Change:
    """ADD or DROP of one column; `type` is None for a DROP."""

    table: TableName
    column: str
    type: str | None

    @property
    def ddl(self) -> str:
        deed = f"ADD COLUMN {quote(self.column)} {self.type}" if self.type else f"DROP COLUMN {quote(self.column)}"
        return f"ALTER TABLE {self.table.quoted} {deed}"


class Table:
    def __init__(self, server: Server, name: TableName) -> None:
        self.name = name
        self._server = server

    def columns(self) -> list[Row]:
        return self._server.query(_COLUMNS, self.name.database, self.name.table)

    def must_allow(self, change: Change) -> None:
        """Everything that can be known beforehand; DrillError with the reason otherwise."""
        engine = self._engine()
        columns = self.columns()
        found = next((row for row in columns if row["name"].lower() == change.column.lower()), None)
        if change.type and found:
            raise DrillError(f"{self.name} at {self._server.place} has a column {found['name']}: --revert drops it")
        if not change.type:
            self._must_be_droppable(change.column, found, columns)
        if engine.lower() == _TRANSACTIONAL:
            with self._server.rehearsal():
                self.write_row(columns)

    def apply(self, change: Change) -> None:
        self._server.query(change.ddl)

    def undo(self, change: Change) -> str:
        """The statement that takes a change back, read before it is applied; what a column holds is not in it."""
        definition = None if change.type else self._definition(change.column)
        return Change(change.table, change.column, definition).ddl

    def write_row(self, columns: list[Row], also: str | None = None) -> Row:
        """Values for the columns that need one, and for the column `also`; returns the row's key."""
        values = {row["name"]: self._value(row) for row in columns if _needs_value(row, also)}
        names = ", ".join(quote(name) for name in values)
        marks = ", ".join(["%s"] * len(values))
        statement = f"INSERT INTO {self.name.quoted} ({names}) VALUES ({marks})"
        number = self._server.insert(statement, *values.values())
        values |= {row["name"]: number for row in columns if "auto_increment" in row["extra"]}
        key = [row["name"] for row in columns if row["column_key"] == "PRI" and row["name"] in values]
        return {name: values[name] for name in key or values}

    def _engine(self) -> str:
        found = self._server.query(_TABLE, self.name.database, self.name.table)
        if not found or found[0]["kind"] != "BASE TABLE":
            what = "is a view" if found else "does not exist, or this login may not see it"
            raise DrillError(f"table {self.name} at {self._server.place} {what}: name another with --table")
        return str(found[0]["engine"])

    def _definition(self, column: str) -> str:
        """As SHOW CREATE TABLE has it: with NOT NULL, default, character set and comment."""
        create: str = self._server.query(f"SHOW CREATE TABLE {self.name.quoted}")[0]["Create Table"]
        lines = (line.strip().rstrip(",").partition(" ") for line in create.splitlines())
        return next(rest for name, _, rest in lines if name.lower() == quote(column).lower())

    def _must_be_droppable(self, wanted: str, found: Row | None, columns: list[Row]) -> None:
        place = f"{self.name} at {self._server.place}"
        if not found:
            names = ", ".join(row["name"] for row in columns)
            raise DrillError(f"{place} has no column {wanted}: nothing to revert, it has {names}")
        if found["column_key"] == "PRI":
            raise DrillError(f"column {found['name']} of {place} is in the primary key: no drill has added it")

    def _value(self, column: Row) -> object:
        parents = self._server.query(_PARENTS, self.name.database, self.name.table)
        parent = next((row for row in parents if row["name"] == column["name"]), None)
        return self._value_of_parent(parent) if parent else value_for(column)

    def _value_of_parent(self, parent: Row) -> object:
        name = f"{quote(parent['parent_schema'])}.{quote(parent['parent_table'])}"
        found = self._server.query(f"SELECT {quote(parent['parent_column'])} AS value FROM {name} LIMIT 1")
        if not found:
            raise DrillError(f"{self.name} refers to {name}, which is empty: insert a row there first")
        return found[0]["value"]


def documents(columns: list[Row]) -> list[Row]:
    """MariaDB writes the word NULL where MySQL has none."""
    return [
        {
            "name": row["name"],
            "type": row["type"],
            "nullable": row["nullable"] == "YES",
            "default": None if row["default_value"] == "NULL" else row["default_value"],
        }
        for row in columns
    ]


def _needs_value(column: Row, also: str | None) -> bool:
    if column["name"] == also:
        return has_value(column)
    is_filled = "auto_increment" in column["extra"] or "GENERATED" in column["extra"]
    return column["nullable"] == "NO" and column["default_value"] is None and not is_filled
