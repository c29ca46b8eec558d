"""What is behind the `Database` port does all this: the fake in memory, the real adapter on a real server."""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

import pytest

from watchdog.model import Column, TableId, TableSchema
from watchdog.ports import Database

ODD_NAMES = [
    pytest.param("we`ird; DROP TABLE orders", id="backtick and statement"),
    pytest.param('say "no".more', id="quotes and a dot"),
    pytest.param("bảng_đơn_hàng", id="unicode"),
    pytest.param("ü" * 64, id="64 characters"),
    pytest.param("per%cent_%s", id="percent"),
]


class World(Protocol):
    database: Database
    schema: str
    """A database of our own on the server, empty at first."""

    def put(self, table: TableSchema) -> None:
        """Create the table, or make it so."""

    def drop(self, table: TableId) -> None: ...


class DatabaseContract:
    """Subclasses give the fixture `world`."""

    def table(self, world: World, name: str = "orders", key: tuple[str, ...] = ("id",)) -> TableSchema:
        columns = (
            Column("id", "bigint", False, generated=key == ("id",)),
            Column("region", "char(2)", False, charset="utf8mb4"),
            Column("note", "varchar(64)", True, charset="latin1"),
            Column("state", "varchar(16)", False, "NEW", charset="utf8mb4"),
        )
        return TableSchema(TableId(world.schema, name), columns, key)

    def tables(self, world: World) -> dict[str, TableSchema]:
        found = world.database.columns().tables
        return {table.table: schema for table, schema in found.items() if table.database == world.schema}

    def test_a_table_is_told_as_it_is(self, world: World) -> None:
        world.put(table := self.table(world))
        assert self.tables(world) == {"orders": table}

    def test_the_key_is_in_its_own_order(self, world: World) -> None:
        world.put(self.table(world, key=("region", "id")))
        assert self.tables(world)["orders"].primary_key == ("region", "id")

    def test_a_table_may_have_no_key(self, world: World) -> None:
        world.put(self.table(world, key=()))
        assert self.tables(world)["orders"].primary_key == ()

    def test_a_changed_table_is_told_anew(self, world: World) -> None:
        world.put(self.table(world))
        self.tables(world)
        world.put(changed := TableSchema(TableId(world.schema, "orders"), (Column("id", "int", False),), ("id",)))
        assert self.tables(world) == {"orders": changed}

    def test_a_peek_tells_the_tables_that_were_named_as_they_are_now(self, world: World) -> None:
        world.put(self.table(world))
        world.put(self.table(world, "other"))
        wanted = [TableId(world.schema, "orders"), TableId(world.schema, "not-there")]
        before = world.database.peek(wanted)
        assert set(before) == {wanted[0]}
        assert before[wanted[0]] == world.database.columns().tables[wanted[0]]
        world.put(changed := TableSchema(wanted[0], (Column("id", "int", False),), ("id",)))
        assert world.database.peek(wanted) == {wanted[0]: changed}

    def test_a_dropped_table_is_not_visible(self, world: World) -> None:
        world.put(self.table(world))
        world.put(self.table(world, "other"))
        world.drop(TableId(world.schema, "orders"))
        assert set(self.tables(world)) == {"other"}

    @pytest.mark.parametrize("name", ODD_NAMES)
    def test_names_are_data(self, world: World, name: str) -> None:
        world.put(self.table(world))
        world.put(TableSchema(TableId(world.schema, name), (Column(name, "int", False),), (name,)))
        tables = self.tables(world)
        assert tables[name].primary_key == (name,)
        assert set(tables) == {"orders", name}

    def test_system_schemas_are_left_out(self, world: World) -> None:
        world.put(self.table(world))
        databases = {table.database for table in world.database.columns().tables}
        assert world.schema in databases
        assert not databases & {"mysql", "sys", "information_schema", "performance_schema"}

    def test_the_answer_names_the_server(self, world: World) -> None:
        answer = world.database.columns()
        assert answer.address == world.database.address
        assert answer.error == ""
        assert answer.version != ""

    def test_the_position_moves_with_every_statement(self, world: World) -> None:
        before = world.database.position()
        world.put(self.table(world))
        after = world.database.position()
        assert before.file == after.file
        assert (before.pos or 0) < (after.pos or 0)

    def test_the_binlog_is_told_with_the_columns(self, world: World) -> None:
        world.put(self.table(world))
        answer = world.database.columns()
        assert answer.binlog_error == ""
        assert answer.binlog is not None
        assert answer.binlog.position == world.database.position()
        assert answer.binlog.position.gtid
        assert answer.binlog.position.file == answer.binlog.files[-1]
        assert answer.binlog.now is not None
        assert answer.binlog.now.utcoffset() == timedelta()

    def test_about_how_many_rows_a_table_has_is_told(self, world: World) -> None:
        world.put(table := self.table(world))
        assert world.database.row_counts()[table.id] == 0
